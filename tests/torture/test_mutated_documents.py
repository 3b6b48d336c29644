"""Files broken on purpose: the same each time, broken in many ways, and the trial on a few of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.torture import mutated_documents
from tests.torture.mutation import KINDS, mutant
from tests.torture.mutation_bases import bases
from tests.torture.trial import Ground


@pytest.mark.parametrize("kind", KINDS)
def test_mutants_are_the_same_each_time(kind: str) -> None:
    """By kind, seed and number; nearly all differ from their bases and from each other."""
    whole = bases(kind, None)
    assert whole == bases(kind, None)
    some = [mutant(kind, 1, number, whole) for number in range(40)]
    assert some == [mutant(kind, 1, number, whole) for number in range(40)]
    assert len(set(some) - set(whole)) > 36
    assert some != [mutant(kind, 2, number, whole) for number in range(40)]


def test_a_few_of_each_kind(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A row for each kind and one for what is left."""
    pytest.importorskip("PySide6.QtGui")  # some go through the window
    monkeypatch.setattr(mutated_documents, "FULL", {"pdf": 4, "html": 2})
    rows = list(mutated_documents.run(Ground(tmp_path, None, say=lambda line: None)))
    assert [row.figures.get("files") for row in rows] == [4, 2, None]
    assert [row.figures.get("faults", []) for row in rows] == [[], [], []]
    assert rows[-1].held
