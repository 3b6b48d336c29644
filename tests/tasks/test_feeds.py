from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.documents.model import Document
from app.inference.token_history import TokenHistory
from app.tasks.feeds import Mark, feeds, furthest_common, reading_plan, stream
from tests.documents_for_tasks import make_document
from tests.fakes import FakeGenerator


@pytest.fixture
def document() -> Document:
    """Three sections of ten sentences."""
    pages = [" ".join(f"The {noun} of place {n} is wide." for n in range(10)) for noun in ("Elbe", "Oder", "Main")]
    return make_document(pages, [(page.split()[1], len(page) + 1) for page in pages])


def test_the_stream_is_the_text(document: Document) -> None:
    """Prefix, then every word in order, for every window: only the cuts differ."""
    for window in (64, 128, 256):
        generator = FakeGenerator(window_tokens=window)
        parts, budget = reading_plan(document, generator)
        ids = [token for feed in stream(document, parts, generator, budget) for token in feed]
        assert generator.text(ids) == "<0>" + document.text


def test_feeds_have_their_size(document: Document) -> None:
    """Each is at least as long as asked for and by less than a sentence longer, but for the part's last."""
    generator = FakeGenerator()
    parts, _ = reading_plan(document, generator)
    for part in parts:
        *whole, last = feeds(document, part, generator.tokenize, 20)
        assert whole and all(20 <= len(feed.ids) < 20 + 8 for feed in whole)
        assert last.end == part.end and last.ids
        assert [feed.end for feed in whole] == sorted(feed.end for feed in whole)


def test_wanted_sentences_are_marked(document: Document) -> None:
    """Their tokens within the feed, and where each ends in the document; others are not."""
    generator = FakeGenerator()
    parts, _ = reading_plan(document, generator)
    ends = [document.text.index(f"The {noun} of place 4 is wide.") + 28 for noun in ("Elbe", "Oder")]
    found = [
        (stop, generator.text(feed.ids[begin:end]).strip())
        for part in parts
        for feed in feeds(document, part, generator.tokenize, 20, {*ends, 3})
        for (begin, end), stop in zip(feed.spans, feed.stops, strict=True)
    ]
    assert found == [(ends[0], "The Elbe of place 4 is wide."), (ends[1], "The Oder of place 4 is wide.")]


def pieces_of(ids: list[int], cuts: list[int]) -> Iterator[list[int]]:
    """A text in pieces cut at these places."""
    for start, end in pairwise([0, *sorted(cuts), len(ids)]):
        yield ids[start:end]


def mark(text: str, ids: list[int], position: int) -> Mark:
    """What a text was read to."""
    return Mark(text, position, TokenHistory().after(ids[:position]).digest)


@given(st.data())
@settings(max_examples=80, deadline=None)
def test_furthest_common_mark(data: st.DataObject) -> None:
    """Of several texts' marks the one with most tokens that this text begins with, however it comes in feeds."""
    random_ids = random.Random(data.draw(st.integers(0, 2**32)))
    length = data.draw(st.integers(0, 400))
    ids = [random_ids.randrange(50) for _ in range(length)]
    cuts = data.draw(st.lists(st.integers(0, length), max_size=6))
    marks, expected = [], 0
    for name in ("a", "b", "c"):
        same = data.draw(st.integers(0, length))
        other = [*ids[:same], 77, *ids[same:], 78]
        for position in data.draw(st.lists(st.integers(1, len(other)), max_size=4)):
            marks.append(mark(name, other, position))
            if position <= same:
                expected = max(expected, position)
    found = furthest_common(pieces_of(ids, cuts), marks)
    assert (found.position if found else 0) == expected


def test_no_marks_no_reading() -> None:
    """Where none can agree any more not one further feed is asked for."""
    ids = list(range(300))

    def fed(asked: list[int]) -> Iterator[list[int]]:
        for start in range(0, 300, 100):
            asked.append(start)
            yield ids[start : start + 100]

    for marks, feeds_needed in (
        ([], 0),
        ([mark("a", ids, 50)], 1),
        ([mark("a", ids[1:], 50), mark("a", ids[1:], 290)], 1),
        ([mark("a", ids, 50), mark("a", [*ids[:60], 0, *ids], 150), mark("a", [*ids[:60], 0, *ids], 280)], 2),
        ([mark("a", [*ids, 1, 2], 302)], 3),
    ):
        asked: list[int] = []
        furthest_common(fed(asked), marks)
        assert len(asked) == feeds_needed


def test_equal_marks_of_two_texts() -> None:
    """Either will do, and one of them is given."""
    ids = list(range(20))
    found = furthest_common([ids], [mark("a", ids, 20), mark("b", ids, 20)])
    assert found is not None and found.position == 20
