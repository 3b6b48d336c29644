"""What can become of a database's bytes on a disk: kinds of damage, each made again by its seed."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable

_HEAD = 100
"""Bytes of SQLite's header, at the beginning of the first page."""
_LEAVES, _INNER = (0x0D, 0x0A), (0x05, 0x02)
TEXT = b"Dear diary, this is no database.\n" * 40


def page_bytes(data: bytes) -> int:
    """Of the database's pages."""
    size = struct.unpack(">H", data[16:18])[0]
    return 65536 if size == 1 else int(size)


def _pages(data: bytes, kinds: tuple[int, ...]) -> list[int]:
    """Numbers, from 0, of the pages that begin as b-tree pages of these kinds do."""
    size = page_bytes(data)
    found = [n for n in range(1, len(data) // size) if data[n * size] in kinds]
    return found or [len(data) // size - 1]


def _flip(data: bytes, chance: random.Random, at: range, count: int) -> bytes:
    changed = bytearray(data)
    for place in chance.choices(at, k=count):
        changed[place] ^= 1 << chance.randrange(8)
    return bytes(changed)


def _in_page(data: bytes, number: int, first: int = 0, last: int | None = None) -> range:
    size = page_bytes(data)
    return range(number * size + first, number * size + (size if last is None else last))


def _flip_leaf(data: bytes, chance: random.Random) -> bytes:
    """Bits of rows and of index entries."""
    return _flip(data, chance, _in_page(data, chance.choice(_pages(data, _LEAVES))), chance.choice((1, 3, 20)))


def _flip_inner(data: bytes, chance: random.Random) -> bytes:
    """Bits of the pages that lead to others."""
    return _flip(data, chance, _in_page(data, chance.choice(_pages(data, _INNER))), chance.choice((1, 3, 20)))


def _flip_page_head(data: bytes, chance: random.Random) -> bytes:
    """Bits of a page's own header and its first pointers."""
    return _flip(data, chance, _in_page(data, chance.choice(_pages(data, _LEAVES + _INNER)), 0, 16), 1)


def _flip_anywhere(data: bytes, chance: random.Random) -> bytes:
    """Some bits, wherever they are."""
    return _flip(data, chance, range(len(data)), chance.choice((1, 10, 200)))


def _flip_schema(data: bytes, chance: random.Random) -> bytes:
    """Bits of the first page behind the header: what tables there are."""
    return _flip(data, chance, _in_page(data, 0, _HEAD), chance.choice((1, 5)))


def _flip_header(data: bytes, chance: random.Random) -> bytes:
    """One bit of the file's header."""
    return _flip(data, chance, range(_HEAD), 1)


def _zero_page(data: bytes, chance: random.Random) -> bytes:
    """One to three pages of zeros, as a disk gives them back that lost a block."""
    changed, size = bytearray(data), page_bytes(data)
    for _ in range(chance.randint(1, 3)):
        number = chance.randrange(len(data) // size)
        changed[number * size : (number + 1) * size] = bytes(size)
    return bytes(changed)


def _noise_page(data: bytes, chance: random.Random) -> bytes:
    """A page of anything."""
    changed, size = bytearray(data), page_bytes(data)
    number = chance.randrange(1, len(data) // size)
    changed[number * size : (number + 1) * size] = chance.randbytes(size)
    return bytes(changed)


def _swap_pages(data: bytes, chance: random.Random) -> bytes:
    """Two pages in each other's place."""
    size = page_bytes(data)
    pages = [data[n : n + size] for n in range(0, len(data), size)]
    a, b = chance.sample(range(1, len(pages)), 2)
    pages[a], pages[b] = pages[b], pages[a]
    return b"".join(pages)


def _cut(data: bytes, chance: random.Random) -> bytes:
    """The end is missing: anywhere, or whole pages."""
    size = page_bytes(data)
    place = chance.randrange(1, len(data))
    return data[: place if chance.random() < 0.5 else max(size, place // size * size)]


def _no_header(data: bytes, chance: random.Random) -> bytes:
    """The header is zeros, or anything."""
    return (bytes(_HEAD) if chance.random() < 0.5 else chance.randbytes(_HEAD)) + data[_HEAD:]


def _empty(data: bytes, chance: random.Random) -> bytes:
    """Nothing is left."""
    return b""


def _text(data: bytes, chance: random.Random) -> bytes:
    """Some other file has taken its place."""
    return TEXT


def _zeros(data: bytes, chance: random.Random) -> bytes:
    """As long as it was, and nothing in it."""
    return bytes(len(data))


DAMAGES: dict[str, Callable[[bytes, random.Random], bytes]] = {
    "bits of rows": _flip_leaf,
    "bits of inner pages": _flip_inner,
    "bits of page heads": _flip_page_head,
    "bits anywhere": _flip_anywhere,
    "bits of the schema": _flip_schema,
    "a bit of the header": _flip_header,
    "pages of zeros": _zero_page,
    "a page of noise": _noise_page,
    "pages swapped": _swap_pages,
    "cut": _cut,
    "header destroyed": _no_header,
    "empty": _empty,
    "another file": _text,
    "all zeros": _zeros,
}
"""By name, in words for the table."""


def damaged(data: bytes, seed: int, number: int) -> tuple[str, bytes]:
    """The damage of this number, and its name: each kind in turn."""
    name = list(DAMAGES)[number % len(DAMAGES)]
    return name, DAMAGES[name](data, random.Random(f"{name} {seed} {number}"))
