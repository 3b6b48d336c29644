"""What two starts of the program say to each other: a length of four bytes, then a JSON object."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

MAX_MESSAGE_BYTES = 256 * 1024
HEADER_BYTES = 4
MAX_TOKEN_LETTERS = 1024


@dataclass(frozen=True, slots=True)
class Opening:
    """Files to be opened, as whole paths; none asks for the window only."""

    files: tuple[Path, ...] = ()
    token: str = ""
    """With which the desktop lets the window come to the front (Wayland); "" elsewhere."""


class MessageError(ValueError):
    """Bytes that no start of this program sends."""


def openings(files: Sequence[Path], token: str) -> Iterator[bytes]:
    """Messages that hand over all files, each within the size limit; at least one."""
    batch: list[str] = []
    size = 0
    for path in files:
        # A name that is not UTF-8 has surrogates in Python, which JSON can spell: at most 6 bytes for each character.
        length = 6 * len(str(path)) + 4
        if batch and size + length > MAX_MESSAGE_BYTES // 2:
            yield framed({"files": batch, "token": token})
            batch, size = [], 0
        batch.append(str(path))
        size += length
    yield framed({"files": batch, "token": token})


def framed(content: dict[str, object]) -> bytes:
    """One message with its length in front."""
    body = json.dumps(content).encode("ascii")
    return len(body).to_bytes(HEADER_BYTES, "big") + body


def unframed(buffer: bytes) -> tuple[bytes, bytes] | None:
    """The first message's body and the bytes behind it; None while more must come. MessageError: too long."""
    if len(buffer) < HEADER_BYTES:
        return None
    length = int.from_bytes(buffer[:HEADER_BYTES], "big")
    if length > MAX_MESSAGE_BYTES:
        raise MessageError(f"a message of {length} bytes, expected at most {MAX_MESSAGE_BYTES}")
    end = HEADER_BYTES + length
    return None if len(buffer) < end else (buffer[HEADER_BYTES:end], buffer[end:])


def opening(body: bytes) -> Opening:
    """What a message asks for. MessageError: it is none of ours."""
    try:
        content = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise MessageError("a message that is not JSON") from error
    if not isinstance(content, dict):
        raise MessageError("a message that is no object")
    names, token = content.get("files"), content.get("token", "")
    if not isinstance(names, list) or not isinstance(token, str) or len(token) > MAX_TOKEN_LETTERS or "\0" in token:
        raise MessageError("a message without a list of files")
    if not all(isinstance(name, str) and "\0" not in name and Path(name).is_absolute() for name in names):
        raise MessageError("a message with a file that is no whole path")
    return Opening(tuple(Path(name) for name in names), token)
