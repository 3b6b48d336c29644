from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from app.core.errors import CheckpointError
from app.inference.generator import StateRef
from app.services.answers import AnswerService
from app.services.desk import Desk
from app.services.search import SearchService
from app.tasks.answer import INSTRUCTION
from tests.cli.conftest import FakeLoader
from tests.cli.test_read import Dying
from tests.fakes import FakeGenerator

RIVERS = "Rivers carry water to the sea. The Elbe floods the fields in April."
DAMS = "Dams hold water back. The northern dam was built by Otto Weber in 1912."


@pytest.fixture(autouse=True)
def by_words(tmp_path: Path) -> None:
    """Search by words alone, whether or not an encoder is installed."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "settings.toml").write_text('encoder = "off"\n')


@pytest.fixture
def rivers(tmp_path: Path) -> Path:
    path = tmp_path / "rivers.txt"
    path.write_text(RIVERS)
    return path


@pytest.fixture
def dams(tmp_path: Path) -> Path:
    path = tmp_path / "dams.txt"
    path.write_text(DAMS)
    return path


@pytest.fixture
def generator(engine) -> FakeGenerator:
    """The one model of all commands; it says the same to everything."""
    made = FakeGenerator(lambda text: "The Elbe floods fields in April. It is green.", window_tokens=1000)
    engine(lambda: made)
    return made


def test_extract_answer_and_evidence(generator, desk, rivers: Path, capsys) -> None:
    """In this order, each with its page; a small model quotes."""
    assert desk("ask", rivers, "When does the Elbe flood?") == 0
    assert capsys.readouterr() == (
        "From the text, word for word:\n"
        "The Elbe floods the fields in April. [part 1]\n"
        "Rivers carry water to the sea. [part 1]\n"
        "\n"
        "Answer (quoted by starter):\n"
        "The Elbe floods the fields in April. [part 1]\n"
        "\n"
        "Evidence:\n"
        f"[part 1] {RIVERS}\n",
        "",
    )
    assert generator.states == {}


def test_written_answer_is_checked(generator, desk, rivers: Path, capsys) -> None:
    """In the model's words: what the text holds has its page, what it does not is said to be so."""
    assert desk("ask", "--style", "written", rivers, "When does the Elbe flood?") == 0
    out = capsys.readouterr().out
    assert "Answer (written by starter):\nThe Elbe floods fields in April. [part 1]\nIt is green. [not supported" in out


def test_extract_is_shown_before_the_model_is_there(engine, desk, rivers: Path, capsys, monkeypatch) -> None:
    """Reading goes on while the model loads; a model that cannot be loaded takes nothing of it away."""
    shown: list[str] = []

    def broken(loader: FakeLoader) -> FakeGenerator:
        shown.append(capsys.readouterr().out)
        raise CheckpointError("the model is broken")

    engine(FakeGenerator)
    monkeypatch.setattr(FakeLoader, "result", broken)
    assert desk("ask", rivers, "When does the Elbe flood?") == 2
    assert shown[0].startswith("From the text, word for word:\nThe Elbe floods the fields in April.")
    assert capsys.readouterr() == ("", "griffin-desk: error: the model is broken\n")


def test_every_script_and_name(engine, desk, tmp_path: Path, capsys) -> None:
    """A question in a script without spaces finds its passage, in a file whose name is no UTF-8."""
    engine(lambda: FakeGenerator(lambda text: "河流很长。\x9b2J"))
    path = tmp_path / os.fsdecode(b"caf\xe9.txt")
    path.write_text("我们喜欢河流。" * 20, encoding="utf-8")
    words = ["ask", str(path), "河流在哪里?\udcff", "--style", "written"]
    assert desk(*words) == 0
    out = capsys.readouterr().out
    assert "Answer (written by starter):\n河流很长。" in out
    assert "Evidence:\n[part 1] 我们喜欢河流。" in out
    assert "\x9b" not in out
    assert desk(*words, "--json") == 0
    printed = json.loads(capsys.readouterr().out)
    assert (printed["question"], len(printed["evidence"])) == ("河流在哪里??", 1)


@pytest.mark.parametrize(
    "question",
    [
        '"Elbe" AND NEAR(flood* OR',
        "text:Elbe -flood ^April",
        "Elbe floods the fields'); DROP TABLE documents; --",
        "Elbe flood {fields} [April] 100% \\ %s",
        "flood " * 1700,
        "Elbe\n\tfloods?\r\n",
        "Elbe 🌊 \u202e \x1b[2J floods",
    ],
)
@pytest.mark.parametrize("style", ["quoted", "written"])
def test_no_question_is_syntax(generator, desk, rivers: Path, capsys, question: str, style: str) -> None:
    """Its words are words, and nothing else, to the index, to the format of the output and to the terminal."""
    assert desk("ask", rivers, question, "--style", style) == 0
    out, err = capsys.readouterr()
    assert "The Elbe floods the fields in April. [part 1]" in out
    assert (err, "\x1b" in out) == ("", False)


@pytest.mark.parametrize(
    ("question", "reason"),
    [
        ("Dogs?", "Nothing in the document holds enough of what the question says.\n"),
        ("?!", "The question has no words to search for.\n"),
        (
            "Wie schreibt man eine Funktion mit der Hand?",
            "Nothing in the document holds enough of what the question says. It seems to be asked in German, "
            "and the document to be written in English.\n",
        ),
    ],
)
def test_nothing_found_is_no_answer(engine, desk, rivers: Path, capsys, question: str, reason: str) -> None:
    """The reason is all; the model is not even waited for."""

    def never() -> FakeGenerator:
        raise AssertionError("the model was waited for")

    engine(never)
    assert desk("ask", rivers, question) == 0
    assert capsys.readouterr() == (reason, "")
    assert desk("ask", rivers, question, "--json") == 0
    printed = json.loads(capsys.readouterr().out)
    assert f"{printed['reason']}\n" == reason
    assert (printed["answer"], printed["extract"], printed["evidence"], printed["style"]) == ([], [], [], None)
    assert list(printed["stats"]) == ["seconds_searching"]


def test_json_of_one_document(generator, desk, rivers: Path, capsys) -> None:
    """The keys that scripts rely on, exactly."""
    assert desk("ask", rivers, "When does the Elbe flood?", "--json") == 0
    out, err = capsys.readouterr()
    printed = json.loads(out)
    assert set(printed) == {"document", "question", "style", "answer", "extract", "evidence", "reason", "stats"}
    assert (printed["document"]["title"], printed["question"]) == ("rivers", "When does the Elbe flood?")
    assert (printed["style"], printed["reason"], err) == ("quoted", "", "")
    citation = {"page": 1, "quote": "The Elbe floods the fields in April.", "start": 31, "end": 67}
    line = {"text": citation["quote"], "supported": True, "unknown": [], "citations": [citation]}
    assert printed["answer"] == [line]
    assert printed["extract"][0] == line
    (evidence,) = printed["evidence"]
    assert set(evidence) == {"page", "page_to", "section", "text", "score", "start", "end"}
    assert (evidence["text"], evidence["start"], evidence["end"]) == (RIVERS, 0, len(RIVERS))
    assert set(printed["stats"]) == {
        "prefill_tokens",
        "prefill_tokens_per_second",
        "decode_tokens",
        "decode_tokens_per_second",
        "state_bytes",
        "model",
        "model_fingerprint",
        "device",
        "weight_format",
        "seconds_searching",
        "seconds_answering",
    }
    assert printed["stats"]["model"] == "starter"


def test_json_of_several_documents(generator, desk, rivers: Path, dams: Path, capsys) -> None:
    """All that were named, and which of them each quote and each piece of evidence is from."""
    assert desk("ask", rivers, dams, "What carries or holds water?", "--json") == 0
    printed = json.loads(capsys.readouterr().out)
    assert "document" not in printed
    ids = {document["title"]: document["content_hash"] for document in printed["documents"]}
    assert set(ids) == {"rivers", "dams"}
    assert {item["document_id"] for item in printed["evidence"]} == set(ids.values())
    for line in printed["extract"]:
        wanted = ids["rivers" if line["text"] in RIVERS else "dams"]
        assert [citation["document_id"] for citation in line["citations"]] == [wanted]


def test_several_documents_are_named(generator, desk, rivers: Path, dams: Path, capsys) -> None:
    """Where more than one is asked a page says little without its document, also where one of them has it all."""
    assert desk("ask", rivers, dams, "Who built the northern dam?") == 0
    out = capsys.readouterr().out
    assert "The northern dam was built by Otto Weber in 1912. [dams, part 1]" in out
    assert f"Evidence:\n[dams, part 1] {DAMS}\n" in out


def test_one_document_twice_is_one(generator, desk, rivers: Path, tmp_path: Path, capsys) -> None:
    """The same bytes under two names are asked once, as one document."""
    (tmp_path / "copy.txt").write_text(RIVERS)
    assert desk("ask", rivers, tmp_path / "copy.txt", "When does the Elbe flood?", "--json") == 0
    printed = json.loads(capsys.readouterr().out)
    assert "document" in printed
    assert len(printed["evidence"]) == 1


def test_a_folder_is_its_documents(generator, desk, tmp_path: Path, capsys) -> None:
    """Those in folders of it too; what is hidden or named as no document is left alone, what is broken is named."""
    folder = tmp_path / "folder"
    for name, text in (
        ("a.txt", RIVERS),
        ("deep/b.MD", DAMS),
        ("deep/er/c.pdf", "no pdf"),
        (".hidden.txt", "Elbe"),
        (".git/d.txt", "Elbe"),
        ("e.py", "Elbe"),
        ("f.png", "Elbe"),
    ):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    (folder / "g.txt").symlink_to(tmp_path / "nowhere")
    assert desk("ask", folder, "Where does the Elbe flood, and who built a dam?", "--json") == 0
    out, err = capsys.readouterr()
    assert sorted(document["title"] for document in json.loads(out)["documents"]) == ["a", "b"]
    assert err == "note: c.pdf is text, not a PDF: rename it to .txt to read it as text\n"


def test_folders_without_a_document(generator, desk, tmp_path: Path, capsys) -> None:
    """None that looks like one, or none that is one."""
    (tmp_path / "folder").mkdir()
    assert desk("ask", tmp_path / "folder", "Why?") == 2
    assert f"there are no documents in the folder {tmp_path / 'folder'}" in capsys.readouterr().err
    (tmp_path / "folder" / "a.txt").touch()
    assert desk("ask", tmp_path / "folder", "Why?") == 2
    note, error = capsys.readouterr().err.splitlines()
    assert note.startswith("note: ") and "is empty (0 bytes)" in note
    assert error == "griffin-desk: error: none of the documents could be read"


def test_all_of_the_library(generator, desk, rivers: Path, dams: Path, capsys) -> None:
    """What was opened before is asked, and named, though its files are gone; an empty library says so."""
    assert desk("ask", "--library", "Who built the northern dam?") == 2
    assert capsys.readouterr().err == "griffin-desk: error: the library is empty: open a document first\n"
    for file in (rivers, dams):
        assert desk("ask", file, "zyzzyva") == 0
        file.unlink()
    capsys.readouterr()
    assert desk("ask", "--library", "Who built the northern dam?") == 0
    assert "Otto Weber in 1912. [dams, part 1]" in capsys.readouterr().out
    assert desk("ask", "--library", "Who built the northern dam?", "--json") == 0
    assert [d["title"] for d in json.loads(capsys.readouterr().out)["documents"]] == ["dams"]
    assert desk("ask", "--library", "zyzzyva") == 0
    assert capsys.readouterr().out == "Nothing in the 2 documents holds enough of what the question says.\n"


def test_a_library_of_one_document_need_not_name_it(generator, desk, rivers: Path, capsys) -> None:
    """Its pages are enough."""
    assert desk("ask", rivers, "zyzzyva") == 0
    assert desk("ask", "--library", "When does the Elbe flood?") == 0
    assert "The Elbe floods the fields in April. [part 1]\n" in capsys.readouterr().out


@pytest.mark.parametrize("named", ["file", "--library"])
def test_a_document_deleted_meanwhile(generator, desk, rivers: Path, capsys, monkeypatch, named: str) -> None:
    """By another program, before the search or after it: a reason, or the answer from what was found."""
    assert desk("ask", rivers, "zyzzyva") == 0
    capsys.readouterr()
    words = ["ask", rivers if named == "file" else named, "When does the Elbe flood?"]

    def deleting(desk: Desk, opened: Callable[[Desk], SearchService]) -> SearchService:
        for entry in desk.library.entries():
            desk.library.remove(entry.document_id)
        return opened(desk)

    with monkeypatch.context() as patch:
        opened = Desk.search.func
        patch.setattr(Desk, "search", property(lambda desk: deleting(desk, opened)))
        assert desk(*words) == 0
    out, err = capsys.readouterr()
    assert (out, err) == (
        "There is no document to search: the library holds none of those asked about.\n",
        "",
    )
    assert desk("ask", rivers, "zyzzyva") == 0
    capsys.readouterr()
    service = AnswerService.answer

    def late(self, question, findings, *arguments, **options):
        self._search._load.__self__.remove(findings.evidence[0].document.content_hash)
        return service(self, question, findings, *arguments, **options)

    monkeypatch.setattr(AnswerService, "answer", late)
    assert desk(*words) == 0
    assert "Answer (quoted by starter):\nThe Elbe floods the fields in April. [part 1]" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["When?"], "name a document before the question, or ask all of them with --library"),
        (["{rivers}"], "{rivers} is a file: put the question after it, in quotes"),
        (["When?", "{rivers}"], "{rivers} is a file: put the question after it, in quotes"),
        (
            ["{rivers}", "When", "does", "it?"],
            "When does not exist: check the path; the question comes last, in quotes",
        ),
        (["gone.pdf", "When?"], "gone.pdf does not exist: check the path"),
        (["{rivers}", "--library", "When?"], "--library asks all documents: name none"),
        (["--library", "--read", "When?"], "--read goes with one document"),
        (["{rivers}", "{dams}", "When?", "--pages", "1-2"], "--pages goes with one document"),
        (["{rivers}", "{dams}", "When?", "--password", "x"], "--password goes with one document"),
        (["{rivers}", "When?", "--read", "--style", "quoted"], "--read goes with written answers: leave out --style"),
        (["{rivers}", " "], "the question is empty"),
        (["{image}", "When?"], "is a PNG image: only documents with text can be read"),
    ],
)
def test_mistakes_are_one_sentence(
    generator, desk, rivers: Path, dams: Path, tmp_path: Path, capsys, words: list[str], message: str
) -> None:
    """It says what to do; nothing is read or asked."""
    image = tmp_path / "image.png"
    image.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(64))
    places = {"rivers": str(rivers), "dams": str(dams), "image": str(image)}
    assert desk("ask", *(word.format(**places) for word in words)) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert message.format(**places) in err
    assert generator.usage.prefill_tokens == 0


def test_a_word_that_is_a_folder_is_a_question(
    generator, desk, rivers: Path, tmp_path: Path, monkeypatch, capsys
) -> None:
    """Only what is named as documents are is taken for a document in the wrong place."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "Elbe").mkdir()
    assert desk("ask", rivers, "Elbe") == 0
    assert "The Elbe floods" in capsys.readouterr().out


def test_words_too_long_for_a_path(generator, desk, rivers: Path, capsys) -> None:
    """A page of text that ends like a file's name is a question; in the place of a file it is no file."""
    long = "Elbe floods fields " * 500 + "in april.pdf"
    assert desk("ask", rivers, long) == 0
    assert "The Elbe floods the fields in April." in capsys.readouterr().out
    assert desk("ask", long, rivers) == 2
    assert capsys.readouterr().err.endswith("is a file: put the question after it, in quotes\n")
    assert desk("ask", long, "Why?") == 2
    assert "File name too long" in capsys.readouterr().err


def test_options_may_stand_anywhere(generator, desk, rivers: Path, capsys) -> None:
    """Between the documents and the question too."""
    assert desk("ask", rivers, "--style", "quoted", "--json", "When does the Elbe flood?") == 0
    assert json.loads(capsys.readouterr().out)["question"] == "When does the Elbe flood?"


def test_reading_first(engine, desk, tmp_path: Path, capsys) -> None:
    """Once: the answer is written from the document's end, and so is the next one, which reads it no more."""
    path = tmp_path / "long.txt"
    path.write_text("Mills grind corn. " * 100 + RIVERS)
    heard: list[str] = []

    def reply(text: str) -> str:
        heard.append(text)
        return "The Elbe floods the fields in April."

    made = [FakeGenerator(reply, window_tokens=1000) for _ in range(3)]
    generators = iter(made)
    engine(lambda: next(generators))
    words = ["ask", path, "When does the Elbe flood?"]
    assert desk(*words, "--read") == 0
    first, err = capsys.readouterr()
    assert "Answer (written by starter after reading the document):\nThe Elbe floods the fields" in first
    assert desk(*words, "--read") == 0
    assert desk(*words, "--style", "written") == 0
    assert capsys.readouterr().out == first + first
    assert heard[0].count("Mills grind corn.") > 100
    assert f"{RIVERS}\n<2><1>{INSTRUCTION}" in heard[0]
    assert heard == [heard[0]] * 3
    assert err == ""
    tokens = [generator.usage.prefill_tokens for generator in made]
    assert tokens[1] == tokens[2] == tokens[0] - 315
    assert [generator.states for generator in made] == [{}, {}, {}]


def test_notes_on_the_model_are_told(engine, desk, rivers: Path, capsys) -> None:
    """One line each on standard error; standard output is the answer's alone."""

    def noted() -> FakeGenerator:
        generator = FakeGenerator(lambda text: "Long.")
        generator.info = replace(generator.info, notes=("bfloat16 is slow\nhere", "two"))
        return generator

    engine(noted)
    for command in (["ask", rivers, "Rivers?"], ["summarize", rivers]):
        assert desk(*command) == 0
        out, err = capsys.readouterr()
        assert "note: bfloat16 is slow here\nnote: two\n" in err
        assert "note:" not in out
        assert "note: note:" not in err


@pytest.mark.parametrize("style", ["quoted", "written"])
def test_a_lost_worker_is_not_the_end(engine, desk, rivers: Path, capsys, style: str) -> None:
    """The question is asked again of the next one, with a note; workers that keep dying are one sentence."""
    words = ["ask", rivers, "What do rivers carry?", "--style", style]
    engine(lambda: Dying(1))
    assert desk(*words) == 0
    out, err = capsys.readouterr()
    assert f"Answer ({style} by starter):\n" in out
    assert out.count("From the text, word for word:") == 1
    assert err.count("note: the model's process stopped: it was killed; it was started again") == 1
    engine(lambda: Dying(99))
    assert desk(*words) == 2
    assert capsys.readouterr().err.endswith("it was killed; nothing is lost: ask again\n")


@pytest.mark.parametrize("words", [["--style", "quoted"], ["--style", "written"], ["--read"]])
def test_ctrl_c_while_the_model_works(engine, desk, rivers: Path, capsys, words: list[str]) -> None:
    """What was found stays on the screen; one line says how to go on, no state is left, the worker is closed."""

    class Interrupted(FakeGenerator):
        def read(self, state: StateRef, *arguments, **options):
            raise KeyboardInterrupt

    generator = Interrupted(window_tokens=1000)
    engine(lambda: generator)
    assert desk("ask", rivers, "When does the Elbe flood?", *words) == 130
    out, err = capsys.readouterr()
    assert out.startswith("From the text, word for word:\nThe Elbe floods the fields in April.")
    assert err == "\ngriffin-desk: interrupted; ask again\n"
    assert generator.states == {}


@pytest.mark.parametrize("moment", ["search", "load"])
def test_ctrl_c_before_the_model_works(engine, desk, rivers: Path, loaders, capsys, monkeypatch, moment: str) -> None:
    """While the document is searched, or the model awaited."""

    def interrupt(*_: object, **__: object) -> FakeGenerator:
        raise KeyboardInterrupt

    engine(interrupt if moment == "load" else FakeGenerator)
    if moment == "search":
        monkeypatch.setattr(SearchService, "find", interrupt)
    assert desk("ask", rivers, "When does the Elbe flood?") == 130
    assert capsys.readouterr().err == "\ngriffin-desk: interrupted; ask again\n"
    assert [loader.closed for loader in loaders] == [True]


def test_a_closed_pipe_ends_it(generator, desk, rivers: Path, monkeypatch) -> None:
    """`griffin-desk ask ... | head -1`: no traceback, the exit code that a shell expects."""

    class Closed:
        def write(self, text: str) -> int:
            raise BrokenPipeError

        def flush(self) -> None:
            pass

    monkeypatch.setattr(sys, "stdout", Closed())
    assert desk("ask", rivers, "When does the Elbe flood?") == 141
