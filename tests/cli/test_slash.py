from __future__ import annotations

import json
from itertools import count

import pytest

from app.core.errors import CheckpointError
from tests.fakes import FakeGenerator


@pytest.fixture
def talk(chat, capsys):
    """Say lines to a model whose answers are A1, A2 and so on; standard output and error, both in lines."""
    numbers = count(1)

    def go(*lines: str, arguments: tuple[str, ...] = ()) -> tuple[list[str], list[str]]:
        code = chat(
            "".join(f"{line}\n" for line in lines),
            *arguments,
            make=lambda: FakeGenerator(lambda text: f"A{next(numbers)}"),
        )
        assert code == 0
        out, err = capsys.readouterr()
        return out.splitlines(), err.splitlines()

    return go


def test_regenerate_and_turns(talk) -> None:
    """Another answer to the same question; the turn says which of how many it is."""
    out, _ = talk("Q1", "/regenerate", "Q2", "/turns")
    assert out == [
        "A1",
        "A2",
        "A3",
        "  1  you: Q1",
        "  2  model: A2  (branch 2 of 2)",
        "  3  you: Q2",
        "  4  model: A3",
    ]


def test_edit_and_branches_and_switch(talk) -> None:
    """Another question in an earlier one's place; the old branch stays, and is gone back to by its number."""
    out, err = talk("Q1", "Q2", "/edit 3  Q2 again", "/branches", "/switch 1", "/turns", "Q3", "/branches")
    assert out == [
        "A1",
        "A2",
        "A3",
        "  1   4 turns  model: A2",
        "  2 * 4 turns  model: A3",
        "  1  you: Q1",
        "  2  model: A1",
        "  3  you: Q2  (branch 1 of 2)",
        "  4  model: A2",
        "A4",
        "  1   4 turns  model: A3",
        "  2 * 6 turns  model: A4",
    ]
    assert err[0] == "going on with branch 1, 4 turns"


def test_go_to_an_earlier_turn(talk) -> None:
    """The next question follows that turn; a question that is gone to can be answered anew."""
    out, err = talk("Q1", "Q2", "/goto 2", "Q3", "/turns", "/goto 1", "/regenerate", "/turns")
    assert out[2:8] == ["A3", "  1  you: Q1", "  2  model: A1", "  3  you: Q3  (branch 2 of 2)", "  4  model: A3", "A4"]
    assert out[8:] == ["  1  you: Q1", "  2  model: A4  (branch 2 of 2)"]
    assert err[:2] == [
        "going on after turn 2",
        "going on after turn 1; /regenerate answers it, a new question takes its place",
    ]


def test_fork_and_title(talk, desk, capsys) -> None:
    """A fork is a conversation of its own, whose id is printed; the title holds for the next command."""
    out, err = talk("Q1", "Q2", "/title  Rivers \x1b and   seas", "/fork 2", "/fork")
    short, whole = out[2:]
    assert err[0] == "the title is Rivers and seas now"
    assert err[1] == f"go on with it with `griffin-desk chat --session {short}`"
    assert desk("sessions", "list", "--json") == 0
    listed = json.loads(capsys.readouterr().out)["conversations"]
    assert {row["id"]: (row["title"], row["turns"]) for row in listed if row["id"] in (short, whole)} == {
        short: ("Rivers \x1b and seas (fork)", 2),
        whole: ("Rivers \x1b and seas (fork)", 4),
    }


def test_slips_of_the_hand_are_one_line_each(talk) -> None:
    """Nothing of them is said to the model, and the conversation goes on."""
    out, err = talk(
        "/turns",
        "/regenerate",
        "Q1",
        "/nope at all",
        "/turn s",
        "/goto",
        "/goto x",
        "/goto ²",
        "/goto 3",
        "/switch 2",
        "/edit 1",
        "/edit 2 text",
        "/title",
        "/turns now",
        "/fork 9",
        "Q2",
    )
    assert out == ["A1", "A2"]
    assert err[:-1] == [
        "nothing has been said yet",
        "there is no question to answer yet",
        "there is no command /nope; /help shows those there are, // says a slash",
        "there is no command /turn; /help shows those there are, // says a slash",
        "use it so: /goto N",
        "x is no number; /turns and /branches show them",
        "² is no number; /turns and /branches show them",
        "there is no turn 3: the branch in use has turns 1 to 2",
        "there is no branch 2: they are numbered 1 to 1",
        "use it so: /edit N TEXT",
        "turn 2 is the model's; a question of yours can be edited",
        "use it so: /title TEXT",
        "use it so: /turns",
        "there is no turn 9: the branch in use has turns 1 to 2",
    ]


def test_help_names_every_command(talk) -> None:
    """One line each; nothing is stored for having asked."""
    out, err = talk("/help")
    assert [line.split()[0] for line in out] == [
        "/help",
        "/regenerate",
        "/edit",
        "/turns",
        "/branches",
        "/goto",
        "/switch",
        "/fork",
        "/title",
        "/quit",
        "//TEXT",
    ]
    assert err == []


def test_two_slashes_say_one(talk, capsys) -> None:
    """The way to say something that begins with a slash."""
    out, _ = talk("//turns", "/turns")
    assert out == ["A1", "  1  you: /turns", "  2  model: A1"]


def test_json_has_the_branch_in_use_at_the_end(talk) -> None:
    """Commands work, what they show is beside the one object, and its turns are those gone over to."""
    out, err = talk("Q1", "Q2", "/edit 3 Q3", "/regenerate", "/turns", "/switch 1", "/quit", arguments=("--json",))
    printed = json.loads("\n".join(out))
    assert [(t["number"], t["text"], t["branch"], t["branches"]) for t in printed["turns"]] == [
        (1, "Q1", 1, 1),
        (2, "A1", 1, 1),
        (3, "Q2", 1, 2),
        (4, "A2", 1, 1),
    ]
    assert "  4  model: A4  (branch 2 of 2)" in err


def test_a_model_that_cannot_be_loaded_again_ends_the_conversation(chat, capsys) -> None:
    """That is no slip of the hand: one error, exit code 2."""

    class Broken(FakeGenerator):
        def generate(self, *arguments, **options):
            if self.samplings:
                raise CheckpointError("model.safetensors is gone")
            return super().generate(*arguments, **options)

    assert chat("Q1\n/regenerate\nQ2\n", make=Broken) == 2
    out, err = capsys.readouterr()
    assert out == "Nothing to say.\n"
    assert err.splitlines()[-1] == "griffin-desk: error: model.safetensors is gone"
