"""The tokens that were put into a `tokenizer.json` by hand, read without the rest of a file of 20 to 35 MB."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

_KEY = re.compile(rb'"added_tokens"\s*:\s*(?=\[)')
_LONGEST = 8 << 20
"""Bytes of the list at most: 6,000 tokens take one million."""


@dataclass(frozen=True, slots=True)
class AddedToken:
    """One of them: its id, its text, and whether it is marked as no text at all."""

    id: int
    content: str
    special: bool


def added_tokens(content: bytes) -> tuple[AddedToken, ...] | None:
    """The added tokens of a tokenizer.json; None where it has no such list that can be read."""
    key = _KEY.search(content)
    if key is None:
        return None
    text = content[key.end() : key.end() + _LONGEST].decode("utf-8", "replace")
    try:
        found, _ = json.JSONDecoder().raw_decode(text)
        return tuple(AddedToken(int(of["id"]), str(of["content"]), bool(of.get("special"))) for of in found)
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
        return None
