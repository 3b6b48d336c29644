"""Imports that are watched: what goes wrong with the program, its parsers and its folder is seen."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.torture import import_runs
from tests.torture.import_lines import Order
from tests.torture.import_runs import ImportRun, Outcome, strays
from tests.torture.judgement import doubts, faults
from tests.torture.second_reader import Opinion


def test_faults_of_a_program_are_seen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Crash, hang, loss, silent pages, a parser without a bound: each at its own file, and the next is imported."""
    monkeypatch.setattr(import_runs, "PROGRAM", "tests.torture.faulty_importing")
    names = ["good", "crash", "lost", "silent", "hang", "blank", "stray", "unbounded", "slow", "early"]
    files = [tmp_path / "files" / f"{name}.pdf" for name in names]
    files[0].parent.mkdir()
    files[-1].touch()
    run = ImportRun("bare", Order(str(tmp_path), [str(file) for file in files]), silence_s=6.0)
    found = {outcome.path.stem: (outcome.how, len(faults(outcome))) for outcome in run.outcomes()}
    assert found == {
        "good": ("read", 0),
        "crash": ("crash", 1),
        "lost": ("lost", 1),
        "silent": ("read", 1),
        "hang": ("hang", 1),
        "blank": ("read", 1),
        "stray": ("read", 0),
        "unbounded": ("read", 0),
        "slow": ("read", 0),
        "early": ("read", 0),
    }
    # Of one that only loads its modules slowly nothing is said.
    assert (run.seen.parsers, run.seen.unbounded, run.seen.left, run.bad_ends) == (3, 2, 0, [])
    assert strays(tmp_path) == ["temporary/left.tmp"]


def outcome(path: Path, how: str, code: str = "", **document: object) -> Outcome:
    """As a run gives it."""
    path.touch()
    return Outcome(path, how, code, "why" if code else "", facts={"document": document})


def test_doubts(tmp_path: Path) -> None:
    """A reason that does not fit, text and pages that another parser has: each is one doubt; what fits is none."""
    file = tmp_path / "a.pdf"
    file.write_bytes(b"%PDF")
    broken, blank, locked = Opinion(), Opinion(True, pages=2), Opinion(code="password")
    full = Opinion(True, pages=2, letters=500)
    cases = [
        (outcome(file, "refused", "damaged"), broken, 0),
        (outcome(file, "refused", "damaged"), full, 1),
        (outcome(file, "refused", "no-text"), blank, 0),
        (outcome(file, "refused", "no-text"), broken, 1),
        (outcome(file, "refused", "password"), broken, 1),
        (outcome(file, "password", "password"), locked, 0),
        (outcome(file, "password", "password"), full, 1),
        (outcome(file, "read", pages=2, letters=480), full, 0),
        (outcome(file, "read", pages=1, letters=480), full, 1),
        (outcome(file, "read", pages=1, letters=480, problems={"1": "damaged"}), full, 0),
        (outcome(file, "read", pages=2, letters=100), full, 1),
        (outcome(file, "read", pages=2, letters=100, warnings=["Read as cp1252."]), full, 1),
        (outcome(file, "read", pages=2, letters=100, warnings=["a.pdf is damaged in places."]), full, 0),
    ]
    assert [len(doubts(case, {"other": opinion})) for case, opinion, _ in cases] == [count for *_, count in cases]
    empty = outcome(tmp_path / "empty.pdf", "refused", "empty")
    assert doubts(empty, {"other": broken}) == []
