"""Whether the compressed parts of a PDF are whole.

PDFium makes what it can of a font, a character map or a page whose stream is damaged, and says nothing: half of the
letters may be gone without a gap. Most parts of a PDF are compressed by zlib, which ends each with a checksum (RFC
1950), so damage shows when they are unpacked once more.
"""

from __future__ import annotations

import mmap
import re
import zlib
from collections.abc import Iterator
from pathlib import Path

_STREAM = re.compile(rb"stream(?:\r\n|\n|\r(?!\n))")
_FLATE_FIRST = re.compile(rb"/Filter\s*\[?\s*/(?:FlateDecode|Fl)\b")
_IMAGE = re.compile(rb"/Subtype\s*/Image\b")
_ENCRYPTED = re.compile(rb"/Encrypt\b")
_EMPTY = re.compile(rb"\s*endstream")
_DICTIONARY_BYTES = 1000
"""How far before its stream a part's dictionary is looked for."""
_STEP_BYTES = 1 << 16
_MAX_PART_BYTES = 32 << 20
"""Unpacked, of one part; what comes behind is taken for whole: a bomb must not cost more than it does anyway."""
_MAX_BYTES = 256 << 20
"""Unpacked, of all parts, damaged ones and the dictionaries of all included."""


def damaged_streams(path: Path) -> tuple[int, int]:
    """(damaged, looked at): the parts of a file that zlib has packed, images apart.

    Of an encrypted file none can be looked at. Raises OSError.
    """
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        if next(_found(data, b"/Encrypt", _ENCRYPTED), None) is not None:
            return 0, 0
        damaged = looked_at = handled = 0
        for match in _found(data, b"stream", _STREAM):
            if handled >= _MAX_BYTES:
                break
            before = data[max(0, match.start() - _DICTIONARY_BYTES) : match.start()]
            if before.endswith(b"end"):
                continue
            handled += len(before)
            if not _is_packed_text(before) or _EMPTY.match(data, match.end()) is not None:
                continue
            looked_at += 1
            nbytes, is_whole = _unpacked(data, match.end())
            handled += nbytes
            damaged += not is_whole
        return damaged, looked_at


def _found(data: mmap.mmap, word: bytes, pattern: re.Pattern[bytes]) -> Iterator[re.Match[bytes]]:
    """Where a pattern that begins with a word matches. As a word a gigabyte takes two seconds, not twenty."""
    at = data.find(word)
    while at >= 0:
        if (match := pattern.match(data, at)) is not None:
            yield match
        at = data.find(word, at + len(word))


def _is_packed_text(before: bytes) -> bool:
    """Whether a dictionary ends here that says that zlib alone, or zlib last, has packed what is no image."""
    dictionary = before[before.rfind(b" obj") + 1 :]
    return _FLATE_FIRST.search(dictionary) is not None and _IMAGE.search(dictionary) is None


def _unpacked(data: mmap.mmap, start: int) -> tuple[int, bool]:
    """How many bytes come out; False where the part is cut off, or is not what was packed."""
    unpacker = zlib.decompressobj()
    count, packed = 0, b""
    while not unpacker.eof and count < _MAX_PART_BYTES:
        packed = unpacker.unconsumed_tail
        if not packed:
            packed = data[start : start + _STEP_BYTES]
            start += len(packed)
            if not packed:
                return count, False
        try:
            count += len(unpacker.decompress(packed, _STEP_BYTES))
        except zlib.error:
            return count, False
    return count, True
