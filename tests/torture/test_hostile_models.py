"""The trial of hostile models: what is sound loads, what is not is named, and its judgement says what is broken."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.torture import model_loading
from tests.torture.hostile_model_case import (
    MARK,
    WEIGHTS,
    Case,
    cases_by_area,
    harmless,
    made,
    refused,
    with_bytes,
    write_sound,
)
from tests.torture.hostile_model_mutants import mutants
from tests.torture.hostile_models import LIMIT_S, MOST_GROWN, by_command, command_faults, faults, tried
from tests.torture.model_loading import LOAD, VERIFY, Found
from tests.torture.programs import Ended
from tests.torture.trial import Ground

_SOUND = harmless("a sound model", lambda folder: None)
_SHORT = refused("half a file", with_bytes(WEIGHTS, lambda content: content[:999]), WEIGHTS)
_SAID = f"/m/{WEIGHTS} is damaged"
_REFUSED = Found("/m", LOAD, "refused", _SAID, "CheckpointError", 0.1, 0)


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The model that is changed."""
    return write_sound(tmp_path_factory.mktemp("models") / "sound")


def test_models_are_looked_at(sound: Path, tmp_path: Path) -> None:
    """The sound one loads and answers, a damaged one is refused by name; either in the other's place is told."""
    swapped = [replace(_SHORT, name="sound", change=_SOUND.change), replace(_SOUND, name="short", change=_SHORT.change)]
    tally = tried([_SOUND, _SHORT, *swapped], sound, tmp_path / "models")
    assert tally.how == {"loaded": 2, "refused": 2} and not tally.row("models", 4).held
    assert {fault.partition(" (")[0] for fault in tally.wrong} == {"sound", "short"}


@pytest.mark.parametrize(
    ("found", "fault"),
    [
        (_REFUSED, ""),
        (replace(_REFUSED, said=f"{_SAID}\nand more"), "controls or lines"),
        (replace(_REFUSED, said=f"{_SAID} \x1b[31m"), "controls or lines"),
        (replace(_REFUSED, said="it is damaged"), "names none of"),
        (replace(_REFUSED, said=""), "0 letters"),
        (replace(_REFUSED, said=_SAID + "x" * 900), "letters"),
        (replace(_REFUSED, how="hung"), "hung"),
        (replace(_REFUSED, how="crashed", said="status 11"), "crashed: status 11"),
        (replace(_REFUSED, how="traceback", said="ValueError"), "traceback: ValueError"),
        (replace(_REFUSED, how="loaded", said="4 tokens"), "loaded: 4 tokens"),
        (replace(_REFUSED, peak_bytes=MOST_GROWN + 1), "it took 1024 MiB"),
        (replace(_REFUSED, way=VERIFY, how="loaded", said="a fault\n\x1b[31mof two"), "controls or lines"),
    ],
)
def test_what_came_of_a_model_is_judged(found: Found, fault: str, tmp_path: Path) -> None:
    """Only one clear sentence that names the file is well."""
    wrong = faults(_SHORT, found, tmp_path)
    assert len(wrong) == bool(fault) and all(fault in one for one in wrong)


def test_what_was_executed_is_seen(tmp_path: Path) -> None:
    """A file that a model's code left, in its folder."""
    (tmp_path / MARK).touch()
    assert faults(_SHORT, _REFUSED, tmp_path) == [f"{MARK}: code was executed"]


@pytest.mark.parametrize(
    ("use", "how", "limit_s"),
    [
        (lambda path: 1 / 0, "traceback", LIMIT_S),
        (lambda path: model_loading.os.kill(model_loading.os.getpid(), 9), "crashed", LIMIT_S),
        (lambda path: model_loading.time.sleep(LIMIT_S), "hung", 0.2),
        (lambda path: (path / MARK).touch(), "loaded", LIMIT_S),
    ],
)
def test_how_a_process_ends_is_told(
    use: Callable[[Path], object], how: str, limit_s: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error that nobody foresaw, an end by a signal, one that does not come."""
    monkeypatch.setattr(model_loading, "_used", use)
    job = model_loading.Job(str(tmp_path), LOAD, limit_s, str(tmp_path))
    child = model_loading._Child(job, tmp_path / "told")
    found = None
    while found is None:
        found = child.found()
    assert found.how == how
    assert any(MARK in one for one in faults(_SOUND, found, tmp_path)) == (how == "loaded")


def test_a_lost_model_is_broken(sound: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the process that looks at all of them ends, none of the rest is called well."""
    monkeypatch.setattr("tests.torture.hostile_models._LOOKS", "no.such.module")
    tally = tried([_SOUND], sound, tmp_path / "lost")
    assert tally.wrong[0].startswith("0 of 2 were looked at") and not tally.row("models", 1).held


def test_every_model_can_be_made_and_no_two_have_one_name(sound: Path, tmp_path: Path) -> None:
    """Names tell in the table which one broke."""
    cases = [case for area in cases_by_area().values() for case in area]
    assert len({case.name for case in cases}) == len(cases) and all(
        case.named or "refused" not in case.may for case in cases
    )
    for number, case in enumerate(cases[::40]):
        made(case, sound, tmp_path / str(number))


def test_changed_bytes_are_the_same_for_a_seed(sound: Path, tmp_path: Path) -> None:
    """So that a model that breaks something can be made again."""

    def content(seed: int) -> list[bytes]:
        found = []
        for number, case in enumerate(mutants(Ground(tmp_path, None, scale=0.005, seed=seed), sound)):
            folder = made(case, sound, tmp_path / f"{seed}-{number}-{len(list(tmp_path.iterdir()))}")
            found.append(b"".join(path.read_bytes() for path in sorted(folder.iterdir())))
        return found

    assert content(1) == content(1) != content(2)


def test_a_command_says_it_in_one_line(sound: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing file, through the program and its worker."""
    monkeypatch.setattr("tests.torture.hostile_models.COMMANDS", ("chat",))
    case = Case("no weights", lambda folder: (folder / WEIGHTS).unlink(), (WEIGHTS,))
    row = by_command([case], sound, Ground(tmp_path, None))
    assert row.held and row.found.startswith("1 refused, 0 done"), row.found


@pytest.mark.parametrize(
    ("ended", "fault"),
    [
        (Ended(2, "", f"griffin-desk: {_SAID}\n"), ""),
        (Ended(None, "", ""), "hung"),
        (Ended(1, "", "Traceback (most recent call last)\nValueError: x"), "traceback"),
        (Ended(0, "Hello", ""), "it was loaded"),
        (Ended(2, "", "griffin-desk: it is damaged\n"), "is named"),
        (Ended(2, "\x1b[31m", f"griffin-desk: {_SAID}\n"), "in what it printed"),
        (Ended(-11, "", ""), "code -11"),
    ],
)
def test_what_a_command_printed_is_judged(ended: Ended, fault: str) -> None:
    """One line that names the file, and nothing else."""
    wrong = command_faults(_SHORT, "chat", ended)
    assert bool(wrong) == bool(fault) and (not fault or any(fault in one for one in wrong))
