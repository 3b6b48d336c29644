from __future__ import annotations

import io
import json

import pytest

from app.cli.main import run
from tests.fakes import FakeGenerator


@pytest.fixture
def chat(engine, monkeypatch: pytest.MonkeyPatch, tmp_path):
    """Run `chat` on lines of standard input with a model that answers each turn alike; the exit code."""

    def go(lines: str, *arguments: str, answer: str = "Water.\x1b[2J\x9b5n") -> int:
        engine(lambda: FakeGenerator(lambda text: answer))
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(lines.encode())))
        return run(["chat", "--data-dir", str(tmp_path), *arguments])

    return go


def test_answers_cannot_steer_the_terminal(chat, capsys) -> None:
    """One line for each turn, without control characters; blank lines are no turns and /quit ends."""
    assert chat("What do rivers carry?\n\n/quit\nnever said\n") == 0
    out, err = capsys.readouterr()
    assert out == "Water.[2J5n\n"
    assert err.startswith("saved; go on with `griffin-desk chat --session ")


def test_json_of_a_conversation(chat, capsys) -> None:
    """Turns as they are, and the id to go on with."""
    assert chat("One?\nTwo?\n", "--json", answer="Yes.") == 0
    printed = json.loads(capsys.readouterr().out)
    assert [(turn["role"], turn["text"]) for turn in printed["turns"]] == [
        ("user", "One?"),
        ("assistant", "Yes."),
        ("user", "Two?"),
        ("assistant", "Yes."),
    ]
    assert chat("Three?\n", "--session", printed["session"][:4]) == 0


def test_nothing_said_is_nothing_saved(chat, capsys) -> None:
    """An empty conversation gives no id, for there is none to go on with."""
    assert chat("") == 0
    assert capsys.readouterr() == ("", "")


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


def test_unknown_session_is_told_before_the_model_is_loaded(engine, tmp_path, capsys) -> None:
    """A wrong id costs no loading."""

    def never() -> FakeGenerator:
        raise AssertionError("the model was loaded")

    engine(never)
    assert run(["chat", "--session", "nope", "--data-dir", str(tmp_path)]) == 2
    assert "no session 'nope'" in capsys.readouterr().err
