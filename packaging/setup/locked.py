"""Which lock holds what was asked for, and how pip is told to install it; standard library only, as prepare.py."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

LOCK = Path(__file__).resolve().parent.parent / "lock"
LOCKED_GROUPS = {
    "tests": {"dev", "headless", "bundle", "ui", "bench", "dense", "orbax", "interpreter"},
    "headless": {"headless", "bench", "dense", "orbax", "interpreter"},
    "bundle": {"bundle", "ui", "dense"},
    "window": {"ui"},
    "program": set[str](),
}
"""The name of a lock -> the optional groups of pyproject.toml that are in it."""
FOR_TESTS = ("tests", "headless")
"""The locks to which the packages that are built here belong, and where it is asked for the kernels' interpreter."""


def lock_digest(folder: Path = LOCK) -> str:
    """A hash of all locks, so that an environment is brought up to date when one changes."""
    return hashlib.sha256(b"".join(file.read_bytes() for file in sorted(folder.glob("*.txt")))).hexdigest()


def lock_for(extras: Iterable[str]) -> str:
    """The name of the smallest lock that holds these extras, or as many of them as any."""
    asked = set(extras)
    for name in ("headless", "bundle"):
        if name in asked:
            return name if asked <= LOCKED_GROUPS[name] else "tests"
    return "tests" if "dev" in asked else "window" if "ui" in asked else "program"


def lock_calls(extras: Sequence[str], folder: Path = LOCK) -> list[list[str]]:
    """pip's arguments, call by call, for all that is locked but torch."""
    name = lock_for(extras)
    hashed = ["--require-hashes", "--no-deps"]
    files = [name, *(["interpreter"] if "interpreter" in extras and name in FOR_TESTS else [])]
    calls = [[*hashed, *(part for file in files for part in ("--requirement", str(folder / f"{file}.txt")))]]
    if name in FOR_TESTS:
        # Built from source, by the build tools of the call before: pip would fetch others, which no lock names.
        calls.append([*hashed, "--no-build-isolation", "--requirement", str(folder / "built.txt")])
    return calls
