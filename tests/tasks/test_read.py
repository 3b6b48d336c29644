from __future__ import annotations

import pytest

from app.documents.model import Document
from app.inference.generator import ReadCancelled
from app.tasks.feeds import reading_plan, stream
from app.tasks.model import Style
from app.tasks.read import PartRead, read_document
from app.tasks.summarize import PartDone, ReadProgress, summarize
from tests.documents_for_tasks import make_document
from tests.fakes import FakeGenerator


@pytest.fixture
def document() -> Document:
    """Four pages, each a part of 90 tokens in three feeds."""
    pages = [
        " ".join(f"The {noun} of place {n} is wide and {noun}-like." for n in range(10))
        for noun in ("Elbe", "Oder", "Main", "Spree")
    ]
    return make_document(pages, [(page.split()[1], len(page) + 1) for page in pages])


def test_parts_and_progress(document: Document) -> None:
    """Each part ends with its state at that place; progress tells pages and reaches the total."""
    generator = FakeGenerator()
    state = generator.new_state()
    events, read = [], []
    for event in read_document(document, generator, state):
        events.append(event)
        if isinstance(event, PartRead):
            assert event.state == state
            read.append(generator.text(generator.states[state]))
    parts, _ = reading_plan(document, generator)
    assert read == ["<0>" + document.text[: part.end] for part in parts]
    assert [e for e in events if isinstance(e, PartRead)] == [PartRead(i, 4, state) for i in range(4)]
    progress = [event for event in events if isinstance(event, ReadProgress)]
    total = generator.position(state) - 1
    assert progress[-1] == ReadProgress(4, total, total)
    assert {event.page for event in progress} == {1, 2, 3, 4}


def test_from_any_token_of_the_stream(document: Document) -> None:
    """What the state has taken in is not read again, and parts that it has wholly read are not told of."""
    generator = FakeGenerator()
    parts, budget = reading_plan(document, generator)
    ids = [token for feed in stream(document, parts, generator, budget) for token in feed]
    ends = [1 + sum(part.tokens for part in parts[: number + 1]) for number in range(4)]
    assert ends[-1] == len(ids)
    for position in range(0, len(ids) + 1, 9):
        state = generator.new_state()
        generator.read(state, ids[:position])
        before = generator.usage.prefill_tokens
        events = list(read_document(document, generator, state))
        assert generator.states[state] == ids
        assert generator.usage.prefill_tokens - before == len(ids) - position
        told = [event.part_index for event in events if isinstance(event, PartRead)]
        assert told == [number for number, end in enumerate(ends) if end > position]


def test_as_a_summary_reads_it(document: Document) -> None:
    """Token for token, in every style: a bookmark of one serves the other."""
    alone = FakeGenerator()
    state = alone.new_state()
    read = [list(alone.states[state]) for e in read_document(document, alone, state) if isinstance(e, PartRead)]
    for style in Style:
        generator = FakeGenerator(lambda text: "The Elbe of place 1 is wide.")
        events = summarize(document, generator, style=style)
        assert [list(generator.states[e.state]) for e in events if isinstance(e, PartDone)] == read


def test_cancelled(document: Document) -> None:
    """The state stays the caller's and holds what was read."""
    generator = FakeGenerator()
    state = generator.new_state()
    answers = iter([False] * 9 + [True])
    with pytest.raises(ReadCancelled):
        list(read_document(document, generator, state, cancelled=lambda: next(answers)))
    position = generator.position(state)
    assert 0 < position < 362
    list(read_document(document, generator, state))
    assert generator.text(generator.states[state]) == "<0>" + document.text
