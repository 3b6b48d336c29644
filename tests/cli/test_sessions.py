from __future__ import annotations

import json
from pathlib import Path

import pytest

from app.cli.main import run
from app.services.codec import dumps, notes_to_json
from app.storage.database import Database
from app.storage.documents import DocumentStore, PageRecord, Reading, SectionRecord
from app.storage.summaries import SummaryKey, SummaryStore
from app.tasks.model import Line, SectionNotes


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """A library with a summary of which one section of three is written, of a document read by an old version."""
    section = SectionRecord("One", 1, 0, 6, 1, 1)
    reading = Reading("d1", "", "0", "Rivers\x1b[2J", "pdf", "page", (), (PageRecord(1, "Water.", ""),), (section,), ())
    notes = SectionNotes(0, "One", 1, 1, (Line("Water.", True),))
    with Database.open(tmp_path / "library.sqlite") as database:
        DocumentStore(database).save(reading, path="/a.pdf", nbytes=1, now=1.0)
        store = SummaryStore(database)
        store.begin("abc1", SummaryKey("d1", "f", "brief", "", ""), model_name="starter", now=2.0)
        store.add_part("abc1", 0, dumps(notes_to_json(notes)), parts_total=3, usage="", now=3.0)
        store.begin("abd2", SummaryKey("d1", "f", "detailed", "", ""), model_name="starter", now=4.0)
    return tmp_path


def test_list_keeps_to_its_lines(data_dir, capsys) -> None:
    """One line each, last changed first, titles without control characters."""
    assert run(["sessions", "list", "--data-dir", str(data_dir)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["abd2", "abc1"]
    assert lines[1].endswith("summary (brief, running)  1/3 sections  Rivers[2J")


def test_show_what_is_written_so_far(data_dir, capsys) -> None:
    """By the beginning of its id, and how to go on; the version that read the document does not matter."""
    assert run(["sessions", "show", "abc", "--data-dir", str(data_dir)]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("# Rivers[2J\n")
    assert "### One (p. 1)\n\n- Water." in out
    assert err == "not finished: 1 of 3 sections are written; summarize the document again to go on\n"
    assert run(["sessions", "show", "abc1", "--json", "--data-dir", str(data_dir)]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert (printed["finished"], printed["sections_total"], len(printed["sections"])) == (False, 3, 1)


@pytest.mark.parametrize(("wanted", "words"), [("ab", "begins 2 summaries (abc1, abd2)"), ("x", "no conversation 'x'")])
def test_ids_that_name_none_or_several(data_dir, capsys, wanted: str, words: str) -> None:
    """Each has its own sentence."""
    assert run(["sessions", "show", wanted, "--data-dir", str(data_dir)]) == 2
    assert words in capsys.readouterr().err


@pytest.fixture
def session(chat, capsys) -> str:
    """The id of a conversation with two answers to its second question."""
    assert chat("One river?\nTwo\x1b[2J seas?\n/regenerate\n", "--json", answer="Yes.") == 0
    return json.loads(capsys.readouterr().out)["session"]


def test_conversations_are_listed_with_their_branches(desk, session: str, capsys) -> None:
    """Turns of all branches, and how many those are where they are several."""
    assert desk("sessions", "list") == 0
    line = capsys.readouterr().out
    assert line.startswith(session) and line.endswith("  conversation  5 turns, 2 branches  One river?\n")
    assert desk("sessions", "list", "--json") == 0
    (row,) = json.loads(capsys.readouterr().out)["conversations"]
    assert (row["turns"], row["branches"]) == (5, 2)


def test_show_a_conversation(desk, session: str, capsys) -> None:
    """The branch in use; a turn with siblings says which it is."""
    assert desk("sessions", "show", session) == 0
    assert capsys.readouterr().out == "> One river?\n\nYes.\n\n> Two[2J seas?\n\n(branch 2 of 2)\nYes.\n\n"
    assert desk("sessions", "show", session, "--json") == 0
    printed = json.loads(capsys.readouterr().out)
    assert [(t["number"], t["branch"], t["branches"]) for t in printed["turns"]] == [
        (1, 1, 1),
        (2, 1, 1),
        (3, 1, 1),
        (4, 2, 2),
    ]
    assert (printed["branches"], printed["document"], printed["forked_from"]) == (2, None, None)


def test_branches_of_a_conversation(desk, session: str, capsys) -> None:
    """As /branches shows them."""
    assert desk("sessions", "branches", session[:6]) == 0
    assert capsys.readouterr().out == "  1   4 turns  model: Yes.\n  2 * 4 turns  model: Yes.\n"
    assert desk("sessions", "branches", session, "--json") == 0
    printed = json.loads(capsys.readouterr().out)
    assert [(b["number"], b["in_use"], b["turns"], b["last_text"]) for b in printed["branches"]] == [
        (1, False, 4, "Yes."),
        (2, True, 4, "Yes."),
    ]


def test_search(desk, session: str, capsys) -> None:
    """Titles and turns, one line each, no more than asked for; nothing found is said."""
    assert desk("sessions", "search", "river", "one") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines == [f"{session}  One river?  title  One river?", f"{session}  One river?  user  One river?"]
    assert desk("sessions", "search", "seas", "--json", "--limit", "1") == 0
    printed = json.loads(capsys.readouterr().out)
    assert (printed["query"], len(printed["hits"]), printed["hits"][0]["role"]) == ("seas", 1, "user")
    assert desk("sessions", "search", "desert\udcff") == 0
    assert capsys.readouterr().out == "nothing was found\n"
