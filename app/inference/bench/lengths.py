"""Lengths and batches as people write them: 2k is 2,048 tokens, 1M is 1,048,576; 8,64 is two batches."""

from __future__ import annotations

import re

from app.core.errors import UserError

DEFAULT_LENGTHS = (2 << 10, 8 << 10, 32 << 10, 128 << 10)
LONG_LENGTHS = (*DEFAULT_LENGTHS, 512 << 10, 1 << 20)

MAX_LENGTH = 1 << 24
"""A bound on nonsense: sixteen times the longest length of the report."""

MAX_SEQUENCES = 4096

_LENGTH = re.compile(r"([0-9]{1,9})([kKmM]?)")
_FACTOR = {"": 1, "k": 1 << 10, "m": 1 << 20}


def parse_lengths(text: str) -> tuple[int, ...]:
    """Comma-separated lengths in ascending order, each once; UserError names what is none."""
    return tuple(sorted({_parse(part.strip()) for part in text.split(",")}))


def parse_batches(text: str) -> tuple[int, ...]:
    """Comma-separated numbers of sequences in ascending order, each once; UserError names what is none."""
    numbers = set()
    for part in text.split(","):
        word = part.strip()
        if not (word.isascii() and word.isdecimal() and len(word) < 6 and 1 <= int(word) <= MAX_SEQUENCES):
            raise UserError(f'"{word}" is not a number of sequences: give numbers such as 8,64, up to {MAX_SEQUENCES}')
        numbers.add(int(word))
    return tuple(sorted(numbers))


def _parse(text: str) -> int:
    found = _LENGTH.fullmatch(text)
    length = int(found[1]) * _FACTOR[found[2].lower()] if found else 0
    if not 1 <= length <= MAX_LENGTH:
        raise UserError(f'"{text}" is not a length: give tokens such as 2k or 131072, from 1 to {label(MAX_LENGTH)}')
    return length


def label(length: int) -> str:
    """The short way to write a length: 2k, 1M, 1,000."""
    for unit, factor in (("M", 1 << 20), ("k", 1 << 10)):
        if length % factor == 0 and length:
            return f"{length // factor}{unit}"
    return f"{length:,}"
