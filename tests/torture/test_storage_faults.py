"""The trial on stored things at a small scale, and whether it says so when something is broken."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from app.core.errors import StorageError
from app.core.paths import DataPaths
from app.storage.backup_files import BackupFolder
from benchmarks.report import ROOT
from tests.torture import damaged_library, full_disk, stored_deeds
from tests.torture.damaged_library import SIDES, Base, Case, backups_case, library_case, running_case, side_case
from tests.torture.damaged_states import SMALL, Begun, drafts_case, settings_case, small_bytes, states_case
from tests.torture.database_damage import DAMAGES, damaged
from tests.torture.full_disk import Tried
from tests.torture.held_library import FOR_EVER, held
from tests.torture.held_library import library_case as held_case
from tests.torture.storage_faults import row
from tests.torture.stored_library import fill


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Base:
    """A small data folder."""
    folder = tmp_path_factory.mktemp("filled") / "desk"
    fill(folder, documents=2)
    return Base.of(folder)


@pytest.fixture
def work(tmp_path: Path) -> Path:
    return tmp_path / "work"


def test_damage_is_the_same_each_time(base: Base) -> None:
    """By its number; every kind changes something."""
    data = DataPaths(base.folder).library.read_bytes()
    for number in range(len(DAMAGES)):
        name, once = damaged(data, 3, number)
        assert (name, once) == damaged(data, 3, number)
        assert once != data
    assert damaged(data, 1, 3) != damaged(data, 2, 3)


def test_damaged_libraries(base: Base, work: Path) -> None:
    """One of each kind holds, and more than half of them are seen to be damaged."""
    cases = [library_case(base, work, 1, number) for number in range(len(DAMAGES))]
    assert [case for case in cases if case.faults] == []
    assert sum(case.how == "restored" for case in cases) > len(cases) / 2


def test_a_library_that_is_not_restored_is_a_fault(base: Base, work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The trial would say so, also where something else than the backup came back or the old file was lost."""
    empty = list(DAMAGES).index("another file")
    with monkeypatch.context() as patched:
        patched.setattr(BackupFolder, "newest_sound", lambda self, today: None)
        assert "damaged-library" in library_case(base, work, 1, empty).faults[0]
    lost = Base(base.folder, base.whole, base.whole)
    assert "not all of the backup is there" in library_case(lost, work, 1, empty).faults
    with monkeypatch.context() as patched:
        patched.setattr(damaged_library, "damaged", lambda data, seed, number: ("nothing", data))
        more = Base(base.folder, {**base.whole, "turns": base.whole["turns"] | {"one more"}}, base.saved)
        assert "rows of turns are gone, and nothing is said" in library_case(more, work, 1, 0).faults


def test_backups_pages_under_an_open_library_and_side_files(base: Base, work: Path) -> None:
    """A few of each hold."""
    cases = [backups_case(base, work, 1, number) for number in range(4)]
    cases += [running_case(base, work, 1, number) for number in range(3)]
    cases += [side_case(base, work, name) for name in SIDES]
    assert [case for case in cases if case.faults] == []
    assert {case.how for case in cases} >= {"restored", "kept"}


def test_damaged_states_cost_time_only(tmp_path: Path, work: Path) -> None:
    """Some are read again; another answer would be a fault."""
    begun = Begun.on(tmp_path / "begun", work)
    numbers = [list(DAMAGES).index(name) for name in ("header destroyed", "pages of zeros", "bits of the schema")]
    cases = [states_case(begun, work, 1, number) for number in numbers]
    assert [case for case in cases if case.faults] == []
    assert cases[0].how == "read again"
    other = Begun(begun.folder, begun.conversation, "something else", begun.summary, begun.tokens)
    assert "another answer, or another summary" in states_case(other, work, 1, numbers[0]).faults


def test_damaged_drafts(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One of each kind holds; drafts that were thrown away would be a fault."""
    pytest.importorskip("PySide6.QtCore")
    cases = [drafts_case(work, 1, number) for number in range(len(SMALL))]
    assert [case for case in cases if case.faults] == []
    monkeypatch.setattr("app.ui.controllers.drafts._put_aside", lambda file: "nothing")
    assert "what could not be understood is lost" in drafts_case(work, 1, 1).faults


def test_damaged_settings(work: Path) -> None:
    """One of each kind holds."""
    cases = [settings_case(work, 1, number) for number in range(len(SMALL))]
    assert [case for case in cases if case.faults] == []
    assert small_bytes(b"abc", "settings", 1, 2) == ("zeros", bytes(3))


def test_a_held_library(base: Base, work: Path) -> None:
    """For ever: told; a moment: done. One that is not really held would be a fault."""
    assert held_case(base, work, "a talk", FOR_EVER, 0.1) == Case("a talk, for ever", "told")
    assert held_case(base, work, "a talk", 0.05, 5.0) == Case("a talk, for 0.05 s", "done the 1. time")
    with held(work / "library.sqlite", 0.01):
        pass
    assert row("w", "a", [Case("x", "told", ["it was lost"])]).held is False
    assert row("w", "a", []).held is False


def test_a_disk_that_fills_up(tmp_path: Path) -> None:
    """Some rooms for each deed: all hold, some are refused, some done."""
    if not full_disk.can_mount():
        pytest.skip("needs the right to mount a small file system")
    command = full_disk.command(tmp_path / "full", 80)
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    tries = [Tried(**json.loads(line)) for line in done.stdout.splitlines()]
    assert [one for one in tries if one.faults] == []
    assert {one.how for one in tries} == {"done", "told"}
    assert {one.deed.removesuffix(", read-only") for one in tries} >= set(stored_deeds.DEEDS)


def test_a_loss_on_a_full_disk_is_a_fault(base: Base, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is confirmed and not kept, rows that are gone, another error than a full disk, files left behind."""
    paths = DataPaths(tmp_path / "desk")
    found = Tried("a talk", 0)
    stored_deeds.CONFIRMED[:] = ["an answer"]
    full_disk.stored_library.copied(base.folder, paths.root)
    (tmp_path / "x.part").touch()
    full_disk._check(found, paths, {**base.whole, "turns": frozenset({"one more"})})
    stored_deeds.CONFIRMED.clear()
    assert [fault.split(":")[0] for fault in found.faults] == [
        "left behind",
        "confirmed and not kept",
        "rows of turns are lost",
    ]

    def broken(*_: object, **__: object) -> None:
        raise StorageError("it is broken")

    monkeypatch.setitem(stored_deeds.DEEDS, "a talk", broken)
    full_disk._attempt(found, paths)
    assert found.faults[-1] == "told storage: it is broken"
