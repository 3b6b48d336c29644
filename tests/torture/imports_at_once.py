"""Many files through several importing programs beside each other, and what they leave behind."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from tests.torture.import_lines import Order
from tests.torture.import_runs import ImportRun, Outcome, strays

SAID_EVERY = 50
"""Files."""


def import_at_once(
    way: str, order: Order, at_once: int, say: Callable[[str], None] = lambda _: None
) -> tuple[list[Outcome], list[str]]:
    """What became of each file of an order, in its order, and what was left behind.

    Each program has a data folder of its own, beside the order's.
    """
    done: list[Outcome] = []

    def run(part: Order) -> list[str]:
        imports = ImportRun(way, part)
        for outcome in imports.outcomes():
            done.append(outcome)
            if len(done) % SAID_EVERY == 0:
                say(f"{len(done)} of {len(order.files)} files")
        return leftovers(imports, Path(part.folder))

    numbers = range(min(at_once, len(order.files)))
    parts = [replace(order, folder=f"{order.folder}-{n}", files=order.files[n::at_once]) for n in numbers]
    with ThreadPoolExecutor(at_once) as pool:
        left = [thing for things in pool.map(run, parts) for thing in things]
    places = {file: place for place, file in enumerate(order.files)}
    return sorted(done, key=lambda outcome: places[str(outcome.path)]), left


def leftovers(imports: ImportRun, folder: Path) -> list[str]:
    """Of a run that is over."""
    seen = imports.seen
    found = [*imports.bad_ends, *strays(folder)]
    if seen.unbounded:
        found.append(f"{seen.unbounded} of {seen.parsers} parsers without a bound on their memory")
    if seen.left:
        found.append(f"{seen.left} parsers outlived the program")
    return found
