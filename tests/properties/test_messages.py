"""Messages cross the pipe whole, and bytes that are no message make one error, at once."""

from __future__ import annotations

import json
import os
import struct
import tracemalloc
import types
import typing
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from enum import Enum
from math import isfinite
from multiprocessing import Pipe
from typing import Any, Literal, Union

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.worker.channel import Channel, ChannelClosed
from app.worker.messages import Event, Request
from app.worker.wire import WireError, decode, encode
from tests.properties.profile import examples
from tests.properties.texts import hostile

CLASSES = typing.get_args(Request) + typing.get_args(Event)
_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | hostile,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(hostile, inner, max_size=3),
    max_leaves=6,
)


def _values(kind: Any) -> st.SearchStrategy[Any]:
    """Every value that a field of this type may hold."""
    if hasattr(kind, "__supertype__"):
        return _values(kind.__supertype__)
    origin, args = typing.get_origin(kind), typing.get_args(kind)
    if kind is Any:
        return _json
    if origin in (Union, types.UnionType):
        return st.one_of(*(_values(arg) for arg in args))
    if origin is Literal or (isinstance(kind, type) and issubclass(kind, Enum)):
        return st.sampled_from(args or list(kind))
    if origin is tuple and args[-1] is Ellipsis:
        return st.lists(_values(args[0]), max_size=4).map(tuple)
    if origin is tuple:
        return st.tuples(*map(_values, args))
    if origin is dict:
        return st.dictionaries(_values(args[0]), _values(args[1]), max_size=3)
    if is_dataclass(kind):
        hints = typing.get_type_hints(kind)
        return st.builds(kind, *(_values(hints[field.name]) for field in fields(kind)))
    plain: dict[Any, st.SearchStrategy[Any]] = {
        type(None): st.none(), bool: st.booleans(), int: st.integers(-(2**70), 2**70), str: hostile,
        float: st.floats(allow_nan=False, allow_infinity=False), bytes: st.binary(max_size=40),
    }  # fmt: skip
    return plain[kind]


messages = st.sampled_from(CLASSES).flatmap(_values)


def _fits(value: Any, kind: Any) -> bool:
    """Whether a value is one of a type, fields and items included."""
    if hasattr(kind, "__supertype__"):
        return _fits(value, kind.__supertype__)
    origin, args = typing.get_origin(kind), typing.get_args(kind)
    if kind is Any:
        return True
    if origin in (Union, types.UnionType):
        return any(_fits(value, arg) for arg in args)
    if origin is Literal:
        return value in args
    if origin is tuple:
        if args[-1] is Ellipsis:
            return type(value) is tuple and all(_fits(item, args[0]) for item in value)
        return type(value) is tuple and len(value) == len(args) and all(map(_fits, value, args))
    if origin is dict:
        return type(value) is dict and all(type(key) is str and _fits(item, args[1]) for key, item in value.items())
    if type(value) is not kind:
        return False
    if is_dataclass(kind):
        hints = typing.get_type_hints(kind)
        return all(_fits(getattr(value, field.name), hints[field.name]) for field in fields(kind))
    return not isinstance(value, float) or isfinite(value)


def _message_or_error(frame: bytes) -> None:
    try:
        message = decode(frame)
    except WireError as error:
        assert len(str(error)) < 400
    else:
        assert type(message) in CLASSES and _fits(message, type(message))


@examples(300)
@given(messages)
def test_every_message_arrives_as_it_was_sent(message: Request | Event) -> None:
    """Whatever its fields hold."""
    arrived = decode(encode(message))
    assert arrived == message and type(arrived) is type(message) and _fits(arrived, type(message))


@examples(200)
@given(st.binary(max_size=200) | st.binary(max_size=60).map(lambda body: struct.pack("<I", len(body)) + body))
def test_any_bytes(frame: bytes) -> None:
    """A message or an error."""
    _message_or_error(frame)


@examples(300)
@given(messages, st.data())
def test_mutated_frames(message: Request | Event, data: st.DataObject) -> None:
    """Bytes flipped, cut out, doubled, added: a known message with fields of their types, or an error."""
    frame = bytearray(encode(message))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(frame)))
        end = data.draw(st.integers(at, len(frame)))
        match data.draw(st.integers(0, 3)):
            case 0 if at < len(frame):
                frame[at] ^= data.draw(st.integers(1, 255))
            case 1:
                del frame[at:end]
            case 2:
                frame[at:at] = frame[at:end]
            case _:
                frame[at:at] = data.draw(st.binary(min_size=1, max_size=9))
    _message_or_error(bytes(frame))


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to every value inside a JSON value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, item in inner for place in _places(item, (*path, key)))]


_WRONG = (
    None, True, 0, -1, 1.5, 10**400, "", "x", [], {}, [[]], {"a": [1]}, "NaN", [0] * 9, 2**63, -(2**70), "\ud800",
)  # fmt: skip
_RAW = ("NaN", "Infinity", "-Infinity", "1e999", "9" * 5000, "[" * 50_000, '{"a":' * 50_000)


@examples(400)
@given(messages, st.data())
def test_a_wrong_value_in_any_field(message: Request | Event, data: st.DataObject) -> None:
    """Each place of the header with another value: what is let pass has the type that it must have."""
    frame = encode(message)
    (length,) = struct.unpack_from("<I", frame)
    header, rest = json.loads(frame[4 : 4 + length]), frame[4 + length :]
    place = data.draw(st.sampled_from(_places(header)[1:]))
    target = header
    for key in place[:-1]:
        target = target[key]
    target[place[-1]] = "\x00raw" if data.draw(st.booleans()) else data.draw(st.sampled_from(_WRONG))
    text = json.dumps(header).replace('"\\u0000raw"', data.draw(st.sampled_from(_RAW)))
    _message_or_error(struct.pack("<I", len(text)) + text.encode() + rest)


@pytest.mark.parametrize("claimed", [2**20, 2**31 - 1, 2**32 - 1])
def test_claims_take_no_memory(claimed: int) -> None:
    """Of a header's length, of attached bytes: what is claimed and not there is not made room for."""
    tracemalloc.start()
    header = b'{"type":"ReadDone","fields":[1,false,1,%d,[0,0,0,0]]}' % claimed
    for frame in (struct.pack("<I", claimed) + b"{}", struct.pack("<I", len(header)) + header):
        with pytest.raises(WireError):
            decode(frame)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1 << 20


@pytest.mark.parametrize(
    "sent",
    [
        struct.pack("!i", 2**31 - 1),
        struct.pack("!i", -1) + struct.pack("!Q", 2**63),
        struct.pack("!i", -1) + struct.pack("!Q", 2**40),
        struct.pack("!i", -5),
        struct.pack("!i", 3) + b"abc",
        struct.pack("!i", 0),
    ],
)
def test_a_channel_ends_with_nonsense(sent: bytes) -> None:
    """Lengths beyond any message of ours end it before anything is read; so does what is no message."""
    ours, theirs = Pipe()
    os.write(theirs.fileno(), sent)
    with pytest.raises(ChannelClosed):
        Channel(ours).receive()
    theirs.close()
    ours.close()


@examples(60, share=0.2)
@given(st.lists(messages, min_size=1, max_size=4))
def test_messages_in_a_row(sent: list[Request | Event]) -> None:
    """Over a real pipe, in order, and then its end."""
    ours, theirs = Pipe()
    receiving, sending = Channel(ours), Channel(theirs)
    for message in sent:
        sending.send(message)
    assert [receiving.receive() for _ in sent] == sent
    sending.close()
    _raises(ChannelClosed, receiving.receive)
    receiving.close()


def _raises(kind: type[Exception], action: Callable[[], object]) -> None:
    with pytest.raises(kind):
        action()
