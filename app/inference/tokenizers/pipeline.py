"""What a `tokenizer.json` does to a text before it looks for pieces, and whether it is modest.

The file is a small program: steps that replace, normalise and split. Forty that double a text are soon written, and the
library that runs them ends the whole program where memory lacks.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from tokenizers import Tokenizer

from app.inference.tokenizers.base import damaged_tokenizer

MAX_STEPS = 16
"""Steps before the pieces are looked for; published tokenizers have up to four."""
MAX_GROWTH = 64.0
"""How much longer they may make a text, by their own account; Gemma's make none longer."""
MAX_PREFIX = 64
"""Tokens that may be put around a text."""

_CHARSMAP = re.compile(rb'"precompiled_charsmap"\s*:\s*"')
_ESCAPED = re.compile(rb"\\u00([2-7][0-9a-fA-F])")
_GROWTH = {"NFKD": 2.0, "NFKC": 2.0, "NFD": 2.0, "NFC": 2.0, "ByteLevel": 2.0, "Metaspace": 2.0, "Prepend": 2.0}


def require_no_charsmap(content: bytes, name: str) -> None:
    """CheckpointError for a file with a table of characters, which no Griffin's has: the library trusts its sizes."""
    plain = _ESCAPED.sub(lambda match: bytes([int(match[1], 16)]), content)
    if _CHARSMAP.search(plain):
        raise damaged_tokenizer(name, "it has a precompiled_charsmap, which is not supported")


def require_modest(library: Tokenizer, name: str) -> None:
    """CheckpointError where the steps are too many, or make a text much longer."""
    steps = [*_steps(_state(library.normalizer)), *_steps(_state(library.pre_tokenizer))]
    if len(steps) > MAX_STEPS:
        raise damaged_tokenizer(name, f"it has {len(steps)} steps, expected at most {MAX_STEPS}")
    growth = 1.0
    for step in steps:
        growth *= _growth(step)
    if growth > MAX_GROWTH:
        found = f"{min(growth, 1e9):,.0f}"
        raise damaged_tokenizer(name, f"it may make a text {found} times as long, expected at most {MAX_GROWTH:g}")
    around = sum(map(_put_around, _steps(_state(library.post_processor))))
    if around > MAX_PREFIX:
        raise damaged_tokenizer(name, f"it puts {around} tokens around a text, expected at most {MAX_PREFIX}")


def _state(part: Any) -> dict[str, Any]:
    """A part of the pipeline as its JSON object; empty where there is none."""
    return {} if part is None else dict(json.loads(part.__getstate__()))


def _steps(part: dict[str, Any]) -> Iterator[dict[str, Any]]:
    inner = [one for key in ("normalizers", "pretokenizers", "processors") for one in part.get(key, ())]
    if part.get("type") != "Sequence":
        yield from [part] if part else []
    for one in inner:
        yield from _steps(one)


def _growth(step: dict[str, Any]) -> float:
    if step.get("type") != "Replace":
        return _GROWTH.get(str(step.get("type")), 1.0) + len(str(step.get("prepend", "")))
    content = len(str(step.get("content", "")))
    pattern = step.get("pattern", {})
    replaced = len(str(pattern["String"])) if "String" in pattern else 0
    # Nothing stands before and after each character.
    return max(1.0, content / replaced) if replaced else 1.0 + content


def _put_around(processor: dict[str, Any]) -> int:
    """Tokens that a template puts around a single text."""
    special = processor.get("special_tokens", {})
    names = [part["SpecialToken"]["id"] for part in processor.get("single", ()) if "SpecialToken" in part]
    if not isinstance(special, dict):
        return len(names)
    return sum(len(special.get(name, {}).get("ids", ())) for name in names)
