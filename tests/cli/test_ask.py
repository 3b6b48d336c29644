from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

from app.cli.main import run
from tests.cli.test_read import Dying
from tests.fakes import FakeGenerator


def test_answer_with_the_passages_it_was_given(engine, tmp_path: Path, capsys) -> None:
    """A question in a script without spaces finds its passage, in a file whose name is no UTF-8."""
    engine(lambda: FakeGenerator(lambda text: "河流很长。\x9b2J"))
    path = tmp_path / os.fsdecode(b"caf\xe9.txt")
    path.write_text("我们喜欢河流。" * 20, encoding="utf-8")
    words = ["ask", str(path), "河流在哪里?\udcff", "--data-dir", str(tmp_path / "data")]
    assert run(words) == 0
    out = capsys.readouterr().out
    assert out.startswith("Answer:\n河流很长。")
    assert "Passages it was given:\n[part 1] 我们喜欢河流。" in out
    assert "\x9b" not in out
    assert run([*words, "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert (printed["question"], len(printed["passages"])) == ("河流在哪里??", 1)


def test_no_passage_is_no_answer(engine, tmp_path: Path, capsys) -> None:
    """Without evidence the model is not asked."""

    def answer(text: str) -> str:
        raise AssertionError("the model was asked")

    engine(lambda: FakeGenerator(answer))
    (tmp_path / "a.txt").write_text("Rivers carry water.")
    assert run(["ask", str(tmp_path / "a.txt"), "Dogs?", "--data-dir", str(tmp_path / "data")]) == 0
    assert capsys.readouterr().out == "No passage of the document holds a word of the question.\n"


def test_notes_on_the_model_are_told(engine, tmp_path: Path, capsys) -> None:
    """One line each on standard error; standard output is the answer's alone."""

    def noted() -> FakeGenerator:
        generator = FakeGenerator(lambda text: "Long.")
        generator.info = replace(generator.info, notes=("bfloat16 is slow\nhere", "two"))
        return generator

    engine(noted)
    (tmp_path / "a.txt").write_text("Rivers carry water.")
    for command in (["ask", str(tmp_path / "a.txt"), "Rivers?"], ["summarize", str(tmp_path / "a.txt")]):
        assert run([*command, "--data-dir", str(tmp_path / "data")]) == 0
        out, err = capsys.readouterr()
        assert "note: bfloat16 is slow here\nnote: two\n" in err
        assert "note:" not in out


def test_a_lost_worker_is_not_the_end(engine, tmp_path: Path, capsys) -> None:
    """The question is asked again of the next one, with a note; workers that keep dying are one sentence."""
    (tmp_path / "a.txt").write_text("Rivers carry water.")
    words = ["ask", str(tmp_path / "a.txt"), "Rivers?", "--data-dir", str(tmp_path / "data")]
    engine(lambda: Dying(1))
    assert run(words) == 0
    out, err = capsys.readouterr()
    assert out.startswith("Answer:\nNothing to say.")
    assert err.count("note: the model's process stopped: it was killed; it was started again") == 1
    engine(lambda: Dying(99))
    assert run(words) == 2
    assert capsys.readouterr().err.endswith("it was killed; nothing is lost: ask again\n")
