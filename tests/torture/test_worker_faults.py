"""The trial of killed, stopped and starved processes, on small files; and that it says so where something breaks."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from app.core.errors import DocumentError, WorkerLostError
from app.worker.reading import load_document
from tests.torture import reader_faults
from tests.torture.one_thread import stopped
from tests.torture.reader_faults import Tally, readers, renderers, write_pdf
from tests.torture.trial import Ground
from tests.torture.worker_desk import Asked
from tests.torture.worker_memory import MOST_WORKERS, _wrong, killed_above, limited

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="signals and limits are Linux's")


def test_readers_and_renderers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of their rows holds, and something was hit."""
    monkeypatch.setattr(reader_faults, "PAGES", 12)
    monkeypatch.setattr(reader_faults, "LIMITS", dataclasses.replace(reader_faults.LIMITS, open_timeout_s=1.5))
    ground = Ground(tmp_path, None, scale=0.01)
    rows = [*readers(ground), *renderers(ground)]
    assert [row.held for row in rows] == [True, True, True]


def test_a_silent_loss_is_seen(tmp_path: Path) -> None:
    """A page that is empty without a reason is one, a page with a reason is told."""
    expected = load_document(write_pdf(tmp_path / "pages.pdf", 2))
    first, second = expected.pages
    tally = Tally()
    tally.take(dataclasses.replace(expected, pages=(first, dataclasses.replace(second, text=""))), expected, None)
    assert len(tally.silent) == 1
    lost = dataclasses.replace(second, text="", problem="damaged: its parser crashed")
    tally.take(dataclasses.replace(expected, pages=(first, lost)), expected, None)
    tally.take(None, expected, DocumentError("it cannot be opened"))
    assert (len(tally.silent), tally.told, tally.refused) == (1, 1, 1)
    tally.take(None, expected, None)
    assert len(tally.silent) == 2


class Desk:
    """As much of a desk as is looked at after a shortage."""

    expected = Asked(text="the summary")
    conversations = 3


def test_what_a_shortage_may_come_to() -> None:
    """A sentence or the result; not another one, nor workers without end, nor a lost conversation."""
    desk = Desk()

    def wrong(asked: Asked, workers: int = 1, kept: int = 3) -> int:
        return len(_wrong(desk, asked, workers, kept))  # type: ignore[arg-type]

    assert wrong(Asked(text="the summary")) == wrong(Asked(text=True)) == 0
    assert wrong(Asked(error=WorkerLostError("killed"))) == 0
    assert wrong(Asked(text=False)) == wrong(Asked(text="half of it")) == 1
    assert wrong(Asked(error=WorkerLostError(""))) == wrong(Asked(error=WorkerLostError("a damaged file"))) == 1
    assert wrong(Asked(text=True), workers=MOST_WORKERS + 1) == 1
    assert wrong(Asked(text=True), kept=4) == 1


def test_memory_is_taken_away() -> None:
    """A process finds none any more, or is killed for what it has."""
    code = "input(); x = bytearray(1 << 30)"
    limit = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    limited(1 << 29)(psutil.Process(limit.pid))
    assert "MemoryError" in limit.communicate("\n")[1]
    killed = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    killed_above(1 << 40)(psutil.Process(killed.pid))
    assert killed.poll() is None
    killed_above(0)(psutil.Process(killed.pid))
    killed.communicate()
    assert killed.returncode == -9


def test_one_thread_stands_still() -> None:
    """The others run on; afterwards it runs again."""
    code = (
        "import sys, threading, time\n"
        "def other():\n"
        "    while True:\n"
        "        print('other', flush=True); time.sleep(0.01)\n"
        "threading.Thread(target=other, daemon=True).start()\n"
        "while True:\n"
        "    print('main', flush=True); time.sleep(0.01)\n"
    )
    program = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert program.stdout is not None
    try:
        assert program.stdout.readline()
        with stopped(program.pid) as works:
            if not works:
                pytest.skip("no process may trace another here")
            os.set_blocking(program.stdout.fileno(), False)
            _until(program, lambda said: said.count("other\n") >= 20)
            said = _until(program, lambda said: said.count("other\n") >= 20)
            assert "main" not in said
        assert "main" in _until(program, lambda said: "main" in said)
    finally:
        program.kill()
        os.set_blocking(program.stdout.fileno(), True)
        program.communicate()


def _until(program: subprocess.Popen[str], enough) -> str:
    assert program.stdout is not None
    said, deadline = "", time.monotonic() + 30
    while not enough(said) and time.monotonic() < deadline:
        try:
            said += os.read(program.stdout.fileno(), 65536).decode()
        except BlockingIOError:
            time.sleep(0.01)
    return said
