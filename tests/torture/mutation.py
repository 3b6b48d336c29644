"""Files that are broken on purpose: `mutant(kind, seed, number, bases)` makes the same one again, always."""

from __future__ import annotations

import io
import random
import re
import zipfile
import zlib
from collections.abc import Callable, Sequence

Bases = Sequence[bytes]
"""Whole files of one kind, in an order that stays."""

_NUMBER = re.compile(rb"\d+")
_TAG = re.compile(rb"<[^<>]{1,200}>")
_LARGE = (b"4294967296", b"2147483647", b"99999999999", b"-1", b"0", b"65536", b"18446744073709551616", b"1e308")
_HEAD = 64
"""Bytes at a file's beginning that most changes leave alone, or its kind would not be known any more."""


def mutant(kind: str, seed: int, number: int, bases: Bases) -> bytes:
    """The file of this number: one of the bases with one to three of the changes that fit its kind."""
    chance = random.Random(f"{kind} {seed} {number}")
    data = chance.choice(bases)
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        change = chance.choice(_CHANGES[kind])
        data = change(data, chance, bases)
    return data


def _flip(data: bytes, chance: random.Random, bases: Bases) -> bytes:
    """Single bits, few or many."""
    changed = bytearray(data)
    for _ in range(chance.choice((1, 3, 10, 50, 300))):
        if len(changed) > _HEAD:
            changed[chance.randrange(_HEAD, len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def _garble(data: bytes, chance: random.Random, bases: Bases) -> bytes:
    """A stretch of bytes that mean nothing."""
    start, end = _stretch(data, chance)
    return data[:start] + chance.randbytes(end - start) + data[end:]


def _zeros(data: bytes, chance: random.Random, bases: Bases) -> bytes:
    """A stretch of zeros, as a disk leaves it that lost a block."""
    start, end = _stretch(data, chance)
    return data[:start] + bytes(end - start) + data[end:]


def _cut(data: bytes, chance: random.Random, bases: Bases) -> bytes:
    """The end is missing, as after a download that broke off; rarely the beginning."""
    place = chance.randrange(1, max(2, len(data)))
    return data[place:] if chance.random() < 0.1 else data[:place]


def _lose(data: bytes, chance: random.Random, bases: Bases) -> bytes:
    """A stretch is missing: all that follows stands elsewhere."""
    start, end = _stretch(data, chance)
    return data[:start] + data[end:]


def _repeat(data: bytes, chance: random.Random, bases: Bases) -> bytes:
    """A stretch stands there several times."""
    start, end = _stretch(data, chance)
    return data[:start] + data[start:end] * chance.randint(2, 6) + data[end:]


def _splice(data: bytes, chance: random.Random, bases: Bases) -> bytes:
    """The first part of one file and the last of another."""
    other = chance.choice(bases)
    return data[: chance.randrange(1, max(2, len(data)))] + other[chance.randrange(0, max(1, len(other))) :]


def _enlarge(data: bytes, chance: random.Random, bases: Bases) -> bytes:
    """Numbers in the file's own words are made large, negative or nothing: lengths, places, counts, sizes."""
    found = list(_NUMBER.finditer(data))
    for match in sorted(chance.sample(found, min(len(found), chance.choice((1, 2, 5, 20)))), key=_start, reverse=True):
        data = data[: match.start()] + chance.choice(_LARGE) + data[match.end() :]
    return data


def _misname(data: bytes, chance: random.Random, bases: Bases) -> bytes:
    """Objects of a PDF point to others: loops, and things of another kind than is expected."""
    found = list(re.finditer(rb"\b(\d+) 0 R\b", data))
    for match in sorted(chance.sample(found, min(len(found), chance.choice((1, 3, 10)))), key=_start, reverse=True):
        data = data[: match.start()] + b"%d 0 R" % chance.randint(0, 1 + len(found)) + data[match.end() :]
    return data


def _break_tags(data: bytes, chance: random.Random, bases: Bases) -> bytes:
    """Tags are lost, torn, repeated a thousand times, or put elsewhere."""
    found = list(_TAG.finditer(data))
    for match in sorted(chance.sample(found, min(len(found), chance.choice((1, 3, 10, 40)))), key=_start, reverse=True):
        tag = match.group()
        other = chance.choice(found).group()
        torn, loose = tag[: len(tag) // 2], (b"<![CDATA[", b"&#x110000;", b"</" + tag[1:])
        put = chance.choice((b"", tag[:-1], torn, tag * 1000, other, *loose))
        data = data[: match.start()] + put + data[match.end() :]
    return data


def _inside(data: bytes, chance: random.Random, bases: Bases) -> bytes:
    """One member of a zip container is changed, and the container is whole: its check sums are right."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = [(name, archive.read(name)) for name in archive.namelist()]
    except (zipfile.BadZipFile, zlib.error, ValueError, OSError, NotImplementedError, RuntimeError, EOFError):
        return _flip(data, chance, bases)  # an earlier change has broken the container
    texts = [index for index, (name, _) in enumerate(members) if name.endswith(_TEXT_MEMBERS)] or [0]
    if not members:
        return data
    index = chance.choice(texts)
    name, content = members[index]
    change = chance.choice((*_TEXT_CHANGES, _lose_member, _empty))
    members[index] = (name, change(content, chance, [member for _, member in members]))
    if change is _lose_member:
        del members[index]
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(zipfile.ZipInfo(name), content, compress_type=zipfile.ZIP_DEFLATED)
    return target.getvalue()


def _lose_member(data: bytes, chance: random.Random, bases: Bases) -> bytes:
    return data


def _empty(data: bytes, chance: random.Random, bases: Bases) -> bytes:
    return b""


def _stretch(data: bytes, chance: random.Random) -> tuple[int, int]:
    start = chance.randrange(min(_HEAD, len(data)), len(data) + 1)
    return start, min(len(data), start + chance.choice((1, 16, 200, 4096, max(1, len(data) // 4))))


def _start(match: re.Match[bytes]) -> int:
    return match.start()


_TEXT_MEMBERS = (".xml", ".opf", ".ncx", ".xhtml", ".html", ".htm", ".rels")
_BYTE_CHANGES = (_flip, _garble, _zeros, _cut, _lose, _repeat, _splice)
_TEXT_CHANGES = (_break_tags, _break_tags, _enlarge, _flip, _garble, _cut, _lose, _repeat, _zeros)
Change = Callable[[bytes, random.Random, Bases], bytes]
_CHANGES: dict[str, tuple[Change, ...]] = {
    "pdf": (*_BYTE_CHANGES, _enlarge, _enlarge, _misname, _misname),
    "epub": (*_BYTE_CHANGES, *(_inside,) * len(_BYTE_CHANGES)),
    "docx": (*_BYTE_CHANGES, *(_inside,) * len(_BYTE_CHANGES)),
    "html": (*_BYTE_CHANGES, *_TEXT_CHANGES),
}
KINDS = tuple(_CHANGES)
