"""The part of a summary that happens in its lane."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from app.services.library import LibraryDocument
from app.services.memory import resident_bytes
from app.services.restarts import Recovered
from app.services.summaries import SummaryResult, SummaryStarted
from app.tasks.model import SectionNotes, Style
from app.tasks.summarize import PartDone, ReadProgress
from app.ui.controllers.engine import EngineController
from app.ui.job import Task


@dataclass(frozen=True, slots=True)
class Begun:
    """The job has begun or goes on: sections that are written."""

    sections: int


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a reading has come; see ReadProgress."""

    page: int
    tokens_done: int
    tokens_total: int
    at: float


@dataclass(frozen=True, slots=True)
class Section:
    """The notes of one more section, of `total`."""

    notes: SectionNotes
    number: int
    total: int


Told = Begun | Progress | Section | Recovered


def make_summary(
    task: Task[Told],
    item: LibraryDocument,
    engine: EngineController,
    style: Style,
    fresh: bool,
    remaking: bool,
    monotonic: Callable[[], float],
) -> SummaryResult:
    """In the lane: the whole summary, told as it comes.

    remaking: it was begun anew before; `fresh` then goes on with that one, where it is this model's.
    """
    generator = engine.loaded(task.cancelled)
    task.report(Begun(0))
    began, peak = monotonic(), 0

    def extra_stats() -> dict[str, Any]:
        return {"peak_rss_bytes": peak, "seconds": round(monotonic() - began, 2)}

    if remaking or not fresh:
        finished = task.desk.summaries.finished(item.document_id, item.page_range, generator.info, style)
        if finished is not None and not fresh:
            return finished
        fresh = finished is not None
    for event in task.desk.summaries.run(
        item, generator, style=style, fresh=fresh, extra_stats=extra_stats, cancelled=task.cancelled
    ):
        match event:
            case SummaryResult():
                return event
            case SummaryStarted():
                task.report(Begun(event.parts_written))
                for notes in event.notes:
                    task.report(Section(notes, notes.index + 1, event.parts_total))
            case ReadProgress():
                task.report(Progress(event.page, event.tokens_done, event.tokens_total, monotonic()))
            case PartDone():
                peak = max(peak, resident_bytes())
                task.report(Section(event.notes, event.part_index + 1, event.parts_total))
            case Recovered():
                task.report(event)
    raise AssertionError("a summary ended without a result")
