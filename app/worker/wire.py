"""Messages as bytes and back: a JSON header, then the raw bytes of its `bytes` fields. Never a pickle.

    4 bytes   length of the header, little-endian
    header    {"type": class name, "fields": [...]} in UTF-8; a bytes value stands as its length
    the rest  those values' bytes, in order of appearance

What comes in is checked against the fields' types: the other side has run on a stranger's model files.
"""

from __future__ import annotations

import json
import struct
import types
import typing
from collections.abc import Callable, Sequence
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from math import isfinite
from typing import Any, Literal, Union

from app.core.errors import InternalError
from app.worker.messages import Event, Request

MAX_FRAME_BYTES = 1 << 30
"""A larger frame is no message of ours: a state of the 9B takes 25 MiB."""

_CLASSES: dict[str, type] = {cls.__name__: cls for cls in typing.get_args(Request) + typing.get_args(Event)}

_Decode = Callable[[Any, "_Attachments"], Any]


class WireError(InternalError):
    """Bytes that are no message."""

    default_code = "protocol"


def encode(message: Request | Event) -> bytes:
    """One frame."""
    attachments: list[bytes] = []
    body = {"type": type(message).__name__, "fields": _fields_out(message, attachments)}
    # A lone surrogate, which a file name may hold, passes as an escape.
    header = json.dumps(body, separators=(",", ":")).encode("ascii")
    return b"".join((struct.pack("<I", len(header)), header, *attachments))


def decode(frame: bytes) -> Request | Event:
    """The message in a frame. WireError."""
    try:
        (length,) = struct.unpack_from("<I", frame)
        body = json.loads(frame[4 : 4 + length], parse_constant=_refuse_constant)
        attachments = _Attachments(frame, 4 + length)
        message = _decoder(_CLASSES[body["type"]])(body["fields"], attachments)
        attachments.finish()
    except (struct.error, ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise WireError(f"no message of ours ({error!r:.200})") from error
    return typing.cast(Request | Event, message)


def _fields_out(message: Any, attachments: list[bytes]) -> list[Any]:
    return [_value_out(getattr(message, f.name), attachments) for f in fields(message)]


def _value_out(value: Any, attachments: list[bytes]) -> Any:
    if value is None or isinstance(value, bool | int | float | str):
        return value.value if isinstance(value, Enum) else value
    if isinstance(value, bytes):
        attachments.append(value)
        return len(value)
    if isinstance(value, tuple | list):
        # Token ids come by the hundred thousand: they need no look at each.
        return (
            value
            if value and all(type(item) is int for item in value)
            else [_value_out(item, attachments) for item in value]
        )
    if isinstance(value, dict):
        return {key: _value_out(item, attachments) for key, item in value.items()}
    if is_dataclass(value):
        return _fields_out(value, attachments)
    raise TypeError(f"{type(value).__name__} cannot be sent")


class _Attachments:
    """The bytes behind the header, taken in order."""

    def __init__(self, frame: bytes, start: int) -> None:
        self._frame = memoryview(frame)
        self._position = start

    def take(self, length: int) -> bytes:
        end = self._position + length
        if length < 0 or end > len(self._frame):
            raise ValueError("it is cut short")
        data = bytes(self._frame[self._position : end])
        self._position = end
        return data

    def finish(self) -> None:
        if self._position != len(self._frame):
            raise ValueError("bytes are left over")


@cache
def _decoder(kind: Any) -> _Decode:
    """A function from a JSON value to a value of this type."""
    if hasattr(kind, "__supertype__"):  # NewType
        return _decoder(kind.__supertype__)
    if kind is Any:
        return lambda value, _: value
    origin, args = typing.get_origin(kind), typing.get_args(kind)
    if origin in (Union, types.UnionType):
        (inner,) = [_decoder(arg) for arg in args if arg is not type(None)]
        return lambda value, rest: None if value is None else inner(value, rest)
    if origin is Literal:
        return _one_of(args)
    if origin is tuple:
        return _tuple_decoder(args)
    if origin is dict:
        inner = _decoder(args[1])
        return lambda value, rest: {key: inner(item, rest) for key, item in _checked(dict, value).items()}
    if is_dataclass(kind):
        return _dataclass_decoder(typing.cast(type, kind))
    if issubclass(kind, Enum):
        return lambda value, _: kind(value)
    if kind is bytes:
        return lambda value, rest: rest.take(_checked(int, value))
    if kind is float:
        return lambda value, _: _finite(_checked((int, float), value))
    return lambda value, _: _checked(kind, value)


def _dataclass_decoder(kind: type) -> _Decode:
    hints = typing.get_type_hints(kind)
    decoders = [_decoder(hints[f.name]) for f in fields(kind)]

    def decode_fields(value: Any, rest: _Attachments) -> Any:
        found = _checked(list, value)
        if len(found) != len(decoders):
            raise ValueError(f"{kind.__name__} has {len(decoders)} fields, found {len(found)}")
        return kind(*(decoder(item, rest) for decoder, item in zip(decoders, found, strict=True)))

    return decode_fields


def _tuple_decoder(args: Sequence[Any]) -> _Decode:
    if len(args) == 2 and args[1] is Ellipsis:
        if args[0] is int:
            return lambda value, _: _integers(value)
        inner = _decoder(args[0])
        return lambda value, rest: tuple(inner(item, rest) for item in _checked(list, value))
    decoders = [_decoder(arg) for arg in args]
    return lambda value, rest: tuple(
        decoder(item, rest) for decoder, item in zip(decoders, _checked(list, value), strict=True)
    )


def _integers(value: Any) -> tuple[int, ...]:
    if not all(type(item) is int for item in _checked(list, value)):
        raise TypeError("expected integers")
    return tuple(value)


def _finite(value: float) -> float:
    """NaN and infinity would go on into sums, bars and files."""
    if not isfinite(value):
        raise ValueError(f"{value} where a number was expected")
    return float(value)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _one_of(values: Sequence[Any]) -> _Decode:
    def decode_literal(value: Any, _: _Attachments) -> Any:
        if value not in values:
            raise ValueError(f"{value!r:.40} is none of {values}")
        return value

    return decode_literal


def _checked(kind: Any, value: Any) -> Any:
    # bool is an int to Python, not to us.
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise TypeError(f"{type(value).__name__}, expected {kind}")
    return value
