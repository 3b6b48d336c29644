"""What a trial is: something that tries to break the program and says what came of it, in rows of a table."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    what: str
    """What was done to the program, in a few words: "2,000 PDFs with flipped, cut and spliced bytes"."""
    aim: str
    """What it must hold to: "no crash, hang or silent loss"."""
    found: str
    """What was measured, with figures: "1,204 read, 796 refused; 0 crashes; largest parser 412 MiB"."""
    held: bool | None
    """None where it could not be tried here, which `found` explains: neither held nor broken."""
    figures: dict[str, Any] = field(default_factory=dict)
    """The same and more, as JSON."""


def verdict(held: bool | None) -> str:
    """A row's outcome in a word or two."""
    return "not tried" if held is None else "held" if held else "broken"


@dataclass(frozen=True, slots=True)
class Ground:
    """Where and how hard to try."""

    folder: Path
    """An empty folder for this trial alone; it is removed afterwards."""
    data: Path | None
    """The folder of real files, None where it is absent; a trial that needs it then says so in no rows."""
    scale: float = 1.0
    """Share of the full number of cases; 1.0 is what the documented figures were measured with."""
    seed: int = 1
    minutes: float = 90.0
    """Length of the evening's run."""
    say: Callable[[str], None] = print
    """Told what is going on, one line at a time."""

    def count(self, full: int) -> int:
        """So many of `full` cases at this scale, at least one."""
        return max(1, round(full * self.scale))


Run = Callable[[Ground], Iterator[Row]]

TRIALS = {
    "documents": "tests.torture.real_documents:run",
    "mutated": "tests.torture.mutated_documents:run",
    "bombs": "tests.torture.hostile_documents:run",
    "properties": "tests.torture.properties:run",
    "models": "tests.torture.hostile_models:run",
    "worker": "tests.torture.worker_faults:run",
    "program": "tests.torture.program_faults:run",
    "storage": "tests.torture.storage_faults:run",
    "offline": "tests.torture.offline:run",
    "supply": "tests.torture.supply_chain:run",
    "evening": "tests.torture.evening:run",
}
"""The trials by name, in the order of the table; each is imported when it is run."""


def load(name: str) -> Run:
    """The function of a trial."""
    module, _, function = TRIALS[name].partition(":")
    run: Run = getattr(importlib.import_module(module), function)
    return run
