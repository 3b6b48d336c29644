"""Messages survive the way over the pipe, and nothing else passes for one."""

from __future__ import annotations

import contextlib
import json
import pickle
import struct
import typing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.inference.generator import FinishReason, Generation, Sampling, SavedState, StatePage, Usage
from app.worker.messages import (
    Event,
    Fork,
    Generate,
    Generated,
    Inspected,
    LoadModel,
    LoadState,
    ReadDone,
    Request,
    StateSaved,
    TextChunk,
)
from app.worker.wire import WireError, decode, encode

SAVED = SavedState("{}", 200, "ab", b"\x00r", (StatePage(0, 128, "d1", b"page"), StatePage(128, 200, "d2", None)))

_texts = st.text(max_size=20)
_bytes = st.binary(max_size=50)
_integers = st.integers(-(2**63), 2**63)
_floats = st.floats(allow_nan=False, allow_infinity=False)
for _name, _strategy in ((str, _texts), (bytes, _bytes), (int, _integers), (float, _floats)):
    st.register_type_strategy(_name, _strategy)
_messages = st.one_of(
    *(st.builds(cls) for cls in typing.get_args(Request) + typing.get_args(Event) if cls is not Inspected)
)


@settings(max_examples=400, deadline=None)
@given(_messages)
def test_every_message_arrives_as_it_was_sent(message: Request | Event) -> None:
    """Whatever its fields hold: nested values, bytes of any length, any text."""
    assert decode(encode(message)) == message


@pytest.mark.parametrize(
    "message",
    [
        StateSaved(4, SAVED),
        LoadState(5, 9, SAVED),
        LoadModel(1, "/m\udcff", "m", "auto", None, None, None),
        Generated(2, (Generation("a\U0001f600", (1, 2), FinishReason.STOP),), Usage(1, 2.5, 3, 0.1)),
        Inspected(1, {"torch": {"version": "2", "threads": 2, "mps": False}}),
        Generate(7, (1, 2), ((1, 2, 3), ()), (Sampling(seed=3),) * 2, 9),
    ],
)
def test_values_of_every_kind(message: Request | Event) -> None:
    """Pages with and without bytes, lone surrogates in a path, enums, empty prompts, facts of any kind."""
    arrived = decode(encode(message))
    assert arrived == message
    assert type(arrived) is type(message)


def test_the_layout_of_a_frame() -> None:
    """Length, header, bytes: as the module's description draws it."""
    frame = encode(ReadDone(3, False, 1, b"\x01\x02\x03\x04", Usage()))
    (length,) = struct.unpack_from("<I", frame)
    header = json.loads(frame[4 : 4 + length])
    assert header == {"type": "ReadDone", "fields": [3, False, 1, 4, [0, 0.0, 0, 0.0]]}
    assert frame[4 + length :] == b"\x01\x02\x03\x04"


@settings(max_examples=300, deadline=None)
@given(_messages, st.data())
def test_a_damaged_frame_is_refused_or_is_another_message(message: Request | Event, data: st.DataObject) -> None:
    """Cut short it is refused; with a byte changed it is refused or read as plain values, never anything worse."""
    frame = bytearray(encode(message))
    with pytest.raises(WireError):
        decode(bytes(frame[: data.draw(st.integers(0, len(frame) - 1))]))
    frame[data.draw(st.integers(0, len(frame) - 1))] ^= data.draw(st.integers(1, 255))
    with contextlib.suppress(WireError):
        decode(bytes(frame))


def _frame(header: object, rest: bytes = b"") -> bytes:
    body = json.dumps(header).encode()
    return struct.pack("<I", len(body)) + body + rest


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        pickle.dumps(Fork(1, 2, 3)),
        _frame({"type": "Unknown", "fields": []}),
        _frame({"type": "Fork", "fields": [1, 2]}),
        _frame({"type": "Fork", "fields": [1, 2, 3, 4]}),
        _frame({"type": "Fork", "fields": [1, 2, "3"]}),
        _frame({"type": "Fork", "fields": [True, 2, 3]}),
        _frame({"type": "Fork", "fields": [1, 2, 3]}, b"more"),
        _frame({"type": "Read", "fields": [1, 2, [1, None], []]}),
        _frame({"type": "Read", "fields": [1, 2, [1, 2], [[1]]]}),
        _frame({"type": "ReadDone", "fields": [1, False, 1, -1, [0, 0, 0, 0]]}),
        _frame({"type": "ReadDone", "fields": [1, False, 1, 10**12, [0, 0, 0, 0]]}),
        _frame({"type": "Scored", "fields": [1, 10**400]}),
        _frame({"type": "Scored", "fields": [1, float("nan")]}),
        _frame({"type": "Scored", "fields": [1, float("inf")]}),
        _frame({"type": "Inspected", "fields": [1, {"a": {"b": float("nan")}}]}),
        struct.pack("<I", 36) + b'{"type":"Scored","fields":[1,1e999]}',
        _frame([[[[]]]]),
        struct.pack("<I", 2**31) + b"{}",
        _frame(0)[:4] + b"[" * 100_000,
    ],
)
def test_what_is_no_message(frame: bytes) -> None:
    """Other classes, fields too few or many or of another type, bytes missing or left over, a pickle."""
    with pytest.raises(WireError):
        decode(frame)


def test_what_cannot_be_sent() -> None:
    """A value of an unknown class is a mistake of ours, found where it is made."""
    with pytest.raises(TypeError):
        encode(TextChunk(1, 0, object()))  # type: ignore[arg-type]
