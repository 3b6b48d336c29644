"""Summaries that survive interruption: each part's notes are committed as they are written.

The task does the reading and writing; this service gives it what an earlier run left, keeps what it produces, and keeps
bookmarks of the reading, so that a resumed run, or one whose worker died, need not read from the first page.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict, astuple, dataclass, field, replace
from typing import Any, Protocol

from app.core.errors import UserError, WorkerLostError
from app.core.log import logger
from app.documents.model import Document
from app.inference.generator import Cancelled, ModelInfo, TextGenerator, Usage, never
from app.services import codec
from app.services.bookmarks import Bookmarks
from app.services.library import READER_VERSION, LibraryDocument
from app.services.reading import ReadingService
from app.services.restarts import Recovered, going_on
from app.services.states import Restored
from app.storage.locks import JobLocks
from app.storage.summaries import SummaryKey, SummaryRecord, SummaryStore
from app.tasks.model import Line, SectionNotes, Style
from app.tasks.summarize import Event, PartDone, ReadProgress, Resume, SummaryDone

TASK_VERSION = "4"
"""Raise it when the summary task would write other notes from the same document and model."""

_log = logger("summaries")


class SummaryTask(Protocol):
    """`app.tasks.summarize.summarize`."""

    def __call__(
        self,
        document: Document,
        generator: TextGenerator,
        *,
        style: Style,
        resume: Resume | None = None,
        cancelled: Cancelled = never,
    ) -> Generator[Event]:
        """Read the document through the model's state; notes at each part's end, the summary at the end."""
        ...


@dataclass(frozen=True, slots=True)
class SummaryStarted:
    """A job begins, or goes on: parts whose notes are there, and parts that need not be read again either."""

    job_id: str
    parts_written: int
    parts_read: int
    notes: tuple[SectionNotes, ...] = ()
    """Of the parts that are written."""
    parts_total: int = 0
    """0 where that is not known yet."""


@dataclass(frozen=True, slots=True)
class SummaryResult:
    """A finished summary. `stats` are those of the runs that made it, also when it is shown again later.

    Tokens and their rates are totals over all runs; peak memory and seconds are the last run's.
    """

    job_id: str
    style: Style
    sections: tuple[SectionNotes, ...]
    lines: tuple[Line, ...]
    stats: dict[str, Any]


@dataclass(frozen=True, slots=True)
class StoredSummary:
    """A job as it is on disk; of an unfinished one the result holds the sections written so far."""

    document_id: str
    page_range: str
    finished: bool
    parts_total: int
    result: SummaryResult
    newer: StoredSummary | None = None
    """Beside a finished one: what was begun after it, and has come to some sections."""


SummaryEvent = SummaryStarted | ReadProgress | PartDone | Recovered | SummaryResult

ExtraStats = Callable[[], dict[str, Any]]
"""Figures that only the caller knows, such as peak memory of all processes."""


class SummaryService:
    """Runs, keeps, resumes and finds summaries."""

    def __init__(
        self,
        store: SummaryStore,
        reading: ReadingService,
        locks: JobLocks,
        *,
        task: SummaryTask,
        now: Callable[[], float],
        new_id: Callable[[], str],
    ) -> None:
        self._store = store
        self._reading = reading
        self._locks = locks
        self._task = task
        self._now = now
        self._new_id = new_id

    def overview(self) -> list[dict[str, Any]]:
        """All jobs, last changed first."""
        return self._store.overview()

    def stored(self, id_or_prefix: str) -> StoredSummary | None:
        """A job by its id or the beginning of it, finished or not; None when none fits, UserError when several do."""
        found = self._store.find(id_or_prefix)
        if not found:
            return None
        if len(found) > 1:
            raise UserError(
                f"{id_or_prefix!r} begins {len(found)} summaries ({', '.join(r.id for r in found)}); give more",
                code="unknown-session",
            )
        return _stored(found[0]) if codec.legible(found[0]) is not None else None

    def latest(self, document_id: str, page_range: str) -> StoredSummary | None:
        """What was last made of a document, else begun, by whichever model and in whichever style."""
        found = codec.legible(self._store.of_document(document_id, page_range))
        if found is None or found.finished:
            return _stored(found) if found is not None else None
        finished = codec.legible(self._store.of_document(document_id, page_range, finished=True))
        return _stored(found) if finished is None else replace(_stored(finished), newer=_stored(found))

    def finished(self, document_id: str, page_range: str, info: ModelInfo, style: Style) -> SummaryResult | None:
        """The summary of this document by this model in this style, where the newest job for it is finished."""
        record = codec.legible(self._store.newest(_key(document_id, page_range, info, style)))
        if record is None or not record.finished:
            return None
        _log.info("job %s: summary hit: finished before", record.id)
        return SummaryResult(
            job_id=record.id,
            style=style,
            sections=codec.sections_loads(record.sections),
            lines=codec.lines_loads(record.lines),
            stats=json.loads(record.stats),
        )

    def run(
        self,
        item: LibraryDocument,
        generator: TextGenerator,
        *,
        style: Style,
        fresh: bool = False,
        extra_stats: ExtraStats = dict,
        cancelled: Cancelled = never,
    ) -> Iterator[SummaryEvent]:
        """Make the summary, going on from an interrupted run unless `fresh`.

        Yields SummaryStarted, the task's events, Recovered where the worker died and another went on, and
        SummaryResult. A PartDone is yielded after its notes are on disk. Ends early, with everything so far kept, when
        the caller stops asking. UserError (code "busy") when another process is making this very summary: two would
        write over each other's parts. WorkerLostError when workers keep dying without a part in between.
        """
        key = _key(item.document.content_hash, item.page_range, generator.info, style)
        with self._locks.hold("\n".join(("summary", *astuple(key)))) as ours:
            if not ours:
                raise UserError(
                    f'another Griffin Desk is summarising "{item.document.title}" with this model and style; '
                    "wait for it to finish, then ask for it again",
                    code="busy",
                )
            yield from self._run(key, item, generator, style, fresh, extra_stats, cancelled)

    def _run(
        self,
        key: SummaryKey,
        item: LibraryDocument,
        generator: TextGenerator,
        style: Style,
        fresh: bool,
        extra_stats: ExtraStats,
        cancelled: Cancelled,
    ) -> Iterator[SummaryEvent]:
        job_id, earlier = self._open_job(key, generator.info, fresh)
        before = codec.usage_loads(earlier.usage if earlier else "")
        job = _Job(job_id, earlier.runs + 1 if earlier else 1, generator, before, generator.usage)
        if earlier is not None:
            job.notes = [codec.notes_from_json(json.loads(part)) for part in earlier.parts]
            job.parts_total = earlier.parts_total
        job.parts_reused = len(job.notes)
        yield from going_on(
            f"job {job_id}",
            lambda: self._attempt(job, item, style, cancelled, extra_stats),
            lambda event: event.part_index if isinstance(event, PartDone) else None,
        )

    def _attempt(
        self, job: _Job, item: LibraryDocument, style: Style, cancelled: Cancelled, extra_stats: ExtraStats
    ) -> Iterator[SummaryEvent]:
        """From the notes so far to the result, with one worker."""
        bookmarks = self._reading.bookmarks(item, job.generator)
        resume = self._resume(job, bookmarks) if job.notes else None
        events = self._task(item.document, job.generator, style=style, resume=resume, cancelled=cancelled)
        with closing(events), _dropping(job.generator, resume):
            if not job.started:
                job.started, job.parts_not_read_again = True, resume.parts_read if resume else 0
                notes = tuple(job.notes)
                yield SummaryStarted(job.id, len(notes), job.parts_not_read_again, notes, job.parts_total)
            for event in events:
                if isinstance(event, PartDone):
                    self._keep_part(job, event)
                    # Its notes are kept. That the worker is lost shows at the next call, if there is one.
                    with suppress(WorkerLostError):
                        bookmarks.at_part_end(event.part_index + 1, event.parts_total, event.state)
                if isinstance(event, SummaryDone):
                    yield self._finish(job, event, style, extra_stats)
                else:
                    yield event

    def _open_job(self, key: SummaryKey, info: ModelInfo, fresh: bool) -> tuple[str, SummaryRecord | None]:
        """The id of the job, and the interrupted run that it goes on from."""
        record = codec.legible(self._store.newest(key))
        if record is not None and not record.finished and not fresh:
            _log.info("job %s: resumed: %d of %d parts written", record.id, len(record.parts), record.parts_total)
            self._store.reopen(record.id, now=self._now())
            return record.id, record
        job_id = self._new_id()
        _log.info("job %s: begun: %s", job_id, "made anew" if record else "no earlier run")
        self._store.begin(job_id, key, model_name=info.name, now=self._now())
        return job_id, None

    def _resume(self, job: _Job, bookmarks: Bookmarks) -> Resume:
        """From the state furthest on that has read no part without notes."""
        notes = tuple(job.notes)
        whole = bookmarks.end() if len(notes) == job.parts_total else None
        if isinstance(whole, Restored):
            return Resume(notes, len(notes), whole.state)
        found = bookmarks.nearest(len(notes))
        if isinstance(found, tuple):
            return Resume(notes, found[0], found[1].state)
        _log.info("job %s: read again from the start: %s", job.id, found.reason)
        return Resume(notes, 0, None)

    def _keep_part(self, job: _Job, event: PartDone) -> None:
        self._store.add_part(
            job.id,
            event.part_index,
            codec.dumps(codec.notes_to_json(event.notes)),
            parts_total=event.parts_total,
            usage=codec.dumps(asdict(job.usage())),
            now=self._now(),
        )
        job.notes.append(event.notes)
        job.parts_total = event.parts_total
        _log.info("job %s: part %d of %d written", job.id, event.part_index + 1, event.parts_total)

    def _finish(self, job: _Job, done: SummaryDone, style: Style, extra_stats: ExtraStats) -> SummaryResult:
        usage = job.usage()
        here = codec.usage_since(usage, job.earlier)
        self._reading.remember_rate(job.generator.info, here.prefill_tokens, here.prefill_seconds)
        stats = codec.generator_stats(usage, job.generator.info) | {
            "style": style.value,
            "runs": job.runs,
            "parts": len(job.notes),
            "parts_reused": job.parts_reused,
            "parts_not_read_again": job.parts_not_read_again,
            **extra_stats(),
        }
        self._store.finish(
            job.id,
            lines=codec.lines_dumps(done.summary),
            sections=codec.sections_dumps(done.sections),
            usage=codec.dumps(asdict(usage)),
            stats=codec.dumps(stats),
            now=self._now(),
        )
        _log.info("job %s: finished", job.id)
        return SummaryResult(job.id, style, done.sections, done.summary, stats)


@dataclass(slots=True)
class _Job:
    """One run of a job: how far it has come, and what it needs to add its totals to the earlier runs'."""

    id: str
    runs: int
    """Which run of the job this is, from 1."""
    generator: TextGenerator
    earlier: Usage
    at_start: Usage
    notes: list[SectionNotes] = field(default_factory=list)
    """Of parts 0..n-1, on disk."""
    parts_total: int = 0
    parts_reused: int = 0
    parts_not_read_again: int = 0
    started: bool = False

    def usage(self) -> Usage:
        return codec.usage_sum(self.earlier, codec.usage_since(self.generator.usage, self.at_start))


@contextmanager
def _dropping(generator: TextGenerator, resume: Resume | None) -> Iterator[None]:
    """Free the restored state at the end: the task goes on from a fork of it."""
    try:
        yield
    finally:
        if resume is not None and resume.state is not None:
            generator.drop(resume.state)


def _key(document_id: str, page_range: str, info: ModelInfo, style: Style) -> SummaryKey:
    return SummaryKey(
        document_id=document_id,
        model_fingerprint=info.fingerprint,
        style=style.value,
        page_range=page_range,
        # The tokenizer decides where parts end: notes of other parts are of no use.
        options=f"reader {READER_VERSION}, task {TASK_VERSION}, tokenizer {info.tokenizer_hash[:16]}",
    )


def _stored(record: SummaryRecord) -> StoredSummary:
    sections = record.sections or f"[{','.join(record.parts)}]"
    return StoredSummary(
        document_id=record.key.document_id,
        page_range=record.key.page_range,
        finished=record.finished,
        parts_total=record.parts_total,
        result=SummaryResult(
            job_id=record.id,
            style=Style(record.key.style),
            sections=codec.sections_loads(sections),
            lines=codec.lines_loads(record.lines) if record.lines else (),
            stats=json.loads(record.stats) if record.stats else {"model": record.model_name},
        ),
    )
