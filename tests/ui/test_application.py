"""The program as it is started: files of the command line, a second start, signals, libraries that cannot be opened."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from app.core.paths import DataPaths
from app.storage.database import Database
from tests.ui.desk_window import write_book

ROOT = Path(__file__).resolve().parent.parent.parent
WAIT_S = 120.0
ENDS_S = 20.0
NEWER = 1000
"""A version of the library that this program does not know."""


class Program:
    """Starts of the window on one data folder; those that run at the end of the test are killed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.paths = DataPaths(folder / "data")
        self.config = folder / "config"
        self.running: list[subprocess.Popen[str]] = []
        self.environment = os.environ | {
            "QT_QPA_PLATFORM": "offscreen",
            "XDG_CONFIG_HOME": str(self.config),
            "XDG_RUNTIME_DIR": str(folder),
            "PYTHONPATH": str(ROOT),
        }

    def start(self, *arguments: str, code: str = "") -> subprocess.Popen[str]:
        """`python -m app window` in the test's folder, or other code with the same arguments."""
        program = ["-c", code] if code else ["-m", "app", "window"]
        process = subprocess.Popen(
            [sys.executable, *program, "--data-dir", str(self.paths.root), *arguments],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.running.append(process)
        return process

    def end(self, process: subprocess.Popen[str]) -> tuple[int, str]:
        """Its exit code and what it said, once it has ended."""
        _, said = process.communicate(timeout=WAIT_S)
        self.running.remove(process)
        # What Qt says of windows that are on no screen.
        lines = [line for line in said.splitlines(keepends=True) if not line.startswith("This plugin does not")]
        return process.returncode, "".join(lines)

    def rows(self, query: str) -> list[tuple[object, ...]]:
        """Of the library, as it is now."""
        try:
            with closing(sqlite3.connect(f"file:{self.paths.library}?mode=ro", uri=True)) as database:
                return database.execute(query).fetchall()
        except sqlite3.OperationalError:  # not there yet
            return []

    @property
    def window_settings(self) -> Path:
        return self.config / "griffin-desk" / "window.ini"


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    made = Program(tmp_path)
    yield made
    for process in made.running:
        process.kill()
        process.communicate()


def wait(condition: Callable[[], object]) -> None:
    """Until something has come true in another process."""
    deadline = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < deadline, "it does not come true"
        time.sleep(0.05)


def titles(program: Program) -> set[object]:
    return {row[0] for row in program.rows("SELECT title FROM readings")}


def test_files_of_this_start_and_of_a_later_one(program: Program, tmp_path: Path) -> None:
    """Both are opened by the one window; the second start ends at once, and a signal closes the window cleanly."""
    write_book(tmp_path, "rivers", 2)
    (tmp_path / "inner").mkdir()
    write_book(tmp_path / "inner", "seas", 2)
    first = program.start("rivers.txt")
    wait(lambda: len(titles(program)) == 1)
    program.folder = tmp_path / "inner"
    second = program.start("seas.txt")
    code, said = program.end(second)
    assert (code, said) == (0, "")
    wait(lambda: len(titles(program)) == 2)
    assert first.poll() is None
    first.send_signal(signal.SIGTERM)
    first.wait(ENDS_S)
    code, said = program.end(first)
    assert (code, said) == (0, "")
    assert program.window_settings.is_file()
    assert "Traceback" not in program.paths.log.read_text()


def test_a_signal_in_the_middle_of_a_reading_keeps_its_place(program: Program, tmp_path: Path) -> None:
    """The next start goes on with it by itself, from what was written."""
    write_book(tmp_path, "rivers", 60)
    first = program.start("rivers.txt")
    wait(lambda: titles(program))
    first.send_signal(getattr(signal, "SIGHUP", signal.SIGTERM))  # its terminal is closed
    assert program.end(first)[0] == 0
    ((document_id,),) = program.rows("SELECT id FROM documents")
    with program.window_settings.open("a") as settings:
        settings.write(f"\n[words]\nreading={document_id}:|key-passages\n")

    def parts() -> object:
        ((count,),) = program.rows("SELECT count(*) FROM summary_parts") or [(0,)]
        return count

    second = program.start()
    wait(parts)
    second.send_signal(signal.SIGTERM)
    second.wait(ENDS_S)
    assert program.end(second) == (0, "")
    written = parts()
    assert isinstance(written, int) and written > 0
    assert f"{document_id}:|key-passages" in program.window_settings.read_text()
    third = program.start()
    wait(lambda: parts() != written)
    third.send_signal(signal.SIGINT)
    assert program.end(third) == (0, "")
    log = program.paths.log.read_text()
    assert "resumed" in log and "Traceback" not in log


def test_a_library_of_a_newer_program(program: Program) -> None:
    """One sentence, and nothing is touched."""
    program.paths.create()
    with Database.open(program.paths.library) as database, database.transaction() as db:
        db.execute(f"PRAGMA user_version = {NEWER}")
    code, said = program.end(program.start())
    assert code == 2 and len(said.splitlines()) == 1
    assert said.startswith("griffin-desk: ") and "newer" in said
    assert program.rows("PRAGMA user_version") == [(NEWER,)]


def test_a_damaged_library(program: Program) -> None:
    """One sentence, with what to do."""
    program.paths.create()
    program.paths.library.write_bytes(b"no database" * 1000)
    code, said = program.end(program.start())
    assert code == 2 and len(said.splitlines()) == 1 and "Traceback" not in said


def test_a_library_that_another_program_holds(program: Program) -> None:
    """One sentence once it has waited long enough."""
    program.paths.create()
    with Database.open(program.paths.library):
        pass
    with closing(sqlite3.connect(program.paths.library, isolation_level=None)) as holder:
        holder.execute("PRAGMA journal_mode = DELETE")
        holder.execute("BEGIN EXCLUSIVE")
        code, said = program.end(program.start())
    assert code == 2 and len(said.splitlines()) == 1 and "Traceback" not in said


def test_the_window_never_imports_torch(program: Program, tmp_path: Path) -> None:
    """Not even when its model is loaded and a document is summarised."""
    write_book(tmp_path, "rivers", 2)
    code = """
import sys
from PySide6.QtCore import QTimer
from app.ui import application
from app.ui.controllers.window import WindowController
from app.ui.views.summary import SummaryWish

start = WindowController.start

def started(self, files=()):
    start(self, files)
    def look():
        if self.room is None or not self.engine.is_ready:
            return
        summary = self.room.summary
        if "## Summary" in summary.markdown:
            print(sorted(set(sys.modules) & {"torch", "transformers", "numba"}))
            timer.stop()
            self.window.close()
        elif not summary.running:
            summary.begin(SummaryWish(None, fresh=False))
    timer = QTimer(self)
    timer.timeout.connect(look)
    timer.start(100)

WindowController.start = started
sys.exit(application.run(sys.argv[1:]))
"""
    process = program.start("rivers.txt", code=code)
    printed, _ = process.communicate(timeout=WAIT_S)
    assert (process.returncode, printed.strip()) == (0, "[]")
