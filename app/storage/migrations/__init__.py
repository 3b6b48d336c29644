"""The schema's history. A migration is never edited once it has landed: a change is a new file and a new line here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import sqlite_utils

from app.storage.migrations import m001_initial, m002_branches, m003_passage_index, m004_refusals


@dataclass(frozen=True, slots=True)
class Migration:
    """One step of the schema, from version - 1 to version."""

    version: int
    name: str
    apply: Callable[[sqlite_utils.Database], None]
    """Runs inside a transaction that the caller opened; must not commit (no `executescript`)."""


LIBRARY: tuple[Migration, ...] = (
    Migration(1, "initial", m001_initial.apply),
    Migration(2, "branches", m002_branches.apply),
    Migration(3, "passage index", m003_passage_index.apply),
    Migration(4, "refusals", m004_refusals.apply),
)
