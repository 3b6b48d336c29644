from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import pytest

from app.core.errors import StorageError, WorkerLostError
from app.documents.model import Document
from app.inference.generator import ReadCancelled
from app.services.bookmarks import document_stream
from app.services.library import LibraryDocument
from app.services.reading import (
    MEASURED_TOKENS,
    WARM_UP_TOKENS,
    Estimate,
    ReadingDone,
    ReadingEvent,
    ReadingStarted,
)
from app.services.restarts import MOST_RESTARTS, Recovered
from app.services.states import NOT_KEPT, OTHER_MODEL, Missing, Restored
from app.storage.database import Database
from app.storage.reading_rates import ReadingRateStore
from app.tasks.read import PartRead
from app.tasks.summarize import ReadProgress
from tests.documents_for_tasks import make_document
from tests.fakes import FakeGenerator
from tests.services.desk import Clock, Desk, book, chapter, end_state, told
from tests.services.dying import DyingGenerator
from tests.snapshot_states import rows

BLANK = LibraryDocument(make_document([""]), (), "", reused=False)
NAMES = ("elbe", "oder", "main", "saale", "spree")


@pytest.fixture
def desk(tmp_path: Path, database: Database) -> Desk:
    return Desk(tmp_path, database)


@pytest.fixture
def rivers() -> Document:
    """Five parts of about 127 tokens, each read in three feeds."""
    return book(chapter(name) for name in NAMES)


@pytest.fixture
def item(desk: Desk, rivers: Document) -> LibraryDocument:
    return desk.add(rivers)


def started(events: list[ReadingEvent]) -> ReadingStarted:
    assert isinstance(events[0], ReadingStarted)
    return events[0]


def parts_read(events: list[ReadingEvent]) -> list[int]:
    return [event.part_index for event in events if isinstance(event, PartRead)]


def until(events: Iterator[ReadingEvent], last: Callable[[ReadingEvent], bool]) -> list[ReadingEvent]:
    """The events up to this one; then nobody asks for more."""
    seen = []
    with closing(events) as source:  # type: ignore[type-var]
        for event in source:
            seen.append(event)
            if last(event):
                break
    return seen


def test_a_document_is_read_once(desk: Desk, item: LibraryDocument, generator: FakeGenerator) -> None:
    """Every token in order, with a bookmark at every part's end; the state given is the only one left."""
    events = desk.read(item, generator)
    assert started(events) == ReadingStarted(0, NOT_KEPT)
    assert parts_read(events) == [0, 1, 2, 3, 4]
    state = end_state(events)
    assert told(generator, state) == "<0>" + item.document.text
    total = generator.position(state)
    assert generator.usage.prefill_tokens == total
    progress = [event for event in events if isinstance(event, ReadProgress)]
    assert progress[-1] == ReadProgress(5, total - 1, total - 1)
    assert [event.tokens_done for event in progress] == sorted({event.tokens_done for event in progress})
    assert list(generator.states) == [state]
    assert [entry.place.key for entry in desk.keeper.candidates("0" * 64, ["bookmark", "end"])] == [
        *(f"part {number}" for number in (1, 2, 3, 4)),
        "end",
    ]


def test_opened_again_without_reading(desk: Desk, item: LibraryDocument, generator: FakeGenerator) -> None:
    """By another run with another generator: not one token is read, and the state is the same."""
    assert not desk.reading.is_read(item, generator.info)
    assert desk.reading.why_unread(item, generator.info) == NOT_KEPT
    read = generator.states[end_state(desk.read(item, generator))]
    again, other = desk.again(), FakeGenerator()
    assert again.reading.is_read(item, other.info)
    opened = again.reading.opened(item, other)
    assert isinstance(opened, Restored) and other.states[opened.state] == read
    events = again.read(item, other)
    assert events == [ReadingStarted(len(read), ""), ReadingDone(end_state(events), len(read))]
    assert other.states[end_state(events)] == read
    assert other.usage.prefill_tokens == 0 and len(other.states) == 2


@pytest.mark.parametrize("parts", [1, 3, 4])
def test_killed_between_parts(desk: Desk, item: LibraryDocument, parts: int) -> None:
    """The next run reads what is left; every token is read once, and the state is that of one reading."""
    generator = FakeGenerator()
    seen = until(desk.reading.read(item, generator), lambda e: isinstance(e, PartRead) and e.part_index == parts - 1)
    assert generator.states == {} and parts_read(seen) == list(range(parts))
    read = generator.usage.prefill_tokens
    events = desk.again().read(item, generator)
    assert started(events) == ReadingStarted(read, "")
    assert parts_read(events) == list(range(parts, 5))
    assert told(generator, end_state(events)) == "<0>" + item.document.text
    assert generator.usage.prefill_tokens == generator.position(end_state(events))


def test_killed_in_a_part(desk: Desk, item: LibraryDocument, generator: FakeGenerator) -> None:
    """By the caller or by `cancelled`: what was read of that part is read again, and no more."""
    progress = 0

    def fifth(event: ReadingEvent) -> bool:
        nonlocal progress
        progress += isinstance(event, ReadProgress)
        return progress == 5

    until(desk.reading.read(item, generator), fifth)
    answers = iter([False] * 14 + [True])
    second = desk.again()
    with pytest.raises(ReadCancelled):
        list(second.reading.read(item, generator, cancelled=lambda: next(answers)))
    assert generator.states == {}
    before = generator.usage.prefill_tokens
    events = second.again().read(item, generator)
    assert parts_read(events) == [2, 3, 4]
    assert told(generator, end_state(events)) == "<0>" + item.document.text
    total = generator.position(end_state(events))
    assert started(events) == ReadingStarted(total - (generator.usage.prefill_tokens - before), "")


def test_the_caller_stops_at_the_first_event(desk: Desk, item: LibraryDocument, generator: FakeGenerator) -> None:
    """No state is left behind, whether there was something to read or not."""
    until(desk.reading.read(item, generator), lambda event: True)
    assert generator.states == {}
    generator.drop(end_state(desk.read(item, generator)))
    until(desk.reading.read(item, generator), lambda event: True)
    assert generator.states == {}


@pytest.mark.parametrize("sentences", [14, 7, 1])
def test_a_text_that_was_extended(desk: Desk, sentences: int) -> None:
    """The reading of the longer one goes on where the shorter one ended, also in the middle of a part."""
    generator, names = FakeGenerator(), NAMES[:2]
    shorter = desk.add(book([*(chapter(name) for name in names), chapter("main", sentences)]))
    read = generator.states[end_state(desk.read(shorter, generator))]
    longer = desk.add(book(chapter(name) for name in NAMES))
    again = desk.again()
    before = generator.usage.prefill_tokens
    events = again.read(longer, generator)
    assert started(events) == ReadingStarted(len(read), "")
    assert parts_read(events) == [2, 3, 4]
    assert told(generator, end_state(events)) == "<0>" + longer.document.text
    assert generator.usage.prefill_tokens - before == generator.position(end_state(events)) - len(read)
    assert again.reading.is_read(longer, generator.info) and again.reading.is_read(shorter, generator.info)


def test_a_text_that_was_changed_in_the_middle(desk: Desk, item: LibraryDocument, generator: FakeGenerator) -> None:
    """It is read from the last bookmark before the change; the state equals that of a reading from the start."""
    desk.read(item, generator)
    texts = [chapter(name) for name in NAMES]
    changed = desk.add(book([*texts[:2], texts[2].replace("Main9 runs", "Main9 flows"), *texts[3:]]))
    again = desk.again()
    events = again.read(changed, generator)
    assert parts_read(events) == [2, 3, 4]
    fresh = FakeGenerator()
    alone = Desk(desk.folder / "alone", desk.database).read(changed, fresh)
    assert generator.states[end_state(events)] == fresh.states[end_state(alone)]
    assert started(events).tokens_restored == len(fresh.tokenize(texts[0])) + len(fresh.tokenize(texts[1])) + 3


def test_a_bookmark_in_the_middle_of_a_part(desk: Desk, generator: FakeGenerator) -> None:
    """The longer text under the same heading is cut into other parts, and goes on within one of them."""
    common = chapter("elbe", 35)
    earlier = desk.add(make_document([f"{common} {chapter('oder', 15)}"]))
    generator.drop(end_state(desk.read(earlier, generator)))
    later = desk.add(make_document([f"{common} {chapter('main', 40)}"]))
    events = desk.again().read(later, generator)
    restored = started(events).tokens_restored
    assert 200 < restored < 9 * 35 and parts_read(events) == [1, 2, 3]
    fresh = FakeGenerator()
    alone = Desk(desk.folder / "alone", desk.database).read(later, fresh)
    ends = [e.tokens_done + 1 for e, after in pairwise(alone) if isinstance(after, PartRead)]
    assert restored not in ends and ends[0] < restored < ends[1]
    assert generator.states[end_state(events)] == fresh.states[end_state(alone)]


def test_the_same_text_as_another_document(desk: Desk, item: LibraryDocument, generator: FakeGenerator) -> None:
    """Nothing is read; from then on it is opened under its own name."""
    read = generator.position(end_state(desk.read(item, generator)))
    same = LibraryDocument(item.document, item.passages, "1-5", reused=False)
    events = desk.read(same, generator)
    assert events == [ReadingStarted(read, ""), ReadingDone(end_state(events), read)]
    assert generator.usage.prefill_tokens == read
    assert desk.again().reading.is_read(same, generator.info)


def test_a_damaged_state_of_another_text_is_passed_over(
    desk: Desk, item: LibraryDocument, generator: FakeGenerator
) -> None:
    """The one before it serves."""
    desk.read(item, generator)
    desk.keeper.flush()
    for key in ("end", "part 4"):
        rows(
            desk.path,
            "UPDATE recurrent_parts SET data = x'00' WHERE snapshot_id IN (SELECT id FROM snapshots WHERE key = ?)",
            [key],
        )
    again = desk.again()
    longer = again.add(book(chapter(name) for name in [*NAMES, "havel"]))
    events = again.read(longer, generator)
    assert parts_read(events) == [3, 4, 5]
    assert told(generator, end_state(events)) == "<0>" + longer.document.text


def test_why_it_is_read_again(desk: Desk, item: LibraryDocument, generator: FakeGenerator) -> None:
    """Another model, damage of the end where there are no bookmarks, a damaged file: each by name."""
    desk.read(item, generator)
    other = FakeGenerator(fingerprint="5" * 64)
    assert started(until(desk.reading.read(item, other), lambda event: True)).reason == OTHER_MODEL
    desk.keeper.flush()
    rows(desk.path, "DELETE FROM snapshots WHERE key != 'end'")
    rows(desk.path, "UPDATE recurrent_parts SET data = x'00'")
    damaged = started(until(desk.again().reading.read(item, generator), lambda event: True))
    assert damaged.tokens_restored == 0 and "its recurrent part differs" in damaged.reason
    desk.store.close()
    desk.path.write_bytes(b"garbage" * 10_000)
    begun_anew = started(until(desk.again().reading.read(item, generator), lambda event: True))
    assert begun_anew == ReadingStarted(0, "the snapshot file was damaged and has been begun anew")


def test_a_document_without_words(desk: Desk, generator: FakeGenerator) -> None:
    """Nothing but the prefix is read, and it too is opened again."""
    events = desk.read(BLANK, generator)
    assert told(generator, end_state(events)) == "<0>"
    assert isinstance(desk.again().reading.opened(BLANK, generator), Restored)


def test_documents_that_were_read(desk: Desk, item: LibraryDocument, generator: FakeGenerator) -> None:
    """To the end, by this model, as far as they are on the disk; a range of pages is another reading."""
    assert desk.reading.documents_read(generator.info) == frozenset()
    until(desk.reading.read(item, generator), lambda event: isinstance(event, PartRead) and event.part_index == 3)
    desk.keeper.flush()
    assert desk.reading.documents_read(generator.info) == frozenset()
    desk.read(item, generator)
    desk.read(LibraryDocument(item.document, item.passages, "1-5", reused=False), generator)
    again = desk.again()
    both = {(item.document_id, ""), (item.document_id, "1-5")}
    assert again.reading.documents_read(generator.info) == both
    assert again.reading.documents_read(FakeGenerator(fingerprint="5" * 64).info) == frozenset()
    again.keeper.forget(document_stream(item))
    assert again.reading.documents_read(generator.info) == both - {(item.document_id, "")}


# -- workers that die ------------------------------------------------------------------------------------------------


def read_with(desk: Desk, item: LibraryDocument, generator: DyingGenerator) -> list[ReadingEvent]:
    """Read to the end, and check that the text is whole, its state the only one, and every lost one dropped."""
    events = desk.read(item, generator)
    state = end_state(events)
    assert told(generator, state) == "<0>" + item.document.text
    assert list(generator.states) == [state] and generator.gone == set()
    return events


@pytest.mark.parametrize(("late", "in_memory"), [(False, True), (True, False)])
def test_a_worker_dies_at_any_call(
    tmp_path: Path, database: Database, rivers: Document, late: bool, in_memory: bool
) -> None:
    """The same state comes out, with one line about it; at most a part and what had come of the next are read twice."""

    def desk(number: int) -> Desk:
        clock = Clock(tick=1.0) if in_memory else Clock()
        return Desk(tmp_path / str(number), database, interval_s=1e9 if in_memory else 0.0, clock=clock)

    first = desk(0)
    item = first.add(rivers)
    untouched = DyingGenerator()
    total = len(untouched.states[end_state(read_with(first, item, untouched))])
    assert untouched.calls > 20
    longest = max(len(untouched.tokenize(page.text)) for page in rivers.pages) + 2
    worst = 0
    for number in range(1, untouched.calls + 1):
        generator = DyingGenerator(dies_at={number}, late=late)
        events = read_with(desk(number), item, generator)
        assert generator.deaths == 1
        assert sum(isinstance(event, Recovered) for event in events) == 1
        worst = max(worst, generator.usage.prefill_tokens - total)
    assert 0 < worst <= longest + 1


def test_a_worker_dies_again_and_again(desk: Desk, item: LibraryDocument) -> None:
    """As long as a part is finished in between it goes on: six deaths, of which three in one part."""
    generator = DyingGenerator(dies_at={4, 10, 12, 14, 25, 35})
    events = read_with(desk, item, generator)
    assert sum(isinstance(event, Recovered) for event in events) == generator.deaths == 6


@pytest.mark.parametrize("call", [1, 2, 9])
def test_workers_that_die_for_ever(desk: Desk, item: LibraryDocument, call: int) -> None:
    """The error comes after the restarts there are; what was read before stays kept."""
    generator = DyingGenerator(dies_at=range(call, 10_000))
    events: list[ReadingEvent] = []
    with pytest.raises(WorkerLostError):
        events.extend(desk.reading.read(item, generator))
    assert generator.deaths == MOST_RESTARTS + 1
    assert generator.states == {} and generator.gone == set()
    after = read_with(desk.again(), item, DyingGenerator())
    assert parts_read(after)[0] == (1 if call == 9 else 0)


def test_a_word_that_kills_every_worker(tmp_path: Path, database: Database, rivers: Document) -> None:
    """Parts before it that are read once more, because no bookmark was due, are no progress: it ends."""
    desk = Desk(tmp_path, database, interval_s=1e9)
    generator = DyingGenerator(dies_on=" Saale4")
    seen: list[ReadingEvent] = []
    with pytest.raises(WorkerLostError):
        for event in desk.reading.read(desk.add(rivers), generator):
            seen.append(event)
            assert len(seen) < 200
    assert generator.deaths == MOST_RESTARTS + 1
    assert parts_read(seen) == [0, 1, 2] * (MOST_RESTARTS + 1)


# -- how long it takes -----------------------------------------------------------------------------------------------


def test_the_rate_is_remembered(desk: Desk) -> None:
    """From then on the time is told beforehand, for this model only; a resumed reading counts what it read itself."""
    generator = DyingGenerator(seconds_per_token=0.25)
    item = desk.add(book(chapter(name) for name in [*NAMES, "havel", "peene", "eider", "weser"]))
    assert desk.reading.seconds_for(100, generator, "") is None
    desk.read(item, generator)
    again = desk.again().reading
    assert again.seconds_for(100, generator, "") == 25.0
    assert again.seconds_for(100, FakeGenerator(fingerprint="6" * 64), "") is None
    tokens = again.estimate(item, generator).tokens
    assert again.estimate(item, generator) == Estimate(tokens, tokens / 4)


def test_a_model_that_never_read_here_is_measured(desk: Desk) -> None:
    """It reads some hundred tokens of a long document, once, and leaves nothing behind; a short one is not worth it."""
    generator = DyingGenerator(seconds_per_token=0.25)
    long, short = (desk.add(book(chapter(name, sentences) for name in NAMES)) for sentences in (120, 14))
    assert desk.reading.estimate(short, generator).seconds is None
    assert generator.usage.prefill_tokens == 0
    tokens = desk.reading.estimate(long, generator).tokens
    assert generator.usage.prefill_tokens == WARM_UP_TOKENS + MEASURED_TOKENS
    assert desk.again().reading.estimate(long, generator) == Estimate(tokens, tokens / 4)
    assert generator.usage.prefill_tokens == WARM_UP_TOKENS + MEASURED_TOKENS
    assert generator.states == {}


def test_a_worker_that_dies_while_it_is_measured(desk: Desk) -> None:
    """There is no forecast then, and no error."""
    generator = DyingGenerator(seconds_per_token=0.25, dies_at=[3])
    assert desk.reading.estimate(desk.add(book(chapter(name, 120) for name in NAMES)), generator).seconds is None
    assert generator.deaths == 1


def test_a_short_reading_says_nothing_of_the_rate(desk: Desk, item: LibraryDocument) -> None:
    """Below 1,000 tokens it is chance; the same reading opened again is none at all."""
    generator = DyingGenerator(seconds_per_token=0.25)
    for _ in range(2):
        desk.read(item, generator)
    assert desk.reading.estimate(item, generator).seconds is None


def test_a_rate_that_cannot_be_kept_spoils_no_reading(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It is logged, and the document is read."""

    def fail(*_: object, **__: object) -> None:
        raise StorageError("the library is in use")

    monkeypatch.setattr(ReadingRateStore, "remember", fail)
    generator = DyingGenerator(seconds_per_token=0.25)
    item = desk.add(book(chapter(name) for name in [*NAMES, *NAMES]))
    assert told(generator, end_state(desk.read(item, generator))) == "<0>" + item.document.text
    assert "reading rate not kept: the library is in use" in caplog.messages


@pytest.mark.parametrize("sentences", [1, 14, 120])
def test_estimated_tokens(desk: Desk, generator: FakeGenerator, sentences: int) -> None:
    """Near the truth, also where only the beginning of a long text is looked at."""
    item = desk.add(book(chapter(name, sentences) for name in NAMES))
    truth = len(generator.tokenize(item.document.text))
    assert desk.reading.estimate(item, generator).tokens == pytest.approx(truth, rel=0.05)


def test_an_estimate_of_nothing(desk: Desk, generator: FakeGenerator) -> None:
    """An empty document takes no tokens."""
    assert desk.reading.estimate(BLANK, generator) == Estimate(0, None)


def test_missing_is_said_of_a_document_nobody_read(desk: Desk, item: LibraryDocument, generator: FakeGenerator) -> None:
    """`opened` reads nothing."""
    assert desk.reading.opened(item, generator) == Missing(NOT_KEPT)
    assert generator.usage.prefill_tokens == 0
