"""Plain text in any common encoding; form feeds part pages."""

from __future__ import annotations

import codecs
import re
from pathlib import Path

from charset_normalizer import from_bytes

from app.core.errors import DocumentError
from app.documents.raw import Block, BlockKind, OutlineEntry, RawPage
from app.documents.readers.base import OpenedDocument, OpenOptions

_UNIT_CHARS = 200_000
"""About how much text one unit holds: small enough that the time limit per unit never bites an honest file."""
_PARAGRAPH_BREAK = re.compile(r"\n[ \t]*\n\s*")
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SAMPLE_BYTES = 1 << 18
_MOST_BROKEN = 4
"""So many whole characters of several bytes to each broken one: bytes of other encodings hardly ever form them."""


def decode(data: bytes) -> tuple[str, str]:
    """The text of some bytes and the name of its encoding: by byte order mark, else UTF-8, else by statistics.

    UTF-8 that is damaged in a few places is read as such.
    """
    for mark, name in _BOMS:
        if data.startswith(mark):
            return data.decode(name, "replace"), name
    try:
        return data.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        pass
    text = data.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    whole = len(text) - len(text.encode("ascii", "ignore")) - broken
    if whole > _MOST_BROKEN * broken:
        return text, "utf-8"  # damaged in a few places: any other encoding would spoil all the rest
    best = from_bytes(data[:_SAMPLE_BYTES]).best()
    name = best.encoding if best is not None else "cp1252"
    return data.decode(name, "replace"), name


class TextReader:
    """The plain text format."""

    format = "text"

    def open(self, path: Path, options: OpenOptions) -> OpenedDocument:
        """Read the whole file; raises DocumentError when it holds no text."""
        text, encoding = decode(path.read_bytes())
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        if not text.strip():
            raise DocumentError(f"{path.name} holds nothing but white space", code="no-text")
        warnings = [] if encoding.startswith("utf") else [f"Read as {encoding}: the file names no encoding."]
        pages = _pages(text)
        if len(pages) > 1:
            return TextFile(pages, True, warnings)
        return TextFile(_units(text.replace("\f", "\n")), False, warnings)


def _pages(text: str) -> list[str]:
    """What form feeds part. Empty pages within are counted, or all after them would have another number."""
    pages = text.split("\f")
    written = [page for page in pages if page.strip()]
    while not pages[-1].strip():
        del pages[-1]
    # More empty pages than others: somebody wrote form feeds for line breaks.
    return pages if len(pages) < 2 * len(written) else written


def _units(text: str) -> list[str]:
    units: list[str] = []
    start = 0
    while len(text) - start > _UNIT_CHARS:
        low, high = start + _UNIT_CHARS, start + 2 * _UNIT_CHARS
        cut = _PARAGRAPH_BREAK.search(text, low, high)
        end = (cut.end() if cut else text.find("\n", low, high) + 1) or low
        units.append(text[start:end])
        start = end
    return [unit for unit in (*units, text[start:]) if unit.strip()]


def text_blocks(text: str) -> tuple[Block, ...]:
    """Paragraphs parted by blank lines; lines that look like verse, code or a table keep their breaks."""
    blocks: list[Block] = []
    for piece in _PARAGRAPH_BREAK.split(text):
        lines = [line.rstrip() for line in piece.strip("\n").split("\n")]
        if any(line.strip() for line in lines):
            kind = BlockKind.PARAGRAPH if _wrapped(lines) else BlockKind.PREFORMATTED
            blocks.append(Block(kind, "\n".join(lines)))
    return tuple(blocks)


def _wrapped(lines: list[str]) -> bool:
    """Whether the line breaks come from a fixed width: all lines but the last are nearly as long as the longest."""
    longest = max(len(line) for line in lines)
    full = sum(len(line) > 0.75 * longest for line in lines[:-1])
    indented = sum(line[:1] in " \t" for line in lines[1:])
    return len(lines) == 1 or (longest >= 40 and full >= 0.8 * (len(lines) - 1) and indented <= 0.3 * len(lines))


class TextFile:
    """A text file, already in memory."""

    title = ""

    def __init__(self, units: list[str], paged: bool, warnings: list[str]) -> None:
        self._units = units
        self.warnings = warnings
        self.page_count = len(units)
        self.paged = paged

    def read_page(self, number: int) -> RawPage:
        """One page, or one stretch, as blocks."""
        return RawPage(number, blocks=text_blocks(self._units[number - 1]))

    def outline(self) -> list[OutlineEntry]:
        """Plain text has none."""
        return []

    def close(self) -> None:
        """See OpenedDocument."""
        self._units = []
