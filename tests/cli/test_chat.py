from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from app.core.errors import WorkerLostError
from app.services.conversation_state import ConversationState
from app.services.reading import ReadingService
from app.services.restarts import MOST_RESTARTS
from app.tasks.chat import COMPLETES
from tests.fakes import FakeGenerator


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A document of 120 words."""
    path = tmp_path / "rivers.txt"
    path.write_text("Rivers carry water. " * 40)
    return path


class Other(FakeGenerator):
    """Another model than FakeGenerator."""

    def __init__(self) -> None:
        super().__init__(fingerprint="2" * 64)
        self.info = replace(self.info, name="other")


def test_answers_cannot_steer_the_terminal(chat, capsys) -> None:
    """One line for each turn, without control characters; blank lines are no turns and /quit ends."""
    assert chat("What do rivers carry?\n\n/quit\nnever said\n") == 0
    out, err = capsys.readouterr()
    assert out == "Water.[2J5n\n"
    assert err.startswith("saved; go on with `griffin-desk chat --session ")


def test_json_of_a_conversation(chat, loaders, capsys) -> None:
    """Turns as they are, and the id to go on with; what was said before is among them. The worker is ended."""
    assert chat("One?\nTwo?\n", "--json", answer="Yes.") == 0
    printed = json.loads(capsys.readouterr().out)
    said = [
        ("user", "One?", None),
        ("assistant", "Yes.", "stop"),
        ("user", "Two?", None),
        ("assistant", "Yes.", "stop"),
    ]
    assert [(turn["role"], turn["text"], turn.get("finish_reason")) for turn in printed["turns"]] == said
    assert (printed["title"], printed["model"], printed["document"]) == ("One?", "starter", None)
    assert chat("Three?\n", "--json", "--session", printed["session"][:4]) == 0
    assert len(json.loads(capsys.readouterr().out)["turns"]) == 6
    assert [loader.closed for loader in loaders] == [True, True]


def test_nothing_said_is_nothing_saved(chat, capsys) -> None:
    """An empty conversation gives no id, for there is none to go on with."""
    assert chat("") == 0
    assert capsys.readouterr() == ("", "")
    assert chat("/quit\n", "--json") == 0
    printed = json.loads(capsys.readouterr().out)
    assert (printed["session"], printed["turns"]) == (None, [])


@pytest.mark.parametrize(("said", "told"), [(False, "interrupted"), (True, "go on with `griffin-desk chat --session")])
def test_ctrl_c_names_a_session_only_where_there_is_one(chat, capsys, monkeypatch, said: bool, told: str) -> None:
    """Before the first turn nothing is stored."""

    def lines(interactive: bool):
        if said:
            yield "Hello?"
        raise KeyboardInterrupt

    monkeypatch.setattr("app.cli.chat._lines", lines)
    assert chat("") == 130
    assert f"griffin-desk: {told}" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--session", "nope"], "no conversation 'nope'"),
        (["--session", ""], "no conversation ''"),
        (["--document", "nowhere.txt"], "nowhere.txt does not exist"),
        (["--document", "a", "--session", "b"], "not allowed with argument"),
        (["--pages", "1-2"], "--pages and --password belong to --document"),
        (["--session", "x", "--password", "y"], "--pages and --password belong to --document"),
    ],
)
def test_mistakes_are_told_before_the_model_is_loaded(chat, capsys, arguments: list[str], message: str) -> None:
    """A wrong id or file costs no loading."""
    assert chat("", *arguments, make=lambda: pytest.fail("the model was loaded")) == 2
    assert message in capsys.readouterr().err


def test_a_document_is_read_once_for_all_conversations(chat, desk, file: Path, capsys) -> None:
    """The first conversation says what it costs and reads it, the next one reads only its turns."""
    generators = [FakeGenerator(), FakeGenerator(), FakeGenerator()]
    assert chat("One?\n", "--document", str(file), make=lambda: generators[0]) == 0
    first, unchecked, second = capsys.readouterr().err.splitlines()
    assert first.startswith("the document is read first: 12") and first.endswith(" tokens, time not known yet")
    assert "is not checked" in unchecked and "`griffin-desk ask`" in unchecked
    assert second.startswith("saved; ")
    assert chat("One?\n", "--document", str(file), "--json", make=lambda: generators[1]) == 0
    out, err = capsys.readouterr()
    printed = json.loads(out)
    assert err == ""
    assert len(printed["document"]) == 64
    assert generators[0].usage.prefill_tokens > 120
    assert generators[1].usage.prefill_tokens < 10
    assert chat("Two?\n", "--session", printed["session"], make=lambda: generators[2]) == 0
    assert capsys.readouterr().err.startswith('"One?", 2 turns: goes on at once\n')
    assert generators[2].usage.prefill_tokens < 10
    assert generators[2].states == {}


def test_a_document_that_read_has_read(chat, desk, file: Path, capsys) -> None:
    """`read` does the work that `chat --document` would."""
    generator = FakeGenerator()
    assert chat("", make=FakeGenerator) == 0
    assert desk("read", file) == 0
    capsys.readouterr()
    assert chat("One?\n", "--document", str(file), make=lambda: generator) == 0
    assert capsys.readouterr().err.count("\n") == 2
    assert generator.usage.prefill_tokens < 10


def test_resumed_with_another_model(chat, capsys) -> None:
    """One line: the title, what has to be told again and why, and both models."""
    assert chat("One?\n", "--json", answer="Yes.") == 0
    session = json.loads(capsys.readouterr().out)["session"]
    assert chat("", "--session", session, make=Other) == 0
    assert capsys.readouterr().err.splitlines()[0] == (
        '"One?", 2 turns: this conversation was led with fake; with starter 2 turns are read again: 2 tokens, '
        "time not known yet (the saved state cannot be used: it was made by another model or weight format)"
    )
    assert chat("Two?\n", "--session", session, make=Other) == 0
    assert "note: 2 turns are read again: the saved state cannot be used" in capsys.readouterr().err


def test_a_question_without_an_answer(chat, capsys, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was killed while it was answered is told on the next start, and answered by /regenerate."""

    def killed(*arguments: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(ConversationState, "stand", killed)
        assert chat("One?\n") == 130
    session = capsys.readouterr().err.strip().rpartition(" ")[2].rstrip("`")
    assert chat("/regenerate\n/turns\n", "--session", session, answer="Yes.") == 0
    out, err = capsys.readouterr()
    assert err.startswith('"One?", 1 turn: goes on at once\nthe last question has no answer; /regenerate answers it\n')
    assert out == "Yes.\n  1  you: One?\n  2  model: Yes.\n"


@pytest.mark.parametrize(("reply", "read"), [("n\n", False), ("", False), ("\nOne?\n", True)])
def test_a_long_reading_is_asked_about_on_a_terminal(chat, file: Path, capsys, reply: str, read: bool) -> None:
    """Nobody knows how long it takes: Enter goes on, n or the end of the input does not."""
    generator = FakeGenerator()
    assert chat(reply, "--document", str(file), make=lambda: generator, terminal=True) == 0
    out, err = capsys.readouterr()
    assert out.startswith("Go on? [Y/n] ")
    assert 'starter, offline, about "rivers"; /help shows the commands, /quit ends.\n' in err
    assert ("nothing was read" in err) is not read
    assert (generator.usage.prefill_tokens > 120) is read


def test_a_short_reading_is_not_asked_about(chat, file: Path, capsys, monkeypatch: pytest.MonkeyPatch) -> None:
    """Less than half a minute is only told."""
    monkeypatch.setattr(ReadingService, "seconds_for", lambda self, tokens, generator, sample: 29.0)
    assert chat("/quit\n", "--document", str(file), terminal=True) == 0
    out, err = capsys.readouterr()
    assert out == "> "
    assert "tokens, about 29 s\n" in err


def test_going_to_where_states_are_gone_says_what_it_costs(
    chat, tmp_path: Path, capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the next question, not with it."""
    assert chat("One?\nTwo?\n", "--json", answer="Yes.") == 0
    session = json.loads(capsys.readouterr().out)["session"]
    (tmp_path / "data" / "snapshots.sqlite").unlink()
    assert chat("/goto 2\n", "--session", session, make=FakeGenerator) == 0
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith('"One?", 4 turns: 4 turns are read again: 4 tokens, ')
    assert lines[1] == "going on after turn 2"
    assert lines[2].startswith("2 turns are read again: 2 tokens, ")


def test_workers_that_keep_dying(chat, capsys) -> None:
    """One sentence with the way to go on; the question is kept."""

    class Dying(FakeGenerator):
        def generate(self, *arguments, **options):
            raise WorkerLostError("the model's process stopped: it was killed")

    assert chat("One?\n", make=Dying) == 2
    *notes, last = capsys.readouterr().err.splitlines()
    assert len(notes) == MOST_RESTARTS and all(note.startswith("note: the model's process stopped") for note in notes)
    assert last.startswith(
        "griffin-desk: error: the model's process stopped: it was killed; nothing is lost: "
        "go on with `griffin-desk chat --session "
    )


def test_a_base_model_is_said_to_complete(chat, capsys) -> None:
    """One line before the first answer; a model that converses is not spoken of."""
    assert chat("The Rhine rises\n", make=lambda: FakeGenerator(lambda text: "in the Alps.", is_chat=False)) == 0
    out, err = capsys.readouterr()
    assert out == "in the Alps.\n"
    assert err.splitlines()[0] == COMPLETES
    assert chat("What do rivers carry?\n") == 0
    assert "completes" not in capsys.readouterr().err
