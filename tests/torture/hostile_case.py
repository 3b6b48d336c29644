"""What a hostile document is: a file made by code, and what may come of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

READ = "read"
CANARY = "canary-7341-of-another-file"
"""Stands in a file beside the documents that no document may reach."""
CANARY_FILE = "canary.txt"


@dataclass(frozen=True, slots=True)
class Case:
    """One hostile file.

    make: writes it into a folder that is its own; may: what may come of it, READ or codes of refusals.
    pages: how many pages have text at the least where it is read. heavy: too large for a quick test.
    """

    name: str
    make: Callable[[Path], Path]
    may: frozenset[str]
    pages: int = 1
    heavy: bool = False


def case(name: str, make: Callable[[Path], Path], may: str, *, pages: int = 1, heavy: bool = False) -> Case:
    """`may` in words: "read damaged"."""
    return Case(name, make, frozenset(may.split()), pages, heavy)


def made(cases: Sequence[Case], files: Path) -> list[Path]:
    """Each in a folder of its own, and the file that none may reach beside them."""
    files.mkdir(parents=True)
    (files / CANARY_FILE).write_text(CANARY, encoding="utf-8")
    paths = []
    for number, one in enumerate(cases):
        (files / str(number)).mkdir()
        paths.append(one.make(files / str(number)))
    return paths


def of_bytes(name: str, data: Callable[[], bytes]) -> Callable[[Path], Path]:
    """A file of these bytes, made only when it is needed."""

    def make(folder: Path) -> Path:
        path = folder / name
        path.write_bytes(data())
        return path

    return make
