"""Paths that are no plain file, and files that do not stay as they are while they are read."""

from __future__ import annotations

import os
import random
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.torture.hostile_case import Case, case
from tests.torture.pdf_by_hand import pdf
from tests.torture.programs import beside

GIB = 1 << 30
PROSE = "The ferry leaves the island at seven in the morning.\n\n"


def special_files() -> list[Case]:
    """What a path may lead to that is no document."""
    return [
        case("a named pipe", _pipe, "special"),
        case("/dev/zero", lambda folder: _link(folder, "/dev/zero"), "special"),
        case("/dev/stdin", lambda folder: _link(folder, "/dev/stdin"), "special missing"),
        case("a socket", _socket, "special"),
        case("a folder", _folder, "folder"),
        case("nothing", lambda folder: folder / "a.pdf", "missing"),
        case("a link to nothing", lambda folder: _link(folder, "nowhere"), "missing"),
        case("a link to itself", lambda folder: _link(folder, "a.pdf"), "unreadable missing"),
        case("links in a circle", _circle, "unreadable missing"),
        case("a path of 5,000 characters", lambda folder: folder / ("a/" * 2500) / "a.pdf", "unreadable missing"),
        case("a name of 300 characters", lambda folder: folder / ("a" * 300), "unreadable missing"),
        case("a file below a file", _below, "unreadable missing"),
        case("an empty file", lambda folder: _file(folder, b""), "empty"),
        case("a file of the kernel", lambda folder: _link(folder, "/proc/self/status"), "empty"),
        case("a hollow file of 10 GiB", lambda folder: _hollow(folder, b"%PDF-1.7\n", 10 * GIB), "too-large"),
        case("a hollow PDF of 900 MiB", lambda folder: _hollow(folder, pdf(), 900 << 20), "read damaged", heavy=True),
        case(
            "a hollow text of 300 MiB",
            lambda folder: _hollow(folder, PROSE.encode() * 500, 300 << 20, ".txt"),
            "read damaged too-large no-text",
            heavy=True,
        ),
        case("a link to a document", _link_to_document, "read"),
    ]


def _file(folder: Path, data: bytes, suffix: str = ".pdf") -> Path:
    path = folder / f"a{suffix}"
    path.write_bytes(data)
    return path


def _link(folder: Path, target: str) -> Path:
    path = folder / "a.pdf"
    path.symlink_to(target)
    return path


def _pipe(folder: Path) -> Path:
    os.mkfifo(folder / "a.pdf")
    return folder / "a.pdf"


def _socket(folder: Path) -> Path:
    # A socket's path may be no longer than about 100 bytes.
    with socket.socket(socket.AF_UNIX) as made:
        here = Path.cwd()
        os.chdir(folder)
        try:
            made.bind("a.pdf")
        finally:
            os.chdir(here)
    return folder / "a.pdf"


def _folder(folder: Path) -> Path:
    (folder / "a.pdf").mkdir()
    return folder / "a.pdf"


def _circle(folder: Path) -> Path:
    (folder / "b.pdf").symlink_to("a.pdf")
    return _link(folder, "b.pdf")


def _below(folder: Path) -> Path:
    return _file(folder, b"x", ".txt") / "a.pdf"


def _hollow(folder: Path, start: bytes, size: int, suffix: str = ".pdf") -> Path:
    path = _file(folder, start, suffix)
    os.truncate(path, size)
    return path


def _link_to_document(folder: Path) -> Path:
    (folder / "b.pdf").write_bytes(pdf())
    return _link(folder, "b.pdf")


Change = Callable[[Path, bytes, random.Random], None]


def _shrink(path: Path, whole: bytes, chance: random.Random) -> None:
    path.write_bytes(whole)
    os.truncate(path, chance.randrange(len(whole)))


def _grow(path: Path, whole: bytes, chance: random.Random) -> None:
    with path.open("ab") as stream:
        stream.write(whole[: chance.randrange(len(whole))])


def _vanish(path: Path, whole: bytes, chance: random.Random) -> None:
    path.unlink(missing_ok=True)
    path.write_bytes(whole)


def _scribble(path: Path, whole: bytes, chance: random.Random) -> None:
    with path.open("r+b") as stream:
        stream.seek(chance.randrange(len(whole)))
        stream.write(chance.randbytes(100))


CHANGES: dict[str, Change] = {
    "shrinks": _shrink,
    "grows": _grow,
    "comes and goes": _vanish,
    "is scribbled on": _scribble,
}
RESTLESS_MAY = frozenset(
    [
        "read",
        "changed",
        "damaged",
        "missing",
        "unreadable",
        "empty",
        "format",
        "no-text",
        "too-large",
        "password",
        "encrypted",
    ]
)
"""A restless file may be any of these at any moment."""
_MOST_BYTES = 2 << 20


@contextmanager
def restless(path: Path, change: Change, seed: int) -> Iterator[None]:
    """Let a file change again and again, many times a second."""
    whole = path.read_bytes()
    chance = random.Random(seed)

    def run(over: threading.Event) -> None:
        while not over.wait(chance.uniform(0.0, 0.03)):
            with suppress(OSError):
                change(path, whole, chance)
                if path.stat().st_size > _MOST_BYTES:
                    path.write_bytes(whole)

    with beside(run):
        yield
