"""Hostile documents at a small scale, and that the trial tells what is wrong."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.torture import hostile_growth
from tests.torture.hostile_case import CANARY, Case, case, of_bytes
from tests.torture.hostile_cli import cli_row, faults_of
from tests.torture.hostile_documents import MOST_GROWN, MOST_S, Judged, family_row
from tests.torture.hostile_files import special_files
from tests.torture.hostile_growth import Growth, growths
from tests.torture.hostile_names import names
from tests.torture.hostile_pdf import pdfs
from tests.torture.hostile_texts import text_files
from tests.torture.hostile_xml import markup
from tests.torture.hostile_zip import containers, leading_names
from tests.torture.import_runs import Outcome
from tests.torture.programs import Ended

SLOW = ("100,000 words", "levels of", "300 MiB")


def few(cases: list[Case], step: int) -> list[Case]:
    """Some that take little time."""
    return [case for case in cases if not (case.heavy or any(word in case.name for word in SLOW))][::step]


def test_a_few_of_each_family(tmp_path: Path) -> None:
    """They hold."""
    cases = [
        *few(containers(), 3),
        *few(leading_names(), 6),
        *few(markup(), 9),
        *few(pdfs(), 6),
        *few(names(), 6),
        *few(special_files(), 2),
        *few(text_files(2_000), 16),
    ]
    row = family_row("a few", cases, tmp_path)
    assert row.held, row.figures["wrong"]
    assert row.figures["got"]["read"] > 20


def test_a_broken_outcome_is_seen(tmp_path: Path) -> None:
    """What is refused though it should be read, and a stray file, are named."""
    cases = [
        case("no PDF", of_bytes("a.pdf", lambda: b"%PDF-1.7 and nothing"), "read"),
        case("a text", of_bytes("a.txt", lambda: b"Words."), "damaged"),
    ]
    row = family_row("two", cases, tmp_path)
    assert not row.held
    assert [fault.split(":")[0] for fault in row.figures["wrong"]] == ["no PDF", "a text"]


def test_faults_are_told() -> None:
    """Each kind of fault by itself."""
    good = {"format": "pdf", "with_text": 1, "letters": 9}
    outcome = Outcome(Path("/a.pdf"), "read", facts={"document": good})
    one = Judged(Case("x", lambda folder: folder, frozenset({"read", "damaged"})), outcome)
    assert one.wrong == []
    long = "a.pdf " + "Traceback " * 100
    wrongs = [
        replace(outcome, facts={"document": {**good, "unfit": ["title"]}}),
        replace(outcome, facts={"document": {**good, "canary": True}}),
        replace(outcome, facts={"document": {**good, "with_text": 0}}),
        replace(outcome, facts={"document": good, "grown": MOST_GROWN + 1}),
        replace(outcome, seconds=MOST_S + 1),
        replace(outcome, parser_bytes=3 << 30),
        Outcome(Path("/a.pdf"), "refused", "damaged", long),
        Outcome(Path("/a.pdf"), "refused", "format", "a.pdf is none."),
    ]
    assert [len(replace(one, outcome=wrong).wrong) for wrong in wrongs] == [1] * len(wrongs)


def test_command_line(tmp_path: Path) -> None:
    """What it prints of a few hostile names holds."""
    row = cli_row(tmp_path / "cli", most=6)
    assert row.held, row.figures["wrong"]


@pytest.mark.parametrize(
    ("ended", "wrong"),
    [
        (Ended(0, "a title\n", ""), 0),
        (Ended(2, "", "griffin-desk: error: a.pdf does not exist\n"), 0),
        (Ended(0, "red\x1b[31m", ""), 1),
        (Ended(0, "evil\u202efdp", ""), 1),
        (Ended(0, CANARY, ""), 1),
        (Ended(1, "", "Traceback (most recent call last)"), 1),
        (Ended(None, "", ""), 1),
    ],
)
def test_faults_of_a_command(ended: Ended, wrong: int) -> None:
    """Controls, turned directions, words of another file, tracebacks and hangs."""
    assert len(faults_of(ended)) == wrong


def test_growth_is_linear() -> None:
    """Of the shape that took for ever."""
    found = list(growths(5_000, names=["accents out of order"]))
    assert {growth.kind for growth in found} == set(hostile_growth.KINDS)
    assert all(growth.large_s is not None for growth in found)


def test_growth_that_is_not_linear() -> None:
    """Told by its ratio; what is too short to be told is not; what does not end is."""
    assert Growth("a", "b", 1, 1.0, 16.0).ratio == 16.0
    assert Growth("a", "b", 1, 0.001, 0.1).ratio == 0.0
    assert Growth("a", "b", 1, 1.0, None).ratio == float("inf")
