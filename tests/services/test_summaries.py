from __future__ import annotations

import itertools
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path

import pytest

from app.core.errors import CheckpointError, UserError
from app.documents.model import Document
from app.inference.generator import TextGenerator
from app.services.library import LibraryDocument
from app.services.summaries import SummaryEvent, SummaryResult, SummaryService, SummaryStarted
from app.storage.database import Database
from app.storage.locks import JobLocks
from app.storage.snapshots import SnapshotStore
from app.storage.summaries import SummaryStore
from app.tasks.model import Line, SectionNotes, Style
from app.tasks.summarize import Event, PartDone, ReadProgress, Resume, SummaryDone

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


class Clock:
    """Seconds that only move when told."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def item(document: Document, database: Database) -> LibraryDocument:
    with database.transaction() as db:
        db.execute("INSERT INTO documents VALUES ('d1', '/a.pdf', 1, 0.0, 0.0)")
    return LibraryDocument(document, (), "", reused=False)


class Harness:
    """A service on one library, made anew for each run as a new process would."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database = database
        self.store = SummaryStore(database)
        self.snapshots = SnapshotStore(folder / "snapshots.sqlite", budget_bytes=10**6)
        self.locks = JobLocks(folder)
        self.clock = Clock()
        self.ids = itertools.count(1)
        self.task = Task()

    def service(self) -> SummaryService:
        self.task = Task()
        return SummaryService(
            self.store,
            self.snapshots,
            self.locks,
            task=self.task,
            now=self.clock,
            monotonic=self.clock,
            new_id=lambda: f"job{next(self.ids)}",
            snapshot_interval_s=10.0,
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
    assert harness.run(item, generator)[0] == SummaryStarted("job2", parts_written=0, parts_read=0)


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
    assert events[0] == SummaryStarted("job1", parts_written=2, parts_read=0)
    assert harness.task.read == [0, 1, 2, 3]
    assert harness.task.written == [2, 3]
    result = _result(events)
    assert [s.title for s in result.sections] == ["S0", "S1", "S2", "S3"]
    assert result.stats["parts_reused"] == 2


def test_interrupted_run_goes_on_from_its_state(harness, item, generator) -> None:
    """With a snapshot the parts before it are not even read, and the result equals an uninterrupted run's."""
    harness.run(item, generator, parts=3, seconds_per_part=6.0)  # 6 s: no; 12 s: saved after part 1; 18 s: no
    events = harness.run(item, generator)
    assert events[0] == SummaryStarted("job1", parts_written=3, parts_read=2)
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
    assert again[0] == SummaryStarted("job1", parts_written=4, parts_read=4)
    assert harness.task.read == harness.task.written == []


def test_finished_job_needs_no_state(harness, item, generator) -> None:
    """The snapshot goes when the summary is finished."""
    harness.run(item, generator, seconds_per_part=20.0)
    assert harness.snapshots.total_bytes() == 0


def test_lost_snapshots_cost_time_only(harness, item, generator, tmp_path) -> None:
    """Without the file the parts are read again and the result is whole."""
    harness.run(item, generator, parts=2, seconds_per_part=20.0)
    (tmp_path / "snapshots.sqlite").write_bytes(b"garbage" * 1000)
    events = harness.run(item, generator)
    assert harness.task.written == [2, 3]
    assert len(_result(events).sections) == 4


def test_state_the_generator_refuses_costs_time_only(harness, item, generator, monkeypatch) -> None:
    """A state that the engine refuses (another engine version) is dropped with a logged reason."""
    harness.run(item, generator, parts=2, seconds_per_part=20.0)

    def refuse(data: bytes) -> None:
        raise CheckpointError("format version 9, expected 1")

    monkeypatch.setattr(generator, "load_state", refuse)
    events = harness.run(item, generator)
    assert events[0] == SummaryStarted("job1", parts_written=2, parts_read=0)
    assert harness.task.written == [2, 3]


def test_fresh_gives_up_the_interrupted_run(harness, item, generator) -> None:
    """--fresh writes every part again under a new job."""
    harness.run(item, generator, parts=2, seconds_per_part=20.0)
    events = harness.run(item, generator, fresh=True)
    assert events[0] == SummaryStarted("job2", parts_written=0, parts_read=0)
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
    assert next(events) == SummaryStarted("job1", parts_written=0, parts_read=0)
    for fresh in (False, True):
        with pytest.raises(UserError) as caught:
            harness.run(item, generator, fresh=fresh)
        assert caught.value.code == "busy"
        assert 'another Griffin Desk is summarising "Rivers"' in caught.value.message
    result = list(events)[-1]
    assert isinstance(result, SummaryResult)
    assert [section.title for section in result.sections] == ["S0", "S1", "S2", "S3"]
    assert harness.run(item, generator, fresh=True)[0] == SummaryStarted("job2", parts_written=0, parts_read=0)


def test_reasons_are_logged_and_text_is_not(harness, item, generator, caplog) -> None:
    """The log says why a run is new or resumed; no note's text is in it."""
    with caplog.at_level("INFO", logger="app"):
        harness.run(item, generator, parts=1)
        harness.run(item, generator)
    assert "job job1: begun: no earlier run" in caplog.messages
    assert "job job1: resumed: 1 of 4 parts written" in caplog.messages
    assert not any("at 10" in message for message in caplog.messages)
