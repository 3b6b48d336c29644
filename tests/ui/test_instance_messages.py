from __future__ import annotations

import os
from pathlib import Path

import pytest

from app.ui.instance_messages import MAX_MESSAGE_BYTES, MessageError, Opening, framed, opening, openings, unframed


def arrived(stream: bytes) -> list[Opening]:
    """All messages of a stream."""
    found = []
    while (part := unframed(stream)) is not None:
        body, stream = part
        found.append(opening(body))
    assert stream == b""
    return found


def test_files_arrive_as_they_were() -> None:
    """Any name does: with quotes, line ends, other scripts, and bytes that are no text."""
    files = tuple(Path("/x") / name for name in ('a "b"\n', "Übung 你", os.fsdecode(b"d\xe9j\xe0")))
    assert arrived(b"".join(openings(files, "token"))) == [Opening(files, "token")]


def test_no_file_is_a_message_too() -> None:
    """A second start without files only shows the window."""
    assert arrived(b"".join(openings([], ""))) == [Opening()]


def test_many_files_are_several_messages() -> None:
    """Each within the limit; none is lost."""
    files = [Path(f"/folder/{'ü' * 100}/{number}.pdf") for number in range(2000)]
    messages = list(openings(files, ""))
    assert len(messages) > 1 and max(map(len, messages)) <= MAX_MESSAGE_BYTES
    assert [file for message in messages for file in arrived(message)[0].files] == files


def test_a_message_comes_in_pieces() -> None:
    """Nothing is read before all of it is there."""
    (message,) = openings([Path("/a")], "")
    assert [unframed(message[:length]) for length in (0, 3, 4, len(message) - 1)] == [None] * 4


def test_a_message_has_an_end() -> None:
    """A length beyond the limit is refused before anything is kept of it."""
    with pytest.raises(MessageError, match="expected at most"):
        unframed((MAX_MESSAGE_BYTES + 1).to_bytes(4, "big"))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff",
        b"[" * 100_000,
        b"[]",
        b"{}",
        b'{"files": "/a"}',
        b'{"files": [1]}',
        b'{"files": ["relative.pdf"]}',
        b'{"files": ["/a\\u0000b"]}',
        b'{"files": [], "token": 1}',
        b'{"files": [], "token": "a\\u0000"}',
    ],
)
def test_foreign_messages_are_refused(body: bytes) -> None:
    """Nothing but lists of whole paths gets through."""
    with pytest.raises(MessageError):
        opening(body)


def test_a_frame_begins_with_its_length() -> None:
    """Four bytes, the largest first."""
    assert framed({}) == b"\x00\x00\x00\x02{}"
