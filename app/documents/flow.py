"""Formats without pages: blocks -> parts of about 3,000 characters that end with paragraphs."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from app.documents.model import PAGE_SEPARATOR, Page
from app.documents.normalize import Vocabulary, clean, clean_preformatted
from app.documents.outline import Mark, tidy_title
from app.documents.raw import EMPTY_PAGE, Block, BlockKind, RawDocument, RawPage
from app.documents.sentences import sentence_spans

PART_CHARS = 3000
_MAX_PARAGRAPH = 2 * PART_CHARS
_PARAGRAPH_BREAK = "\n\n"


@dataclass(frozen=True, slots=True)
class Flow:
    """Pages cut from the flow of text, and where sections may begin."""

    pages: tuple[Page, ...]
    outline: list[Mark]
    headings: list[Mark]


@dataclass(frozen=True, slots=True)
class _Paragraph:
    text: str
    level: int
    """0 for text, 1.. for headings."""
    places: tuple[tuple[str, str], ...]
    """(unit name, anchor) pairs that lead here."""
    unit: int


def flow_pages(raw: RawDocument) -> Flow:
    """The text of all units in order; each unit is a page where the file has pages, parts are cut otherwise."""
    vocabulary = Vocabulary(line for page in raw.pages for block in page.blocks for line in block.text.split("\n"))
    paragraphs = [item for unit, page in enumerate(raw.pages) for item in _paragraphs(page, unit, vocabulary)]
    groups = _by_unit(raw, paragraphs) if raw.paged else _by_size(paragraphs)
    texts: list[str] = []
    headings: list[Mark] = []
    places: dict[tuple[str, str], int] = {}
    position = 0
    for group in groups:
        start = position
        for paragraph in group:
            if paragraph.level:
                headings.append(Mark(tidy_title(paragraph.text), paragraph.level, start))
            for place in paragraph.places:
                places.setdefault(place, start)
            start += len(paragraph.text) + len(_PARAGRAPH_BREAK)
        # One more line break makes a blank line with PAGE_SEPARATOR: a part ends where a paragraph ends.
        text = _PARAGRAPH_BREAK.join(paragraph.text for paragraph in group) + ("\n" if group else "")
        texts.append(text)
        position += len(text) + len(PAGE_SEPARATOR)
    if raw.paged:
        pages = tuple(
            Page(page.number, text, clean(page.problem) or ("" if text else EMPTY_PAGE))
            for page, text in zip(raw.pages, texts, strict=True)
        )
    else:
        pages = tuple(Page(number, text) for number, text in enumerate(texts, start=1))
    return Flow(pages, _outline_marks(raw, places), headings)


def _outline_marks(raw: RawDocument, places: dict[tuple[str, str], int]) -> list[Mark]:
    marks: list[Mark] = []
    for entry in raw.outline:
        start = places.get((entry.name, entry.anchor), places.get((entry.name, "")))
        title = tidy_title(clean(entry.title))
        if start is not None and title:
            marks.append(Mark(title, entry.level, start))
    return marks


def _paragraphs(page: RawPage, unit: int, vocabulary: Vocabulary) -> list[_Paragraph]:
    items: list[_Paragraph] = []
    waiting: list[tuple[str, str]] = [(page.name, "")]
    for block in page.blocks:
        waiting.extend((page.name, anchor) for anchor in block.anchors)
        text = _block_text(block, vocabulary)
        if not text:
            continue
        level = block.level if block.kind is BlockKind.HEADING else 0
        for index, piece in enumerate(_pieces(text)):
            items.append(_Paragraph(piece, level, tuple(waiting) if index == 0 else (), unit))
        waiting = []
    return items


def _block_text(block: Block, vocabulary: Vocabulary) -> str:
    if block.kind is BlockKind.PREFORMATTED:
        return clean_preformatted(block.text)
    return vocabulary.join_lines(clean(line) for line in block.text.split("\n"))


def _pieces(text: str) -> list[str]:
    """A paragraph, or an endless one cut at sentence ends (or line ends, where it has no sentences)."""
    if len(text) <= _MAX_PARAGRAPH:
        return [text]
    cuts = [end for _, end in sentence_spans(text)]
    pieces: list[str] = []
    start = 0
    while len(text) - start > _MAX_PARAGRAPH:
        limit = start + PART_CHARS
        end = max((cut for cut in _between(cuts, start + PART_CHARS // 2, limit)), default=0)
        if not end:
            end = max(text.rfind("\n", start + 1, limit), text.rfind(" ", start + 1, limit))
        if end <= start:
            end = limit
        pieces.append(text[start:end].strip("\n "))
        start = end
    pieces.append(text[start:].strip("\n "))
    return [piece for piece in pieces if piece]


def _between(cuts: Sequence[int], low: int, high: int) -> Sequence[int]:
    return cuts[bisect_left(cuts, low) : bisect_right(cuts, high)]


def _by_unit(raw: RawDocument, paragraphs: Sequence[_Paragraph]) -> list[list[_Paragraph]]:
    groups: list[list[_Paragraph]] = [[] for _ in raw.pages]
    for paragraph in paragraphs:
        groups[paragraph.unit].append(paragraph)
    return groups


def _by_size(paragraphs: Sequence[_Paragraph]) -> list[list[_Paragraph]]:
    groups: list[list[_Paragraph]] = []
    size = PART_CHARS
    for paragraph in paragraphs:
        full = size >= PART_CHARS or (size > PART_CHARS // 2 and size + len(paragraph.text) > PART_CHARS * 4 // 3)
        if full or (paragraph.level and size > PART_CHARS * 3 // 4):
            groups.append([])
            size = 0
        groups[-1].append(paragraph)
        size += len(paragraph.text) + len(_PARAGRAPH_BREAK)
    return groups
