"""The trial of the whole program: its machinery on small programs, and that it says so where something is lost."""

from __future__ import annotations

import datetime
import json
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from benchmarks.report import ROOT
from tests.torture.command_signals import fault_of, in_pythons_start
from tests.torture.programs import Ended, Started, left_over, temporary_files
from tests.torture.window_kills import DRAFTS_S, faults, last_line

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="groups and signals are POSIX's")


def test_a_program_and_its_end(tmp_path: Path) -> None:
    """A result; one sentence and its code; what hangs is killed."""
    assert Started(["app", "sessions", "list"], tmp_path, "a").end().problem == ""
    refused = Started(["app", "sessions", "show", "nothing"], tmp_path, "b").end()
    assert (refused.code, len(refused.told), refused.problem) == (2, 1, "")
    waiting = Started(["http.server", "0", "--bind", "127.0.0.1"], tmp_path, "c")
    family = waiting.family()
    assert waiting.end(0.5).problem == "hung"
    assert left_over(family, 10) == []


def test_what_is_left_is_found_and_ended(tmp_path: Path) -> None:
    """Processes and unfinished files."""
    program = Started(["http.server", "0", "--bind", "127.0.0.1"], tmp_path, "a")
    assert [process.pid for process in left_over(program.family(), 0.1)] == [program.process.pid]
    assert program.process.wait(10) == -signal.SIGKILL
    assert temporary_files(tmp_path) == []
    (tmp_path / ".settings.toml.x.tmp").touch()
    (tmp_path / "temporary" / "picture.png").touch()
    assert len(temporary_files(tmp_path)) == 2


@pytest.mark.parametrize(
    ("ended", "fault"),
    [
        (Ended(143, "", "griffin-desk: interrupted\n"), ""),
        (Ended(-15, "", ""), ""),
        (Ended(0, "done", ""), ""),
        (Ended(1, "", ""), "status 1"),
        (Ended(130, "", ""), "status 130"),
        (Ended(None, "", ""), "hung"),
        (Ended(143, "", "griffin-desk: a\ngriffin-desk: b\n"), "2 lines"),
        (
            Ended(1, "", f'Traceback\n  File "{ROOT}/app/__main__.py", line 9, in main\nKeyboardInterrupt\n'),
            "traceback",
        ),
    ],
)
def test_ends_by_a_signal(ended: Ended, fault: str) -> None:
    """The status says so, with one line at most and no traceback."""
    assert fault_of(ended, signal.SIGTERM) == fault


def test_python_itself_interrupted() -> None:
    """Before our first line nothing of ours can help; afterwards it is our fault."""
    assert in_pythons_start(Ended(1, "", 'File "<frozen os>"\nKeyboardInterrupt\n'))
    first = f'File "{ROOT}/app/__main__.py", line 6, in <module>\n'
    assert in_pythons_start(Ended(1, "", f"{first}KeyboardInterrupt\n"))
    later = f'File "{ROOT}/app/cli/main.py", line 9, in run\n'
    assert not in_pythons_start(Ended(1, "", f"{first}{later}KeyboardInterrupt\n"))


SHOWN = {
    "documents": ["d:"],
    "turns": [["c", 1, "user", "Why?"]],
    "sections": {"d:": 1},
    "reading": {"d:": 0.0},
    "draft": {"key": "c", "text": "A thought", "since": 0.0},
    "killed_at": 100.0,
}
FOUND = {"documents": ["d:"], "drafts": {"c": "A thought"}, "taken_up": {"d:"}}


def _library(path: Path, *, turns: int = 1, sections: int = 1) -> Path:
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE turns(conversation_id, id, role, text)")
        db.execute("CREATE TABLE summary_parts(notes)")
        db.executemany("INSERT INTO turns VALUES ('c', 1, 'user', ?)", [("Why?",)] * turns)
        db.executemany("INSERT INTO summary_parts VALUES (?)", [("",)] * sections)
        db.commit()
    return path


def test_all_that_was_shown_is_there(tmp_path: Path) -> None:
    """Nothing to be told."""
    assert list(faults(SHOWN, FOUND, _library(tmp_path / "library.sqlite"))) == []


def test_losses_are_seen(tmp_path: Path) -> None:
    """Each of them by its name."""
    nothing = {"documents": [], "drafts": {}, "taken_up": set()}
    assert list(faults(SHOWN, nothing, _library(tmp_path / "a", turns=0, sections=0))) == [
        "a turn is lost or doubled",
        "a section is lost",
        "a document is lost",
        "a draft is lost",
        "a reading is not gone on with",
    ]
    assert list(faults(SHOWN, FOUND, _library(tmp_path / "b", turns=2))) == ["a turn is lost or doubled"]
    assert list(faults(SHOWN, FOUND, tmp_path / "c")) == ["no library"]
    # What has only just been begun or written need not be kept yet.
    just = {**SHOWN, "killed_at": 1.0}
    assert list(faults(just, {**nothing, "documents": ["d:"]}, _library(tmp_path / "d"))) == []


def test_how_long_a_draft_may_be_lost() -> None:
    """As long as the window says."""
    pytest.importorskip("PySide6.QtCore")
    from app.ui.controllers.drafts import LOOK_MS

    assert LOOK_MS / 1000 == DRAFTS_S


def test_a_cut_off_line_does_not_count() -> None:
    """The last whole one does."""
    line = json.dumps({"documents": ["a"]})
    assert last_line(f'{line}\n{{"docu')["documents"] == ["a"]
    assert last_line("")["turns"] == []


def test_another_day() -> None:
    """Time and date are shifted together, and clocks for durations are not."""
    code = (
        "import time; before = time.monotonic()\n"
        "from tests.torture.shifted_program import shift; shift(-50 * 365.25 * 86400)\n"
        "from datetime import UTC, date, datetime\n"
        "print(date.today().year, datetime.now().year, datetime.now(UTC).year, time.gmtime(time.time()).tm_year)\n"
        "print(time.monotonic() - before < 1000)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    years, same = done.stdout.splitlines()
    year = int(years.split()[0])
    assert set(years.split()) == {str(year)} and abs(datetime.datetime.now().year - 50 - year) <= 1
    assert same == "True"
