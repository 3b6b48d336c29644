"""A summary that is stopped at any moment goes on where it was, with the real model in a real process."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

WAIT_S = 120


def _parts(data_dir: Path) -> list[tuple[int, str, float]]:
    """Finished parts on disk: position, notes, time of writing."""
    library = data_dir / "library.sqlite"
    if not library.exists():
        return []
    with closing(sqlite3.connect(f"file:{library}?mode=ro", uri=True, timeout=5)) as db:
        try:
            return db.execute("SELECT position, notes, written_at FROM summary_parts ORDER BY position").fetchall()
        except sqlite3.OperationalError:  # the first migration is still under way
            return []


def _wait_for_parts(process: subprocess.Popen[str], data_dir: Path, count: int) -> None:
    deadline = time.monotonic() + WAIT_S
    while len(_parts(data_dir)) < count:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline, "no part was finished in time"
        time.sleep(0.02)


def _kill_after(start, data_dir: Path, chapters: Path, count: int, number: int) -> subprocess.CompletedProcess[str]:
    process = start("summarize", chapters)
    _wait_for_parts(process, data_dir, count)
    process.send_signal(number)
    out, err = process.communicate(timeout=WAIT_S)
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def _integrity(data_dir: Path) -> str:
    with closing(sqlite3.connect(data_dir / "library.sqlite")) as db:
        return db.execute("PRAGMA integrity_check").fetchone()[0]


def _texts(printed: dict[str, Any]) -> list[tuple[str, list[str]]]:
    return [(s["title"], [line["text"] for line in s["notes"]]) for s in printed["sections"]]


@pytest.mark.parametrize("snapshots", ["kept", "lost"])
def test_killed_summary_goes_on(desk, start, data_dir, chapters, finished, snapshots) -> None:
    """After SIGKILL the finished sections are not written again; the result is that of an uninterrupted run.

    With the saved state they are not even read again; when its file is lost, they are, and nothing else changes.
    """
    data_dir.mkdir()
    (data_dir / "settings.toml").write_text("snapshot_interval_s = 0\n")
    killed = _kill_after(start, data_dir, chapters, 2, signal.SIGKILL)
    assert killed.returncode == -signal.SIGKILL
    before = _parts(data_dir)
    assert 2 <= len(before) < 4
    assert _integrity(data_dir) == "ok"
    if snapshots == "lost":
        for suffix in ("", "-wal", "-shm"):
            (data_dir / f"snapshots.sqlite{suffix}").write_bytes(b"damaged " * 1000)
    again = desk("summarize", chapters, "--json")
    assert again.returncode == 0, again.stderr
    printed = json.loads(again.stdout)
    # Equal times of writing: the rows are the first run's.
    assert _parts(data_dir)[: len(before)] == before
    assert printed["stats"]["parts_reused"] == len(before)
    # The kill may fall between a part's notes and its snapshot: then the one before it is used.
    reread = len(before) - printed["stats"]["parts_not_read_again"]
    assert reread in ((0, 1) if snapshots == "kept" else (len(before),))
    assert f"going on: {len(before)} sections are written" in again.stderr
    assert _texts(printed) == _texts(finished.printed)
    assert printed["summary"] == finished.printed["summary"]


def test_ctrl_c_says_how_to_go_on(desk, start, data_dir, chapters) -> None:
    """SIGINT: exit code 130, one line, no traceback, finished sections kept; the job is listed as running."""
    stopped = _kill_after(start, data_dir, chapters, 1, signal.SIGINT)
    assert stopped.returncode == 130
    assert stopped.stdout == ""
    assert "run the same command again to go on" in stopped.stderr
    assert "Traceback" not in stopped.stderr
    listed = json.loads(desk("sessions", "list", "--json").stdout)
    (job,) = listed["summaries"]
    assert (job["state"], job["sections"]) == ("running", 4)
    assert 1 <= job["sections_written"] < 4


def test_ctrl_c_before_the_model_is_there(start, data_dir, chapters) -> None:
    """SIGINT while torch is being loaded ends the program at once and cleanly."""
    process = start("summarize", chapters)
    deadline = time.monotonic() + WAIT_S
    while not (data_dir / "logs" / "griffin-desk.log").exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=WAIT_S)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert err.strip().count("\n") == 0
