"""Passages: offsets, sizes, sections."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from app.documents.model import Document, Page, PageKind
from app.documents.outline import Mark, sections_from_marks
from app.documents.passages import split_passages


def document(pages: list[str], starts: list[int]) -> Document:
    bare = Document("T", "text", "0" * 64, PageKind.PAGE, tuple(Page(n, text) for n, text in enumerate(pages, 1)), ())
    marks = [Mark(f"S{start}", 1, start) for start in starts]
    sections = sections_from_marks(marks, len(bare.text), bare.page_at) if bare.text else ()
    return Document("T", "text", "0" * 64, PageKind.PAGE, bare.pages, sections)


def test_passages_of_900_characters() -> None:
    """Sentences of 100 characters fill passages of nine, a page break inside does not matter."""
    sentence = "A" + "b" * 97 + ". "
    pages = [(sentence * 10).strip(), (sentence * 17).strip()]
    passages = split_passages(document(pages, [0]))
    assert [len(passage.text) for passage in passages] == [899, 899, 899]
    assert [(passage.page_from, passage.page_to) for passage in passages] == [(1, 1), (1, 2), (2, 2)]
    assert [passage.id for passage in passages] == [0, 1, 2]


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


@given(
    st.lists(st.text(alphabet="ab. \nÄ。\t!", max_size=300), min_size=1, max_size=4),
    st.lists(st.integers(0, 400), max_size=4),
)
def test_any_text(pages: list[str], starts: list[int]) -> None:
    """Offsets are exact, order is kept, and no letter is lost or repeated."""
    whole = document(pages, starts)
    passages = split_passages(whole)
    assert all(whole.text[p.start : p.end] == p.text for p in passages)
    assert all(before.end <= after.start for before, after in itertools.pairwise(passages))
    assert "".join("".join(p.text.split()) for p in passages) == "".join(whole.text.split())
