from __future__ import annotations

import json

import pytest


@pytest.fixture
def session(chat, capsys) -> str:
    """The id of a conversation of four turns."""
    assert chat("One?\nTwo?\n", "--json", answer="Yes.") == 0
    return json.loads(capsys.readouterr().out)["session"]


@pytest.fixture
def sessions(desk, capsys):
    """Run `sessions ... --json`; the object."""

    def go(*arguments: object) -> dict:
        assert desk("sessions", *arguments, "--json") == 0
        return json.loads(capsys.readouterr().out)

    return go


def test_rename(sessions, desk, session: str, capsys) -> None:
    """By the beginning of the id; words are joined, white space is one space."""
    assert sessions("rename", session[:5], "Water", " and\nstone") == {"session": session, "title": "Water and stone"}
    assert desk("sessions", "rename", session, "Seas\x1b[2J") == 0
    assert capsys.readouterr().out == f'{session} is "Seas[2J" now\n'
    assert desk("sessions", "rename", session, "  ") == 2
    assert capsys.readouterr().err == "griffin-desk: error: the new title is empty\n"


def test_delete_and_back(sessions, desk, session: str, capsys) -> None:
    """Gone from the list, told how to undo it, listed as deleted until it is back."""
    assert desk("sessions", "delete", session) == 0
    assert capsys.readouterr().out == (
        f'deleted "One?"; `griffin-desk sessions undelete {session}` brings it back, for 30 days\n'
    )
    assert sessions("list")["conversations"] == []
    (gone,) = sessions("list", "--deleted")["deleted"]
    assert (gone["id"], gone["title"]) == (session, "One?")
    assert gone["deleted_at"][:4] <= gone["kept_until"][:4]
    assert desk("sessions", "list", "--deleted") == 0
    assert capsys.readouterr().out.startswith(f"{session}  {gone['deleted_at']}  deleted  kept until ")
    assert desk("sessions", "show", session) == 2
    assert sessions("undelete", session[:4]) == {"session": session, "title": "One?"}
    assert len(sessions("show", session)["turns"]) == 4
    capsys.readouterr()
    assert desk("sessions", "list", "--deleted") == 0
    assert capsys.readouterr().out == "nothing that was deleted can be brought back\n"


def test_fork(sessions, desk, session: str, capsys) -> None:
    """All turns or those up to one; the id alone on standard output."""
    whole = sessions("fork", session)
    assert whole["forked_from"] == session
    assert desk("sessions", "fork", session, "--turn", "2") == 0
    out, err = capsys.readouterr()
    short = out.strip()
    assert err == f"go on with `griffin-desk chat --session {short}`\n"
    assert [len(sessions("show", id)["turns"]) for id in (whole["session"], short)] == [4, 2]
    assert sessions("show", short)["forked_from"] == session


def test_collection(sessions, desk, session: str, capsys) -> None:
    """What was removed and what is kept, in bytes and in words."""
    found = sessions("gc")
    assert found["kept_bytes"] > 0
    assert (found["snapshots_removed"], found["file_bytes"] >= found["kept_bytes"]) == (0, True)
    assert desk("sessions", "gc") == 0
    assert capsys.readouterr().out.startswith("removed 0 saved states and 0.0 MiB; kept 0.")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["rename", "nope", "x"], "no conversation 'nope'"),
        (["delete", "nope"], "no conversation 'nope'"),
        (["undelete", "nope"], "no deleted conversations begin with 'nope'"),
        (["fork", "nope"], "no conversation 'nope'"),
        (["fork", "ID", "--turn", "5"], "there is no turn 5: the branch in use has turns 1 to 4"),
        (["fork", "ID", "--turn", "0"], '"0" is no number from 1 on'),
        (["branches", ""], "no conversation ''"),
    ],
)
def test_ids_and_turns_that_are_none(desk, session: str, capsys, words: list[str], message: str) -> None:
    """One sentence, exit code 2."""
    assert desk("sessions", *[session if word == "ID" else word for word in words]) == 2
    err = capsys.readouterr().err
    assert message in err and err.count("\n") == 1


def test_an_id_that_begins_several(sessions, desk, session: str, capsys) -> None:
    """Their ids are named."""
    ids = {session, *(sessions("fork", session)["session"] for _ in range(16))}
    first = next(letter for letter in "0123456789abcdef" if sum(id.startswith(letter) for id in ids) > 1)
    assert desk("sessions", "delete", first) == 2
    err = capsys.readouterr().err
    assert err.startswith(f"griffin-desk: error: '{first}' begins ") and "conversations" in err
