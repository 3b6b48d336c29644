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


@pytest.mark.parametrize(("wanted", "words"), [("ab", "begins 2 summaries (abc1, abd2)"), ("x", "no session 'x'")])
def test_ids_that_name_none_or_several(data_dir, capsys, wanted: str, words: str) -> None:
    """Each has its own sentence."""
    assert run(["sessions", "show", wanted, "--data-dir", str(data_dir)]) == 2
    assert words in capsys.readouterr().err
