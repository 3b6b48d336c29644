from __future__ import annotations

import multiprocessing
from multiprocessing.connection import Connection
from pathlib import Path

from app.storage.locks import JobLocks


def _hold_for_ever(connection: Connection, folder: Path) -> None:
    with JobLocks(folder).hold("a job") as ours:
        connection.send(ours)
        connection.recv()


def test_one_holder_at_a_time(tmp_path) -> None:
    """The second is told at once; another name is another lock; afterwards the lock is free and no file is left."""
    locks = JobLocks(tmp_path)
    with locks.hold("a job") as first, locks.hold("a job") as second, locks.hold("other\nname/..") as other:
        assert (first, second, other) == (True, False, True)
    assert list(tmp_path.iterdir()) == []
    with locks.hold("a job") as again:
        assert again


def test_death_frees_the_lock(tmp_path) -> None:
    """A process that was killed leaves a file behind but no lock."""
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_hold_for_ever, args=(theirs, tmp_path), daemon=True)
    process.start()
    assert ours.recv() is True
    with JobLocks(tmp_path).hold("a job") as held:
        assert not held
    process.kill()
    process.join()
    assert len(list(tmp_path.iterdir())) == 1
    with JobLocks(tmp_path).hold("a job") as held:
        assert held


def test_no_place_for_locks(tmp_path, caplog) -> None:
    """Where no lock can be made the work goes on without one, and the log says so."""
    with JobLocks(tmp_path / "missing").hold("a job") as held:
        assert held
    assert "no lock" in caplog.text
