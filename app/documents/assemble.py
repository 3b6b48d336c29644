"""Raw pages -> Document: normalised text, page numbers, sections, title."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from app.core.errors import DocumentError
from app.documents.flow import flow_pages
from app.documents.limits import ReadingLimits
from app.documents.model import PAGE_SEPARATOR, Document, Page, PageKind
from app.documents.normalize import Vocabulary, clean, written_out
from app.documents.outline import Mark, find_title, page_group_marks, sections_from_marks, tidy_title
from app.documents.paragraphs import PageText, body_size, page_text
from app.documents.raw import OutlineEntry, RawDocument
from app.documents.running import drop_running_lines
from app.documents.titles import choose_title

_MIN_CHARS_PER_HEADING = 300
"""More headings than this many characters each, and they are emphasis rather than headings."""
_MAX_SEARCHED_CHARS = 80_000_000
"""Of all pages together that are searched once more for titles of the outline: a hostile one names one huge page 20,000
times, the outline of a manual with thousands of pages most of them once."""
_ONLY_RUNNING_LINES = "no text: only a header or a page number"
_MAX_HEADING_LEVELS = 4
_OPENING_CHARS = 2000
"""Where a document's own title may stand: the largest heading in this stretch is taken for it."""
_MAX_SAME_TITLE = 2
"""A title that occurs more often is a label of a form ("N/A", "Tip")."""


@dataclass(frozen=True, slots=True)
class _Text:
    """Pages in their final form with the places where sections may begin."""

    pages: tuple[Page, ...]
    outline: list[Mark]
    headings: list[Mark]


def build_document(raw: RawDocument, *, content_hash: str, file_stem: str) -> Document:
    """Normalise what a reader gave and divide it into sections.

    The result may hold no text at all; whether that is an error is for the caller to say. Raises DocumentError (code
    "too-large") for a text of ligatures that grows past what a document may hold.
    """
    most = ReadingLimits().max_text_chars
    texts = (part.text for page in raw.pages for parts in (page.lines, page.blocks) for part in parts)
    if sum(map(written_out, texts)) > most:
        raise DocumentError(f"{file_stem} comes to more than {most:,} characters of text: split it", code="too-large")
    text = _from_lines(raw) if any(page.lines for page in raw.pages) else _from_blocks(raw)
    kind = PageKind.PAGE if raw.paged else PageKind.PART
    opening = [mark for mark in text.headings if mark.start < _OPENING_CHARS]
    first_heading = min(opening, key=lambda mark: mark.level).title if opening else ""
    document = Document(
        title=choose_title(raw.title, first_heading, file_stem),
        format=raw.format,
        content_hash=content_hash,
        page_kind=kind,
        pages=text.pages,
        sections=(),
        warnings=tuple(map(clean, raw.warnings)),
    )
    length = len(document.text)
    if not document.text.strip():
        return document
    marks = text.outline if len(text.outline) >= 2 else _credible(text.headings, length)
    if len(marks) < 2:
        marks = page_group_marks(text.pages, _page_starts(text.pages), kind)
    return replace(document, sections=sections_from_marks(marks, length, document.page_at))


def _credible(headings: list[Mark], length: int) -> list[Mark]:
    """Headings of as many levels as leave a real stretch of text to each."""
    for deepest in range(_MAX_HEADING_LEVELS, 0, -1):
        chosen = [mark for mark in headings if mark.level <= deepest]
        if len(chosen) * _MIN_CHARS_PER_HEADING <= length:
            return chosen
    return []


def _page_starts(pages: Sequence[Page]) -> list[int]:
    starts: list[int] = []
    position = 0
    for page in pages:
        starts.append(position)
        position += len(page.text) + len(PAGE_SEPARATOR)
    return starts


def _from_blocks(raw: RawDocument) -> _Text:
    flow = flow_pages(raw)
    return _Text(flow.pages, flow.outline, flow.headings)


def _from_lines(raw: RawDocument) -> _Text:
    kept = drop_running_lines(raw.pages)
    body = body_size(kept)
    vocabulary = Vocabulary(line.text.rstrip() for lines in kept for line in lines)
    texts = _mend_page_ends([page_text(lines, vocabulary, body) for lines in kept], vocabulary)
    pages = tuple(
        Page(page.number, content.text, clean(page.problem) or ("" if content.text.strip() else _ONLY_RUNNING_LINES))
        for page, content in zip(raw.pages, texts, strict=True)
    )
    starts = _page_starts(pages)
    return _Text(
        pages,
        _resolve_outline(raw.outline, pages, starts, texts),
        _heading_marks(texts, starts),
    )


def _mend_page_ends(texts: Sequence[PageText], vocabulary: Vocabulary) -> list[PageText]:
    """A word broken at a page's end is written whole on the page where it began; a paragraph that ends there is
    closed by one more line break, so that with PAGE_SEPARATOR it makes a blank line."""
    mended = list(texts)
    for index in range(len(mended) - 1):
        here, following = mended[index], mended[index + 1]
        if not here.text or not following.text:
            continue
        if here.text[-1] == "-" and here.text[-2:-1].isalpha() and following.text[0].islower():
            word, _, rest = following.text.partition(" ")
            if "\n" not in word and len(word) < 40 and rest:
                joined = here.text[:-100] + vocabulary.join(here.text[-100:], word)
                mended[index] = replace(here, text=joined)
                mended[index + 1] = _without_start(following, len(word) + 1)
                continue
        if not (here.full or following.text[0].islower()):
            mended[index] = replace(here, text=here.text + "\n")
    return mended


def _without_start(page: PageText, count: int) -> PageText:
    """The page less its first characters; what stands on it moves along."""
    return replace(
        page,
        text=page.text[count:],
        headings=tuple(replace(heading, offset=max(0, heading.offset - count)) for heading in page.headings),
        line_starts=tuple((top, max(0, offset - count)) for top, offset in page.line_starts),
    )


def _resolve_outline(
    outline: Sequence[OutlineEntry], pages: Sequence[Page], starts: Sequence[int], texts: Sequence[PageText]
) -> list[Mark]:
    """Outline entries as document offsets: where the title stands on its page, else by its height, else at the top."""
    by_number = {page.number: index for index, page in enumerate(pages)}
    marks: list[Mark] = []
    last_page, last_start = -1, 0
    searched, known = 0, set[int]()
    for entry in outline:
        index = by_number.get(entry.page)
        title = tidy_title(clean(entry.title))
        if index is None or not title:
            continue
        text = pages[index].text
        searched += len(text) if index in known else 0
        known.add(index)
        may_search = searched <= _MAX_SEARCHED_CHARS
        hint = _offset_at(texts[index], entry.top if may_search else None)
        if index == last_page:
            hint = max(hint, last_start)
        found = find_title(text, title, hint) if may_search else None
        local = min(hint if found is None else found, max(0, len(text) - 1))
        marks.append(Mark(title, entry.level, starts[index] + local))
        last_page, last_start = index, local + (1 if found is not None else 0)
    return marks


def _offset_at(page: PageText, top: float | None) -> int:
    """The page offset of the first line at or below a height."""
    if top is None:
        return 0
    for height, offset in page.line_starts:
        if height >= top - 3.0:
            return offset
    return 0


def _heading_marks(texts: Sequence[PageText], starts: Sequence[int]) -> list[Mark]:
    """Headings found by their type: the larger, the higher; bold text of the usual size comes last."""
    uses = Counter(heading.title for page in texts for heading in page.headings)
    sizes = sorted({_rank(heading.size) for page in texts for heading in page.headings}, reverse=True)
    levels = {size: min(level, 6) for level, size in enumerate(sizes, start=1)}
    return [
        Mark(heading.title, levels[_rank(heading.size)], start + heading.offset)
        for page, start in zip(texts, starts, strict=True)
        for heading in page.headings
        if uses[heading.title] <= _MAX_SAME_TITLE
    ]


def _rank(size: float) -> float:
    return round(size)
