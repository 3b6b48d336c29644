"""From what a reader gives to passages: nothing lost, nothing twice, every page number right, no text too odd."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import assume, given
from hypothesis import strategies as st

from app.documents.assemble import build_document
from app.documents.model import Document
from app.documents.normalize import Vocabulary, clean, clean_preformatted
from app.documents.passages import split_passages
from app.documents.quote_alignment import align
from app.documents.raw import Block, BlockKind, Line, OutlineEntry, RawDocument, RawPage
from app.documents.sentences import sentence_spans
from app.documents.words import Lexicon
from tests.properties.profile import examples
from tests.properties.texts import documents, hostile, prose

MOST = 2 * 1500
"""Characters of a passage: an endless sentence's last piece, and what it repeats of the one before."""


def _check_passages(document: Document) -> None:
    passages = split_passages(document)
    text = document.text
    assert [passage.id for passage in passages] == list(range(len(passages)))
    for passage in passages:
        section = document.sections[passage.section_index]
        assert passage.text == text[passage.start : passage.end] and passage.text.strip()
        assert section.start <= passage.start < passage.end <= section.end
        assert len(passage.text) <= MOST
        pages = [place.page for place in document.locate(passage.start, passage.end)]
        assert passage.page_from <= pages[0] and pages[-1] <= passage.page_to
        for offset, number in ((passage.start, passage.page_from), (passage.end - 1, passage.page_to)):
            page = next(page for page in document.pages if page.number == number)
            assert 0 <= offset - document.page_start(number) <= len(page.text)
    for before, after in pairwise(passages):
        assert before.start < after.start and before.end < after.end
    held = bytearray(len(text))
    for passage in passages:
        held[passage.start : passage.end] = b"\1" * (passage.end - passage.start)
    assert all(held[i] or character.isspace() for i, character in enumerate(text))


@examples(100)
@given(documents())
def test_passages_hold_every_word(document: Document) -> None:
    """Each is the text between its offsets, within its section, on its pages; together they hold all of it."""
    _check_passages(document)


@examples(200)
@given(prose)
def test_sentences_are_in_order(text: str) -> None:
    """Spans do not overlap, begin and end with something to read, and leave white space out and nothing else."""
    spans = sentence_spans(text)
    assert all(text[start:end] == text[start:end].strip() != "" for start, end in spans)
    assert all(before[1] <= after[0] for before, after in pairwise(spans))
    gaps = zip([0, *(end for _, end in spans)], [*(start for start, _ in spans), len(text)], strict=True)
    assert not "".join(text[a:b] for a, b in gaps).strip()


@examples(300)
@given(hostile)
def test_what_is_clean_stays_as_it_is(text: str) -> None:
    """Normalising twice is normalising once; what comes out can be stored and shown."""
    for normalise in (clean, clean_preformatted):
        once = normalise(text)
        assert normalise(once) == once
        once.encode("utf-8")
        assert not any((c < " " and c not in "\n\t") or "\x7f" <= c <= "\x9f" for c in once)


@examples(200)
@given(st.lists(hostile, max_size=8))
def test_joined_lines_lose_hyphens_only(lines: list[str]) -> None:
    """All other characters of all lines are there, in their order; line by line or all in one go."""
    lines = [clean(line) for line in lines]
    words = Vocabulary(lines)
    joined = words.join_lines(lines)
    bare = str.maketrans("", "", "- \n\t")
    assert "".join(joined.split()).translate(bare) == "".join("".join(lines).split()).translate(bare)


def _lines(draw: st.DrawFn) -> tuple[Line, ...]:
    number = st.floats(-1e6, 1e6)
    size = st.sampled_from((0.0, 8.0, 10.0, 24.0, 1e9))
    return tuple(
        Line(draw(hostile), draw(number), draw(number), draw(number), draw(number), draw(size), draw(st.booleans()),
             draw(st.booleans()), draw(st.integers(-1, 3)))
        for _ in range(draw(st.integers(0, 5)))
    )  # fmt: skip


@st.composite
def raw_documents(draw: st.DrawFn) -> RawDocument:
    """What a reader could give: lines anywhere on a page or blocks of any kind, and an outline that need not fit."""
    paged, with_lines = draw(st.booleans()), draw(st.booleans())
    pages = []
    for number in range(1, draw(st.integers(1, 4)) + 1):
        blocks = draw(st.lists(st.builds(
            Block, st.sampled_from(BlockKind), hostile, st.integers(0, 9), st.lists(hostile, max_size=2).map(tuple)
        ), max_size=5))  # fmt: skip
        lines = _lines(draw) if with_lines else ()
        pages.append(RawPage(number, lines, () if with_lines else tuple(blocks), 800.0, draw(hostile), draw(hostile)))
    outline = draw(st.lists(st.builds(
        OutlineEntry, hostile, st.integers(-1, 9), st.integers(-1, 6), st.none() | st.floats(-1e6, 1e6), hostile,
        hostile,
    ), max_size=5))  # fmt: skip
    warnings = tuple(draw(st.lists(hostile, max_size=2)))
    return RawDocument("pdf" if paged else "html", paged, draw(hostile), tuple(pages), tuple(outline), warnings)


@examples(50)
@given(raw_documents(), hostile)
def test_whatever_a_reader_gives_becomes_a_document(raw: RawDocument, stem: str) -> None:
    """Pages keep their numbers, sections tile the text, every title and page can be stored, and passages follow."""
    document = build_document(raw, content_hash="0" * 64, file_stem=stem)
    numbers = [page.number for page in document.pages]
    assert numbers == sorted(set(numbers)) and (not raw.paged or numbers == [page.number for page in raw.pages])
    for text in (document.title, document.text, *document.warnings, *(s.title for s in document.sections)):
        text.encode("utf-8")
    if document.text.strip():
        bounds = [(section.start, section.end) for section in document.sections]
        assert bounds[0][0] == 0 and bounds[-1][1] == len(document.text)
        assert all(before[1] == after[0] for before, after in pairwise(bounds))
        _check_passages(document)


@examples(200)
@given(hostile, hostile, hostile)
def test_an_alignment_lies_in_the_text(before: str, quote: str, after: str) -> None:
    """Stretches in order within the text; a quote that stands there whole is found whole."""
    text = before + quote + after
    found = align(quote, text)
    if found is None:
        return
    assert all(0 <= start < end <= len(text) for start, end in found.ranges)
    assert all(one[1] < other[0] for one, other in pairwise(found.ranges))
    assert 0.0 < found.share <= 1.0


@examples(100)
@given(prose)
def test_words_of_any_text(text: str) -> None:
    """Each word stands at its place; no text is too odd to be read."""
    assume(text)
    lexicon = Lexicon.for_text(text)
    placed = lexicon.placed(text)
    assert all(0 <= start < end <= len(text) for _, start, end in placed)
    assert [word for word, _, _ in placed] == list(lexicon.words(text))
