"""The judgement on an evening at the window, and its deeds on a fake of a minute."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from app.core.paths import DataPaths
from tests.torture.evening_rows import (
    BUDGET_BYTES,
    budget_row,
    deeds_row,
    left_row,
    memory_row,
    sound_row,
    things_row,
    told_row,
)
from tests.torture.evening_watch import Look, Taken, Watch, growth, last, records, sizes, timeline
from tests.torture.stored_library import fill

MIB = 1 << 20


def taken(mib: float) -> Taken:
    return Taken(int(mib * MIB), int(mib * MIB), int(mib * MIB), 20, 10)


def up_and_down(minute: float) -> float:
    """What rounds of three minutes do to memory."""
    return 40.0 * (minute % 3)


@pytest.mark.parametrize(("an_hour", "held"), [(0.0, True), (10.0, True), (60.0, False)])
def test_growth_is_told_from_rounds(an_hour: float, held: bool) -> None:
    """Memory that goes up and down by a third holds; 60 MiB an hour on 400 do not."""
    looks = [(n / 6, taken(400 + up_and_down(n / 6) + an_hour * n / 360)) for n in range(540)]
    row = memory_row("w", looks)
    assert row.held is held
    assert row.figures["own"]["an_hour"] == pytest.approx(an_hour, abs=8)


def test_growth_of_the_first_minutes_is_none() -> None:
    """A program that has its size after ten minutes has grown by nothing."""
    found = growth([(n / 6, min(500.0, n * 10.0)) for n in range(540)])
    assert found is not None and (found.early, found.late, found.share) == (500.0, 500.0, 0.0)
    assert growth([(1.0, 2.0)]) is None
    assert memory_row("w", []).held is False


def test_more_of_anything_is_a_fault() -> None:
    """Open files that are never closed; widgets that are never freed; as many as before hold."""
    counts = {"widgets": 900, "top_levels": 20, "qobjects": 1500, "live_objects": 9000}
    rounds = [{"at": 60.0 * n, "kind": "round", **counts} for n in range(10)]
    looks = [Look(n / 6, taken(1), taken(1), (taken(1),)) for n in range(60)]
    assert things_row("w", looks, []).held
    files = [Look(n / 6, Taken(1, 1, 1, 20 + n, 10), taken(1), ()) for n in range(60)]
    assert not things_row("w", files, []).held
    assert things_row("w", looks, rounds).held
    for name, many in counts.items():
        grown = [{**line, name: many + many * n // 18} for n, line in enumerate(rounds)]
        assert not things_row("w", looks, grown).held
        assert things_row("w", looks, grown[:5]).held


def test_what_does_not_end_is_a_fault() -> None:
    """A deed that does not come to its end, a window that does not close, an exit status."""
    done = {"at": 1.0, "kind": "deed", "what": "chat", "seconds": 1.0, "ended": True}
    closed = {"at": 2.0, "kind": "closed"}
    assert deeds_row("w", [done, closed], 0).held
    assert not deeds_row("w", [{**done, "ended": False}, closed], 0).held
    assert not deeds_row("w", [done], 0).held
    assert not deeds_row("w", [done, closed], 1).held
    assert not deeds_row("w", [closed], 0).held


def test_what_is_told_and_left_is_a_fault(tmp_path: Path) -> None:
    """An error in the bar, a traceback in the log; a file that nobody knows, one in the temporary folder."""
    logs = tmp_path / "desk" / "logs"
    logs.mkdir(parents=True)
    (logs / "griffin-desk.log").write_text("2026 INFO 1 app.window: window shown\n")
    assert told_row(tmp_path, []).held and left_row(tmp_path, []).held
    assert not told_row(tmp_path, [{"at": 1.0, "kind": "told", "text": "The disk is full."}]).held
    (logs / "griffin-desk.log").write_text("2026 ERROR 1 app.jobs: a job failed\nTraceback (most recent call last):\n")
    assert not told_row(tmp_path, []).held
    assert not left_row(tmp_path, ["python -m app"]).held
    (tmp_path / "desk" / ".settings.toml.abc.tmp").touch()
    row = left_row(tmp_path, [])
    assert not row.held and row.figures["unknown"] == [".settings.toml.abc.tmp"]
    (tmp_path / "desk" / ".settings.toml.abc.tmp").unlink()
    (tmp_path / "temporary").mkdir()
    (tmp_path / "temporary" / "page.png").touch()
    assert not left_row(tmp_path, []).held


def test_the_budget_is_judged_at_its_highest() -> None:
    """One look above it is enough; without a file nothing was tried."""
    looks = [Look(n, None, None, (), {"snapshots.sqlite": BUDGET_BYTES}) for n in range(3)]
    assert budget_row(looks).held
    assert not budget_row([*looks, Look(4, None, None, (), {"snapshots.sqlite": int(BUDGET_BYTES * 1.1)})]).held
    assert not budget_row([Look(1, None, None, ())]).held


def test_databases_are_checked(tmp_path: Path) -> None:
    """A whole folder holds; a damaged one, and an absent one, do not."""
    fill(tmp_path / "desk", documents=1)
    assert sound_row(tmp_path / "desk").held
    assert not sound_row(tmp_path / "nothing").held
    library = DataPaths(tmp_path / "desk").library
    with closing(sqlite3.connect(library)) as db:
        db.execute("PRAGMA foreign_keys=OFF")
        db.execute("DELETE FROM documents")
        db.commit()
    assert not sound_row(tmp_path / "desk").held


def test_a_process_is_watched(tmp_path: Path) -> None:
    """Its memory, its children and its files are seen; what the walk has not written to its end is left for later."""
    walk = tmp_path / "walk.jsonl"
    walk.write_text(json.dumps({"kind": "beat", "worker": 1, "at": 1.0}) + "\n" + '{"kind": "bea')
    assert last(records(walk), "beat")["worker"] == 1 and last([], "beat") == {}
    child = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'input()'])"
    with subprocess.Popen([sys.executable, "-c", child], stdin=subprocess.PIPE) as process:
        watch = Watch(process.pid, tmp_path, walk, tmp_path / "none", every_s=0.02)
        end = time.monotonic() + 30
        while not (watch.looks and watch.looks[-1].others) and time.monotonic() < end:
            time.sleep(0.02)
        watch.close()
        process.communicate(b"\n")
    look = watch.looks[-1]
    assert look.window is not None and look.window.own > MIB and len(look.others) == 1 and len(watch.seen) == 1
    assert look.sizes == sizes(tmp_path) == {"walk.jsonl": walk.stat().st_size}
    assert timeline(watch.looks, most=1)[0]["sizes"] == {}
