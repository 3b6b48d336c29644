from __future__ import annotations

import itertools
import random
import re
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.core.errors import CheckpointError, UserError, WorkerLostError
from app.documents.model import Document
from app.inference.generator import SavedState, StateRef, TextGenerator, never
from app.services.library import LibraryDocument
from app.services.restarts import MOST_RESTARTS, Recovered
from app.services.states import Restored
from app.services.summaries import SummaryEvent, SummaryResult, SummaryService, SummaryStarted, SummaryTask
from app.storage.database import Database
from app.storage.locks import JobLocks
from app.storage.summaries import SummaryStore
from app.tasks.model import Line, SectionNotes, Style
from app.tasks.salience import HiddenSpace
from app.tasks.summarize import Event, PartDone, ReadProgress, Resume, SummaryDone, summarize
from tests.fakes import FakeGenerator
from tests.services.desk import Desk, book, chapter
from tests.services.dying import DyingGenerator
from tests.snapshot_states import rows

NAMES = ("elbe", "oder", "main", "saale", "spree")
PARTS = 4
TOKENS = 10


class Task:
    """Four parts of ten tokens each; remembers which parts were read and which were written."""

    def __init__(self) -> None:
        self.read: list[int] = []
        self.written: list[int] = []

    def __call__(
        self,
        document: Document,
        generator: TextGenerator,
        *,
        style: Style,
        resume: Resume | None = None,
        cancelled: object = None,
    ) -> Generator[Event]:
        sections = list(resume.notes) if resume else []
        first = resume.parts_read if resume and resume.state is not None else 0
        state = generator.fork(resume.state) if resume and resume.state is not None else generator.new_state()
        try:
            for part in range(first, PARTS):
                generator.read(state, [part] * TOKENS)
                self.read.append(part)
                yield ReadProgress(1, (part + 1) * TOKENS, PARTS * TOKENS)
                if part >= len(sections):
                    self.written.append(part)
                    text = f"part {part} at {generator.position(state)}"
                    sections.append(SectionNotes(part, f"S{part}", 1, 1, (Line(text, False),)))
                    yield PartDone(part, PARTS, sections[-1], state)
        finally:
            generator.drop(state)
        yield SummaryDone(tuple(sections), (Line("all", False),))


@pytest.fixture
def item(document: Document, database: Database) -> LibraryDocument:
    with database.transaction() as db:
        db.execute("INSERT INTO documents VALUES ('d1', '/a.pdf', 1, 0.0, 0.0)")
    return LibraryDocument(document, (), "", reused=False)


class Harness:
    """A service on one library, made anew for each run as a new process would."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.desk = Desk(folder, database, interval_s=10.0)
        self.store = SummaryStore(database)
        self.locks = JobLocks(folder)
        self.clock = self.desk.clock
        self.ids = itertools.count(1)
        self.task = Task()

    def service(self, task: SummaryTask | None = None) -> SummaryService:
        self.task = Task()
        self.desk = self.desk.again()
        return SummaryService(
            self.store,
            self.desk.reading,
            self.locks,
            task=task or self.task,
            now=self.clock,
            new_id=lambda: f"job{next(self.ids)}",
        )

    def run(
        self,
        item: LibraryDocument,
        generator: TextGenerator,
        *,
        parts: int = PARTS,
        seconds_per_part: float = 0.0,
        fresh: bool = False,
    ) -> list[SummaryEvent]:
        """Events up to the end, or up to the given number of finished parts, then closed as Ctrl-C would."""
        seen: list[SummaryEvent] = []
        events = self.service().run(item, generator, style=Style.BRIEF, fresh=fresh)
        for event in events:
            seen.append(event)
            if isinstance(event, ReadProgress):
                self.clock.seconds += seconds_per_part
            done = sum(isinstance(e, PartDone) for e in seen)
            if isinstance(event, PartDone) and done == parts and parts < PARTS:
                events.close()
                break
        return seen


@pytest.fixture
def harness(database: Database, tmp_path: Path) -> Harness:
    return Harness(database, tmp_path)


def _result(events: list[SummaryEvent]) -> SummaryResult:
    assert isinstance(events[-1], SummaryResult)
    return events[-1]


def begun(event: SummaryEvent) -> tuple[str, int, int]:
    """The job of a first event, its parts written and its parts read; their notes come with it."""
    assert isinstance(event, SummaryStarted)
    assert [section.title for section in event.notes] == [f"S{part}" for part in range(event.parts_written)]
    assert event.parts_total == (PARTS if event.parts_written else 0)
    return event.job_id, event.parts_written, event.parts_read


def test_uninterrupted_run(harness, item, generator) -> None:
    """Every part is read and written once; the statistics are those of the generator."""
    result = _result(harness.run(item, generator))
    assert harness.task.read == harness.task.written == [0, 1, 2, 3]
    assert [s.notes[0].text for s in result.sections] == [f"part {i} at {10 * (i + 1)}" for i in range(4)]
    assert result.stats["prefill_tokens"] == 40
    assert result.stats["prefill_tokens_per_second"] == 0.0  # the fake takes no time
    assert (result.stats["parts"], result.stats["parts_reused"], result.stats["state_bytes"]) == (4, 0, 64)
    assert generator.states == {}


def test_finished_summary_is_found_again(harness, item, generator) -> None:
    """Same document, model and style: the stored result with its figures; another style: none."""
    result = _result(harness.run(item, generator))
    service = harness.service()
    assert service.finished("d1", "", generator.info, Style.BRIEF) == result
    assert service.finished("d1", "", generator.info, Style.DETAILED) is None
    assert service.finished("d1", "1-2", generator.info, Style.BRIEF) is None


def test_other_tokenizer_begins_anew(harness, item, generator) -> None:
    """Its parts end elsewhere, so the notes of an interrupted run with the same weights are not gone on with."""
    harness.run(item, generator, parts=2)
    generator.info = replace(generator.info, tokenizer_hash="2" * 64)
    assert begun(harness.run(item, generator)[0]) == ("job2", 0, 0)


def test_stored_job_is_shown_whole_or_as_far_as_it_came(harness, item, generator) -> None:
    """By its id: first the sections written so far, later the finished result."""
    harness.run(item, generator, parts=2)
    half = harness.service().stored("job")
    assert half is not None
    assert (half.finished, half.parts_total, half.document_id, half.result.lines) == (False, 4, "d1", ())
    assert [section.title for section in half.result.sections] == ["S0", "S1"]
    result = _result(harness.run(item, generator))
    whole = harness.service().stored("job1")
    assert whole is not None and whole.finished
    assert whole.result == result
    assert harness.service().stored("nope") is None


def test_the_latest_of_a_document(harness, item, generator) -> None:
    """Whichever model and style; as far as it came; none of other pages, and none before the first."""
    assert harness.service().latest("d1", "") is None
    harness.run(item, generator, parts=2)
    latest = harness.service().latest("d1", "")
    assert latest is not None and (latest.finished, latest.parts_total, latest.newer) == (False, 4, None)
    assert [section.title for section in latest.result.sections] == ["S0", "S1"]
    harness.clock.seconds += 1.0
    made = _result(harness.run(item, FakeGenerator(fingerprint="7" * 64)))
    found = harness.service().latest("d1", "")
    assert found is not None and found.finished and found.result == made and found.newer is None
    assert harness.service().latest("d1", "1-2") is None


def test_a_finished_summary_is_not_hidden_by_one_begun_after_it(harness, item, generator) -> None:
    """The one begun is told of beside it, as soon as it has come to a section."""
    made = _result(harness.run(item, generator))
    harness.clock.seconds += 1.0
    events = harness.service().run(item, generator, style=Style.BRIEF, fresh=True)
    next(events)
    events.close()
    found = harness.service().latest("d1", "")
    assert found is not None and found.finished and found.result == made and found.newer is None
    harness.run(item, generator, parts=2)
    found = harness.service().latest("d1", "")
    assert found is not None and found.finished and found.result == made
    assert found.newer is not None and not found.newer.finished
    assert [section.title for section in found.newer.result.sections] == ["S0", "S1"]


def test_beginning_of_two_ids_is_refused(harness, item, generator) -> None:
    """Both are named, so that the user can choose."""
    harness.run(item, generator)
    harness.run(item, generator, parts=1, fresh=True)
    with pytest.raises(UserError, match=r"'job' begins 2 summaries \(job1, job2\)"):
        harness.service().stored("job")


def test_interrupted_run_goes_on_without_a_state(harness, item, generator) -> None:
    """No snapshot was due: parts are read again, but none is written again."""
    harness.run(item, generator, parts=2)
    events = harness.run(item, generator)
    assert begun(events[0]) == ("job1", 2, 0)
    assert harness.task.read == [0, 1, 2, 3]
    assert harness.task.written == [2, 3]
    result = _result(events)
    assert [s.title for s in result.sections] == ["S0", "S1", "S2", "S3"]
    assert result.stats["parts_reused"] == 2


def test_interrupted_run_goes_on_from_its_state(harness, item, generator) -> None:
    """With a snapshot the parts before it are not even read, and the result equals an uninterrupted run's."""
    harness.run(item, generator, parts=3, seconds_per_part=6.0)  # 6 s: no; 12 s: saved after part 1; 18 s: no
    events = harness.run(item, generator)
    assert begun(events[0]) == ("job1", 3, 2)
    assert harness.task.read == [2, 3]
    assert harness.task.written == [3]
    assert [s.notes[0].text for s in _result(events).sections] == [f"part {i} at {10 * (i + 1)}" for i in range(4)]
    assert _result(events).stats["parts_not_read_again"] == 2
    assert generator.states == {}


def test_totals_add_up_over_runs(harness, item, generator) -> None:
    """Tokens of the interrupted run up to its last finished part count too: 20 and again all 40."""
    harness.run(item, generator, parts=2)
    stats = _result(harness.run(item, generator)).stats
    assert (stats["prefill_tokens"], stats["runs"]) == (60, 2)


def test_notes_are_on_disk_before_part_done_is_seen(harness, item, generator) -> None:
    """When the caller sees PartDone a crash can no longer lose it."""
    for event in harness.service().run(item, generator, style=Style.BRIEF):
        if isinstance(event, PartDone):
            record = harness.store.get("job1")
            assert record is not None
            assert len(record.parts) == event.part_index + 1


def test_last_state_is_saved_before_the_summary_is_composed(harness, item, generator) -> None:
    """A crash after the last part costs no reading, however quick the run was."""
    service = harness.service()
    events = service.run(item, generator, style=Style.BRIEF)
    for event in events:
        if isinstance(event, PartDone) and event.part_index == PARTS - 1:
            break
    events.close()
    again = harness.run(item, generator)
    assert begun(again[0]) == ("job1", 4, 4)
    assert harness.task.read == harness.task.written == []


def test_the_document_is_read_when_its_summary_is_finished(harness, item, generator) -> None:
    """The state at its end stays, for whoever asks about the document next."""
    harness.run(item, generator)
    opened = harness.desk.again().reading.opened(item, generator)
    assert isinstance(opened, Restored) and opened.position == PARTS * TOKENS


def test_lost_snapshots_cost_time_only(harness, item, generator) -> None:
    """Without the file the parts are read again and the result is whole."""
    harness.run(item, generator, parts=2, seconds_per_part=20.0)
    harness.desk = harness.desk.again()
    harness.desk.path.write_bytes(b"garbage" * 10_000)
    events = harness.run(item, generator)
    assert begun(events[0]) == ("job1", 2, 0)
    assert (harness.task.read, harness.task.written) == ([0, 1, 2, 3], [2, 3])
    assert len(_result(events).sections) == 4


def test_state_the_generator_refuses_costs_time_only(harness, item, generator, monkeypatch) -> None:
    """A state that the engine refuses (another engine version) is passed over with a logged reason."""
    harness.run(item, generator, parts=2, seconds_per_part=20.0)

    def refuse(saved: SavedState) -> StateRef:
        raise CheckpointError("format version 9, expected 1")

    monkeypatch.setattr(generator, "load_state", refuse)
    events = harness.run(item, generator)
    assert begun(events[0]) == ("job1", 2, 0)
    assert harness.task.written == [2, 3]


def test_a_damaged_bookmark_costs_the_parts_since_the_one_before(harness, item, generator) -> None:
    """The furthest one that is whole is gone on from, and the summary is that of an uninterrupted run."""
    harness.run(item, generator, parts=3, seconds_per_part=20.0)
    harness.desk.keeper.flush()
    rows(
        harness.desk.path,
        "UPDATE recurrent_parts SET data = x'00' WHERE snapshot_id IN (SELECT max(id) FROM snapshots)",
    )
    events = harness.run(item, generator)
    assert begun(events[0]) == ("job1", 3, 2)
    assert [s.notes[0].text for s in _result(events).sections] == [f"part {i} at {10 * (i + 1)}" for i in range(4)]


def test_a_bookmark_beyond_the_notes_is_of_no_use(harness, item, generator) -> None:
    """Parts without notes have to be read for them, though the document has been read to its end."""
    harness.run(item, generator, seconds_per_part=20.0)
    events = harness.run(item, generator, fresh=True)
    assert begun(events[0]) == ("job2", 0, 0)
    assert harness.task.read == harness.task.written == [0, 1, 2, 3]


def test_left_at_the_first_event(harness, item, generator) -> None:
    """No restored state stays behind."""
    harness.run(item, generator, parts=2, seconds_per_part=20.0)
    events = harness.service().run(item, generator, style=Style.BRIEF)
    assert begun(next(events)) == ("job1", 2, 2)
    events.close()
    assert generator.states == {}


def test_the_rate_is_remembered(harness, item) -> None:
    """A long summary tells how fast the model reads here."""
    generator = DyingGenerator(lambda text: "Rivers flow.", seconds_per_token=0.5)
    rivers = harness.desk.add(book(chapter(name) for name in NAMES * 2))
    list(harness.service(summarize).run(rivers, generator, style=Style.KEY_PASSAGES))
    assert harness.desk.rates.find(generator.info.fingerprint) == 2.0


def test_fresh_gives_up_the_interrupted_run(harness, item, generator) -> None:
    """--fresh writes every part again under a new job."""
    harness.run(item, generator, parts=2, seconds_per_part=20.0)
    events = harness.run(item, generator, fresh=True)
    assert begun(events[0]) == ("job2", 0, 0)
    assert harness.task.written == [0, 1, 2, 3]
    assert harness.store.get("job1") is None


def test_fresh_interrupted_keeps_the_old_result_and_is_gone_on_with(harness, item, generator) -> None:
    """A second, fresh run that is interrupted costs nothing; run again, it goes on."""
    harness.run(item, generator)
    harness.run(item, generator, parts=1, fresh=True)
    record = harness.store.get("job1")
    assert record is not None and record.finished
    assert harness.service().finished("d1", "", generator.info, Style.BRIEF) is None
    harness.run(item, generator)
    assert harness.task.written == [1, 2, 3]


def test_second_run_at_the_same_time_is_refused(harness, item, generator) -> None:
    """Fresh or not, it is told to wait and spoils nothing; the first run ends as if it had been alone."""
    events = harness.service().run(item, generator, style=Style.BRIEF)
    assert begun(next(events)) == ("job1", 0, 0)
    for fresh in (False, True):
        with pytest.raises(UserError) as caught:
            harness.run(item, generator, fresh=fresh)
        assert caught.value.code == "busy"
        assert 'another Griffin Desk is summarising "Rivers"' in caught.value.message
    result = list(events)[-1]
    assert isinstance(result, SummaryResult)
    assert [section.title for section in result.sections] == ["S0", "S1", "S2", "S3"]
    assert begun(harness.run(item, generator, fresh=True)[0]) == ("job2", 0, 0)


def test_reasons_are_logged_and_text_is_not(harness, item, generator, caplog) -> None:
    """The log says why a run is new or resumed; no note's text is in it."""
    with caplog.at_level("INFO", logger="app"):
        harness.run(item, generator, parts=1)
        harness.run(item, generator)
    assert "job job1: begun: no earlier run" in caplog.messages
    assert "job job1: resumed: 1 of 4 parts written" in caplog.messages
    assert not any("at 10" in message for message in caplog.messages)


# -- workers that die ------------------------------------------------------------------------------------------------


@pytest.fixture
def rivers(harness) -> LibraryDocument:
    """Five parts of about 127 tokens."""
    return harness.desk.add(book(chapter(name) for name in NAMES))


def noting(**options: Any) -> DyingGenerator:
    """Writes one sentence of the part's last that it was given, and two at a time."""
    return DyingGenerator(
        lambda text: re.findall(r"[A-Z][a-z]+\d+ runs [^.]*\.", text)[-1] if " runs " in text else "Rivers flow.",
        batch_size=2,
        **options,
    )


def run_with(harness: Harness, item: LibraryDocument, generator: DyingGenerator, style: Style) -> list[SummaryEvent]:
    """A fresh summary by the real task; every state is freed at its end, and every part is told of once."""
    events = list(harness.service(summarize).run(item, generator, style=style, fresh=True))
    assert generator.states == {} and generator.gone == set()
    assert [event.part_index for event in events if isinstance(event, PartDone)] == list(range(5))
    return events


@pytest.mark.parametrize("style", [Style.BRIEF, Style.KEY_PASSAGES])
@pytest.mark.parametrize("late", [False, True])
def test_workers_die_at_random(harness, rivers, style: Style, late: bool) -> None:
    """The summary is that of one worker, with one line for each death."""
    untouched = noting()
    expected = _result(run_with(harness, rivers, untouched, style))
    assert untouched.calls > 15 and len(expected.lines) > 1
    chance = random.Random(11)
    for _ in range(5):
        dies_at = set(chance.sample(range(1, untouched.calls), 2))
        generator = noting(dies_at=dies_at, late=late)
        events = run_with(harness, rivers, generator, style)
        result = _result(events)
        assert (result.sections, result.lines) == (expected.sections, expected.lines)
        recovered = sum(isinstance(event, Recovered) for event in events)
        assert generator.deaths == 2 and recovered in (1, 2)
        assert sum(isinstance(event, SummaryStarted) for event in events) == 1
        assert result.stats["prefill_tokens"] == generator.usage.prefill_tokens
        assert result.stats["parts_reused"] == 0


def test_a_dead_worker_costs_one_part(harness, rivers) -> None:
    """Beside what every worker reads to know the model's space: the parts before are not read again."""
    untouched, space = noting(), FakeGenerator()
    run_with(harness, rivers, untouched, Style.KEY_PASSAGES)
    HiddenSpace.of_model(space, never)
    harness.clock.tick = 1.0
    worst = 0
    for number in range(6, untouched.calls, 3):
        generator = noting(dies_at={number})
        run_with(harness, rivers, generator, Style.KEY_PASSAGES)
        worst = max(worst, generator.usage.prefill_tokens - untouched.usage.prefill_tokens)
    assert 0 < worst - space.usage.prefill_tokens < 127 + 55


def test_workers_that_die_for_ever(harness, rivers) -> None:
    """The error comes after the restarts there are; the notes so far are kept, and the next run goes on from them."""
    generator, seen = noting(dies_on=" Saale4"), []
    with pytest.raises(WorkerLostError):
        for event in harness.service(summarize).run(rivers, generator, style=Style.KEY_PASSAGES):
            seen.append(event)
            assert len(seen) < 200
    assert generator.deaths == MOST_RESTARTS + 1
    assert [event.part_index for event in seen if isinstance(event, PartDone)] == [0, 1, 2]
    assert generator.states == {} and generator.gone == set()
    events = list(harness.service(summarize).run(rivers, noting(), style=Style.KEY_PASSAGES))
    assert isinstance(events[0], SummaryStarted) and events[0].parts_written == 3
    assert len(_result(events).sections) == 5


def test_a_worker_dies_while_the_last_state_is_kept(harness, item) -> None:
    """The notes are all there: the summary is finished, and only the state at the end is missing."""
    generator = DyingGenerator(lambda text: "ok")
    harness.run(item, generator)
    dying = DyingGenerator(lambda text: "ok", dies_at={generator.calls})
    events = harness.run(item, dying, fresh=True)
    assert len(_result(events).sections) == 4 and dying.deaths == 1
    assert [event.part_index for event in events if isinstance(event, PartDone)] == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("table", "column"), [("summaries", "lines"), ("summaries", "sections"), ("summaries", "stats")]
)
@pytest.mark.parametrize("letters", ["[{", '[{"text":1}]', "7"])
def test_a_damaged_summary_is_made_anew(
    tmp_path: Path, database: Database, table: str, column: str, letters: str, caplog: pytest.LogCaptureFixture
) -> None:
    """It is as if there were none, and the log says why."""
    desk = Desk(tmp_path, database)
    item = desk.add(book(map(chapter, NAMES)))
    service = desk.services.summaries
    *_, first = service.run(item, FakeGenerator(), style=Style.KEY_PASSAGES)
    with database.transaction() as db:
        db.execute(f"UPDATE {table} SET {column} = ?", [letters])
    assert service.latest(item.document_id, item.page_range) is None
    assert service.finished(item.document_id, item.page_range, FakeGenerator().info, Style.KEY_PASSAGES) is None
    assert "is damaged, and is passed over" in caplog.text
    *_, again = service.run(item, FakeGenerator(), style=Style.KEY_PASSAGES)
    assert isinstance(first, SummaryResult) and isinstance(again, SummaryResult)
    assert (again.lines, again.sections) == (first.lines, first.sections)


def test_an_interrupted_summary_with_a_damaged_part_begins_anew(tmp_path: Path, database: Database) -> None:
    """Its notes mean nothing; the document is still there."""
    desk = Desk(tmp_path, database)
    item = desk.add(book(map(chapter, NAMES)))
    service = desk.services.summaries
    events = service.run(item, FakeGenerator(), style=Style.KEY_PASSAGES)
    next(event for event in events if isinstance(event, PartDone))
    events.close()  # type: ignore[attr-defined]
    with database.transaction() as db:
        db.execute("UPDATE summary_parts SET notes = replace(notes, 'page_to', 'pa?e_to')")
    *_, result = service.run(item, FakeGenerator(), style=Style.KEY_PASSAGES)
    assert isinstance(result, SummaryResult) and len(result.sections) == len(NAMES)
