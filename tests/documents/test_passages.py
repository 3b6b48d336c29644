"""Passages: offsets, sizes, sections."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.documents.model import Document, Page, PageKind
from app.documents.outline import Mark, sections_from_marks
from app.documents.passages import OVERLAP_CHARS, split_passages
from app.documents.sentences import sentence_spans


def document(pages: list[str], starts: list[int]) -> Document:
    bare = Document("T", "text", "0" * 64, PageKind.PAGE, tuple(Page(n, text) for n, text in enumerate(pages, 1)), ())
    marks = [Mark(f"S{start}", 1, start) for start in starts]
    sections = sections_from_marks(marks, len(bare.text), bare.page_at) if bare.text else ()
    return Document("T", "text", "0" * 64, PageKind.PAGE, bare.pages, sections)


def test_passages_of_900_characters() -> None:
    """Eight new sentences of 100 characters, after two of the passage before; a page break does not matter."""
    sentence = "A" + "b" * 97 + ". "
    pages = [(sentence * 10).strip(), (sentence * 17).strip()]
    passages = split_passages(document(pages, [0]))
    assert [len(passage.text) for passage in passages] == [799, 999, 999, 499]
    assert [(passage.page_from, passage.page_to) for passage in passages] == [(1, 1), (1, 2), (2, 2), (2, 2)]
    assert [passage.id for passage in passages] == [0, 1, 2, 3]


def test_passages_stay_within_sections() -> None:
    """A section's end ends a passage."""
    passages = split_passages(document(["One here. Two here. Three here."], [0, 10, 20]))
    assert [(p.text, p.start, p.end, p.section_index) for p in passages] == [
        ("One here.", 0, 9, 0),
        ("Two here.", 10, 19, 1),
        ("Three here.", 20, 31, 2),
    ]


def test_text_without_sentences() -> None:
    """A table of 10,000 characters is cut between words."""
    passages = split_passages(document(["word " * 2000], [0]))
    assert max(len(passage.text) for passage in passages) <= 1500
    assert "".join(p.text for p in passages).replace(" ", "") == "word" * 2000


def test_each_begins_with_the_end_of_the_one_before() -> None:
    """Whole sentences of it, as many as OVERLAP_CHARS hold; a section's first passage repeats nothing."""
    sentences = [f"Sentence number {i:03} tells something about the river and its dams." for i in range(60)]
    text = " ".join(sentences)
    half = text.index("Sentence number 030")
    passages = split_passages(document([text], [0, half]))
    for before, after in itertools.pairwise(passages):
        repeated = text[after.start : before.end]
        if before.section_index == after.section_index:
            assert 0 < len(repeated) <= OVERLAP_CHARS < len(repeated) + len(sentences[0])
            assert repeated.startswith("Sentence number") and before.text.endswith(repeated)
        else:
            assert repeated == "" and after.start == half


@pytest.mark.parametrize(("length", "repeated"), [(200, 1), (201, 0), (100, 2), (67, 2)])
def test_no_more_than_the_limit_is_repeated(length: int, repeated: int) -> None:
    """Of sentences of so many characters, with the space after them, as many as fit 200: not three of 67."""
    sentence = "A" + "b" * (length - 3) + ". "
    passages = split_passages(document([(sentence * 60).strip()], [0]))
    assert len(passages) > 3
    for before, after in itertools.pairwise(passages):
        assert before.end + 1 - after.start == repeated * length


def test_a_long_sentence_is_not_repeated() -> None:
    """One that is longer than OVERLAP_CHARS stands in one passage only."""
    sentences = [f"Sentence {i} goes on and on " + "about the river and its many dams " * 10 + "." for i in range(6)]
    passages = split_passages(document([" ".join(sentences)], [0]))
    assert all(before.end < after.start for before, after in itertools.pairwise(passages))
    assert len(passages) > 1


def test_what_two_sentences_say_together_stands_in_one_passage() -> None:
    """Two neighbours of ordinary length are in the same passage somewhere."""
    sentences = [f"Sentence number {i:03} tells something about the river." for i in range(100)]
    passages = split_passages(document([" ".join(sentences)], [0]))
    for pair in itertools.pairwise(sentences):
        assert any(" ".join(pair) in passage.text for passage in passages)


PAGES = st.lists(
    st.one_of(
        st.text(alphabet="ab. \nÄ。\t!", max_size=300),
        st.lists(st.text(alphabet="ab ,Ä\n", max_size=150), max_size=30).map(". A".join),
    ),
    min_size=1,
    max_size=4,
)


@given(PAGES, st.lists(st.integers(0, 2000), max_size=4))
def test_any_text(pages: list[str], starts: list[int]) -> None:
    """Offsets are exact, order and sections are kept, no letter is lost, little is said twice, none three times."""
    whole = document(pages, starts)
    passages = split_passages(whole)
    assert [passage.id for passage in passages] == list(range(len(passages)))
    assert all(whole.text[p.start : p.end] == p.text == p.text.strip() != "" for p in passages)
    held = bytearray(len(whole.text))
    for passage in passages:
        held[passage.start : passage.end] = bytes(count + 1 for count in held[passage.start : passage.end])
        section = whole.sections[passage.section_index]
        assert section.start <= passage.start and passage.end <= section.end
        assert (passage.page_from, passage.page_to) == (whole.page_at(passage.start), whole.page_at(passage.end - 1))
        assert len(passage.text) <= 1500 + OVERLAP_CHARS
    assert all(count > 0 or char.isspace() for count, char in zip(held, whole.text, strict=True))
    for before, after in itertools.pairwise(passages):
        assert before.start < after.start and before.end < after.end
        assert before.end - after.start <= (OVERLAP_CHARS if before.section_index == after.section_index else 0)


@given(PAGES, st.lists(st.integers(0, 2000), max_size=4))
def test_every_sentence_is_in_a_passage(pages: list[str], starts: list[int]) -> None:
    """Whole, but for endless ones."""
    whole = document(pages, starts)
    passages = split_passages(whole)
    for section in whole.sections:
        for start, end in sentence_spans(whole.text[section.start : section.end]):
            if end - start <= 1500:
                begin, stop = section.start + start, section.start + end
                assert any(p.start <= begin and stop <= p.end for p in passages)
