"""Small documents with known pages and sections."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

from app.documents.model import Document, Page, PageKind, Section


def make_document(pages: Sequence[str], sections: Sequence[tuple[str, int]] = ()) -> Document:
    """A document of these page texts; sections are (title, length in characters), the last one reaching the end."""
    numbered = tuple(Page(number, text) for number, text in enumerate(pages, start=1))
    bare = Document("Test", "text", "0" * 64, PageKind.PAGE, numbered, ())
    lengths = [length for _, length in sections] or [len(bare.text)]
    titles = [title for title, _ in sections] or ["Whole"]
    starts = [0, *accumulate(lengths[:-1])]
    ends = [*starts[1:], len(bare.text)]
    marked = tuple(
        Section(i, title, 1, start, end, bare.page_at(start), bare.page_at(max(start, end - 1)))
        for i, (title, start, end) in enumerate(zip(titles, starts, ends, strict=True))
    )
    return Document("Test", "text", "0" * 64, PageKind.PAGE, numbered, marked)
