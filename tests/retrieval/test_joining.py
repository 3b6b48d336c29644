"""Repeats left out, neighbours joined."""

from __future__ import annotations

import random
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from app.documents.evidence import Evidence
from app.documents.model import Document
from app.documents.passages import split_passages
from app.retrieval.joining import Ranked, join_neighbours, without_repeats
from tests.documents_for_tasks import make_document


def book(name: str, sentences: int = 30) -> Document:
    """Two sections of equal length, a page each; its passages overlap."""
    pages = [
        " ".join(f"Book {name} says in {page} number {i} of the river and its dams." for i in range(sentences))
        for page in "AB"
    ]
    document = make_document(pages, [("A", len(pages[0]) + 1), ("B", 0)])
    return replace(document, content_hash=name * 64)


def ranked(document: Document, scores: dict[int, float]) -> list[Ranked]:
    passages = split_passages(document)
    return [Ranked(document, passages[number], score) for number, score in scores.items()]


def spans(evidence: list[Evidence]) -> list[tuple[int, int, float]]:
    return [(item.start, item.end, item.score) for item in evidence]


def test_neighbours_are_one_piece() -> None:
    """It reaches from the first one's start to the last one's end, with the best score; others stay alone."""
    document = book("a")
    p = split_passages(document)
    assert [passage.section_index for passage in p] == [0, 0, 1, 1] and p[1].start < p[0].end
    assert spans(join_neighbours(ranked(document, {1: 0.5, 0: 0.9}))) == [(p[0].start, p[1].end, 0.9)]
    assert spans(join_neighbours(ranked(document, {0: 0.5, 1: 0.9}))) == [(p[0].start, p[1].end, 0.9)]


def test_three_in_a_row_and_a_gap() -> None:
    """Three become one; what lies between two that are not found is not put in."""
    document = make_document([" ".join(f"Sentence number {i} of the long text about rivers." for i in range(120))])
    p = split_passages(document)
    found = join_neighbours(ranked(document, {2: 0.2, 0: 0.1, 1: 0.3, 4: 0.9}))
    assert spans(found) == [(p[4].start, p[4].end, 0.9), (p[0].start, p[2].end, 0.3)]


def test_a_section_ends_it() -> None:
    """The last passage of a section and the first of the next are two pieces, best first."""
    document = book("a")
    p = split_passages(document)
    found = join_neighbours(ranked(document, {1: 0.5, 2: 0.9}))
    assert spans(found) == [(p[2].start, p[2].end, 0.9), (p[1].start, p[1].end, 0.5)]
    assert [item.section for item in found] == ["B", "A"]


def test_documents_are_never_joined() -> None:
    """Neither those of two files, nor the whole of one and a range of its pages."""
    one, other = book("a"), book("b")
    part = replace(make_document([one.pages[1].text]), content_hash=one.content_hash)
    for second in (other, part, replace(one)):
        found = join_neighbours([*ranked(one, {0: 0.9}), *ranked(second, {1: 0.8})])
        p, q = split_passages(one)[0], split_passages(second)[1]
        assert spans(found) == [(p.start, p.end, 0.9), (q.start, q.end, 0.8)]
        assert [item.text for item in found] == [p.text, q.text]
        assert [item.document is document for item, document in zip(found, (one, second), strict=True)] == [True] * 2


def test_equals_stand_in_the_order_they_came() -> None:
    """The better document first, and in it document order."""
    one, other = book("b"), book("a")
    found = join_neighbours([*ranked(one, {3: 0.5, 0: 0.5}), *ranked(other, {0: 0.5})])
    assert [(item.document.content_hash[0], item.start > 0) for item in found] == [
        ("b", False),
        ("b", True),
        ("a", False),
    ]
    assert join_neighbours([]) == []


@given(st.dictionaries(st.integers(0, 3), st.floats(0, 1), min_size=1), st.randoms())
def test_every_passage_is_in_one_piece(scores: dict[int, float], order: random.Random) -> None:
    """In whatever order they come: best first, each passage in a piece, each piece within a section, nothing more."""
    document = book("a")
    given_order = ranked(document, scores)
    order.shuffle(given_order)
    found = join_neighbours(given_order)
    assert [item.score for item in found] == sorted((item.score for item in found), reverse=True)
    for item in given_order:
        holding = [e for e in found if e.start <= item.passage.start and item.passage.end <= e.end]
        assert len(holding) == 1 and holding[0].score >= item.score
    for item in found:
        assert item.text == document.text[item.start : item.end]
        assert len({document.sections[0].end <= place for place in (item.start, item.end - 1)}) == 1
    assert sum(item.end - item.start for item in found) <= sum(len(item.passage.text) for item in given_order)


def words(item: Ranked) -> frozenset[str]:
    return frozenset(item.passage.text.lower().split())


def texts(pages: list[str], **options: int) -> list[str]:
    document = make_document(pages, [(page[:1], len(page) + 1) for page in pages])
    found = [Ranked(document, passage, 1.0) for passage in split_passages(document)]
    return [item.passage.text for item in without_repeats(found, words, limit=options.get("limit", 9))]


def test_repeats_are_left_out() -> None:
    """The first of two that share nearly all their words is kept, and counts for the limit only once."""
    first = "this software is provided as is without any warranty of any kind whatsoever to you"
    again = f"{first} again"
    assert texts([first, again, first, "something else entirely"]) == [first, "something else entirely"]
    assert texts([first, again, "something else entirely"], limit=2) == [first, "something else entirely"]


def test_like_texts_are_kept() -> None:
    """Half of the words in common is no repeat; nor are passages without any words."""
    pages = ["the dam holds the water of the Elbe", "the dam holds the water of the Oder and Rhine", "?", "!"]
    assert texts(pages) == pages
    document = make_document(["?", "!"], [("a", 2), ("b", 0)])
    found = [Ranked(document, passage, 1.0) for passage in split_passages(document)]
    assert without_repeats(found, lambda item: frozenset(), limit=9) == found


def test_bare_headings_come_last() -> None:
    """A passage that is only its section's title takes no other's place, and stands where there is no other."""
    pages = ["2.1 Dams", "Dams hold the water of the river back.", "RIVERS"]
    titles = [("Dams", len(pages[0]) + 1), ("Dams", len(pages[1]) + 1), ("Rivers", 0)]
    document = make_document(pages, titles)
    found = [Ranked(document, passage, 1.0) for passage in split_passages(document)]

    def kept(limit: int) -> list[str]:
        return [item.passage.text for item in without_repeats(found, words, limit=limit)]

    assert kept(1) == [pages[1]]
    assert kept(2) == [pages[1], pages[0]]
    assert kept(9) == [pages[1], pages[0], pages[2]]


def test_no_more_is_looked_at_than_needed() -> None:
    """The ranking is taken only so far as the limit needs: each further document would be loaded."""
    document = book("a")
    seen = []

    def candidates():
        for item in ranked(document, {0: 0.9, 2: 0.8, 3: 0.7}):
            seen.append(item.passage.id)
            yield item

    kept = without_repeats(candidates(), lambda item: frozenset([str(item.passage.id)]), limit=1)
    assert [item.passage.id for item in kept] == [0]
    assert len(seen) <= 2
    assert without_repeats([], words, limit=3) == []
