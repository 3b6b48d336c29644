"""Models with bytes or values changed at random in one of their files."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.torture.hostile_model_case import (
    WEIGHTS,
    Case,
    all_of,
    either,
    gemma_tokenizer,
    with_bytes,
    with_header,
    without,
)
from tests.torture.trial import Ground

MUTANTS = 60
"""Of each file at full scale."""
_BYTES_ALONE = 4
"""One of so many JSON files has bytes changed, which few parsers get over; the others are JSON still."""
_OF_ONE = 40
_NAMED = ("model.", "config.json", "config:", "tokenizer", "chat template", "chat_template.jinja")
_VALUES: tuple[Any, ...] = (
    None, True, -1, 0, 1, 2, 7, 300, 2**31, 2**32 - 1, 2**63, 2**64, -(2**63), 10**400, 0.5, -0.0, 1e300, float("nan"),
    float("inf"), "", "x", "<bos>", "F16", "\x1b[31m\n", "\ud800", "x" * 5000, [], [1], [[]], {}, {"a": 1}, ["x"] * 999,
)  # fmt: skip


def mutants(ground: Ground, sound: Path) -> list[Case]:
    """So many for each file of a model; the same for the same seed."""
    chance = random.Random(ground.seed)
    weights = (sound / WEIGHTS).read_bytes()
    start = 8 + int.from_bytes(weights[:8], "little")

    def header(content: bytes) -> bytes:
        return with_header(content, weights[start:])

    made: dict[str, tuple[bytes, Callable[[bytes], bytes]]] = {WEIGHTS: (weights[8:start], header)}
    for name in ("config.json", "tokenizer.json", "tokenizer_config.json", "chat_template.jinja"):
        made[name] = (sound / name).read_bytes(), bytes
    made["tokenizer.model"] = gemma_tokenizer(), bytes
    cases = []
    for name, (content, whole) in made.items():
        for number in range(ground.count(MUTANTS)):
            harmed = _json if content[:1] == b"{" and name[-5:] != "jinja" and number % _BYTES_ALONE else _bytes
            change = with_bytes(name, whole(harmed(content, chance)))
            if name == "tokenizer.model":
                change = all_of(without("tokenizer.json"), change)
            cases.append(either(f"{name} {number} of seed {ground.seed}", change, *_NAMED))
    return cases


def _bytes(content: bytes, chance: random.Random) -> bytes:
    """A byte changed, mostly by a bit; or some taken out, put in or put elsewhere."""
    data = bytearray(content)
    for _ in range(chance.choice((1, 1, 2, 8))):
        at = chance.randrange(len(data))
        match chance.randrange(6):
            case 0:
                data[at : at + chance.randrange(1, 9)] = b""
            case 1:
                data[at:at] = chance.choice((b"0", b"9" * 20, b"-", b'"', b"}", b"\xff" * 4, b"\0" * 8, b"1e999"))
            case 2:
                start = chance.randrange(len(data))
                data[at : at + 16] = data[start : start + 16]
            case _:
                data[at] ^= 1 << chance.randrange(8)
    return bytes(data)


def _json(content: bytes, chance: random.Random) -> bytes:
    """Values changed, taken out or put in another's place."""
    value = json.loads(content)
    for _ in range(chance.choice((1, 1, 1, 3))):
        target, key = chance.choice(_places(value) or [({0: 0}, 0)])
        match chance.randrange(6):
            case 0:
                del target[key]
            case 1:
                other, of = chance.choice(_places(value))
                target[key] = json.loads(json.dumps(other[of]))
            case _:
                target[key] = chance.choice(_VALUES)
    return json.dumps(value).encode()


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Every place in a value; of a large object, such as a vocabulary, the first ones."""
    if not isinstance(value, dict | list):
        return []
    keys = list(value) if isinstance(value, dict) else list(range(len(value)))
    return [place for key in keys[:_OF_ONE] for place in ((value, key), *_places(value[key]))]
