"""The summary of one open document: shown from the library, made in the background, paused and gone on with."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import QLocale, QObject, Signal

from app.core.whole_file import write_atomically
from app.inference.generator import ModelInfo
from app.services.library import LibraryDocument
from app.services.markdown_export import coverage, page_mark, summary_markdown
from app.services.restarts import Recovered
from app.services.summaries import StoredSummary, SummaryResult
from app.tasks.model import SectionNotes, Style
from app.tasks.summarize import default_style
from app.ui.controllers.engine import EngineController
from app.ui.controllers.summary_lane import Begun, Progress, Section, Told, make_summary
from app.ui.failure import Failure
from app.ui.job import Job, Task
from app.ui.job_scope import JobScope
from app.ui.jobs import Jobs, Lane
from app.ui.models.reading_pace import ReadingPace
from app.ui.views.summary import ReadingShown, SummaryHead, SummaryState, SummaryView, SummaryWish


class SummaryController(QObject):
    """Joins a SummaryView to the services, for one document."""

    reading = Signal(object)
    """ReadingShown | None: how far it is, None when nothing runs any more."""
    began = Signal()
    """It was asked for, and may have to wait: for the model, or for another document that is being read."""
    tokens_read = Signal(int)
    """Position of the state that reads."""
    finished = Signal()
    failed = Signal(object)
    """Failure."""
    notice = Signal(str)
    """What was not as expected, in one line."""

    def __init__(
        self,
        jobs: Jobs,
        engine: EngineController,
        item: LibraryDocument,
        view: SummaryView,
        preferred: Callable[[], Style | None],
        monotonic: Callable[[], float] = time.monotonic,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._jobs = JobScope(jobs)
        self._engine = engine
        self.item = item
        self._view = view
        self._preferred = preferred
        self._monotonic = monotonic
        self._job: Job | None = None
        self._looking: Job | None = None
        self._paused = False
        self._result: SummaryResult | None = None
        self._newer: StoredSummary | None = None
        """Begun after the finished one that is shown, and interrupted."""
        self._sections: list[SectionNotes] = []
        self._parts = (0, 0)
        self._pace = ReadingPace()
        self._coverage = coverage(item.document)
        self.style = self._default_style()
        self._connect()
        self._open_view()

    def _connect(self) -> None:
        view = self._view
        view.begun.connect(self.begin)
        view.paused.connect(self.pause)
        view.resumed.connect(self.resume)
        view.stopped.connect(self.stop)
        self._engine.ready.connect(self._model_changed)

    @property
    def running(self) -> bool:
        """Whether it is being made now."""
        return self._job is not None and self._job.running and not self._job.cancelled

    @property
    def paused(self) -> bool:
        """Whether the user has paused it, to go on later."""
        return self._paused

    @property
    def markdown(self) -> str:
        """What there is of the summary, as a Markdown document; '' where there is nothing."""
        result = self._result
        if result is None and self._sections:
            stats: dict[str, Any] = {"model": self._engine.wish.name}
            result = SummaryResult("", self.style, tuple(self._sections), (), stats)
        return "" if result is None else summary_markdown(self.item.document, result)

    def look_up(self) -> None:
        """Show what the library has of it: a finished summary, or what an interrupted one has written."""
        self._look_up(self._looked_up)

    def _look_up(self, done: Callable[[StoredSummary | None], None]) -> None:
        item = self.item
        self._look_no_more()

        def look(task: Task[None]) -> StoredSummary | None:
            return task.desk.summaries.latest(item.document_id, item.page_range)

        self._looking = self._jobs.submit(Lane.QUICK, look, done=done, failed=self.failed.emit)

    def _look_no_more(self) -> None:
        """What was found would be older than what is shown."""
        if self._looking is not None:
            self._looking.abandon()

    def begin(self, wish: SummaryWish) -> None:
        """Make the summary, going on from what there is of this style unless it is to be made anew.

        Made anew before, and interrupted, it is that one that is gone on with.
        """
        if self.running:
            return
        self._look_no_more()
        waiting = self._waiting_text()
        if self._job is not None:
            self._job.abandon()  # paused a moment ago, and not at rest yet: its end is not the end of this one
        self.style = wish.style or self._default_style()
        remaking = self._newer is not None and self._newer.result.style is self.style
        self._result, self._newer, self._sections, self._parts, self._paused = None, None, [], (0, 0), False
        self._pace.clear()
        self._open_view()
        self._view.set_state(SummaryState.RUNNING)
        self._view.set_note(waiting)
        item, style = self.item, self.style

        def make(task: Task[Told]) -> SummaryResult:
            return make_summary(task, item, self._engine, style, wish.fresh, remaking, self._monotonic)

        self._job = self._jobs.submit(
            Lane.READING, make, events=self._told, done=self._made, failed=self._failed, ended=self._ended
        )
        self.began.emit()

    def pause(self) -> None:
        """Stop for now; what is written stays, and `resume` goes on from there."""
        if self.running and self._job is not None:
            self._paused = True
            self._view.set_note(self.tr("Pausing"))
            self._job.cancel()

    def resume(self) -> None:
        """Go on."""
        self.begin(SummaryWish(self.style, fresh=False))

    def stop(self) -> None:
        """Stop; what is written stays."""
        self._paused = False
        if self.running and self._job is not None:
            self._view.set_note(self.tr("Stopping"))
            self._job.cancel()
        elif self._result is None and not (self._job is not None and self._job.running):
            self._view.set_state(SummaryState.NONE)
            self.reading.emit(None)
            self._look_up(self._looked_again)

    def close(self) -> None:
        """Stop, and hear no more of it: the view goes."""
        self._paused = False
        self._jobs.close()

    def export(self, path: Path) -> None:
        """Write the summary to a Markdown file."""
        text = self.markdown

        def write(task: Task[None]) -> None:
            write_atomically(path, text, kept="the summary is kept in the library")

        self._jobs.submit(
            Lane.QUICK,
            write,
            done=lambda _: self.notice.emit(self.tr("Written to {path}").format(path=path)),
            failed=self.failed.emit,
        )

    # -- what comes back ---------------------------------------------------------------------------------------------

    def _looked_up(self, stored: StoredSummary | None) -> None:
        self._looked_again(stored)
        if stored is None or stored.finished:
            return
        self.style = stored.result.style
        self._sections = list(stored.result.sections)
        if not self._sections:
            return
        self._open_view()
        self._view.set_state(SummaryState.PAUSED)
        self._view.set_sections(stored.result.sections)
        self._view.set_note(
            self.tr("{done} of {total} sections are written; Resume goes on from there").format(
                done=len(stored.result.sections), total=stored.parts_total or "?"
            )
        )

    def _looked_again(self, stored: StoredSummary | None) -> None:
        """What was made before shows again where nothing has come of what was to take its place."""
        if stored is None or not stored.finished:
            return
        self.style, self._result, self._newer = stored.result.style, stored.result, stored.newer
        self._open_view()
        self._show(stored.result)
        if stored.newer is not None:
            self._view.set_note(self._newer_text(stored.newer))

    def _told(self, events: Sequence[Told]) -> None:
        progress: Progress | None = None
        for event in events:
            match event:
                case Progress():
                    progress = event
                case Section():
                    self._parts = (event.number, event.total)
                    self._sections.append(event.notes)
                    self._view.add_section(event.notes)
                case Begun():
                    going_on = self.tr("Going on: %n section(s) are written", "", event.sections)
                    self._view.set_note(going_on if event.sections else "")
                case Recovered():
                    self.notice.emit(event.message)
        if progress is not None:
            self._show_progress(progress)

    def _show_progress(self, progress: Progress) -> None:
        rate = self._pace.rate(progress.at, progress.tokens_done)
        shown = ReadingShown(
            page=progress.page,
            pages=self.item.document.pages[-1].number,
            tokens_done=progress.tokens_done,
            tokens_total=progress.tokens_total,
            tokens_per_second=rate,
            seconds_left=(progress.tokens_total - progress.tokens_done) / rate if rate > 0 else None,
            parts_done=self._parts[0],
            parts_total=self._parts[1],
        )
        self._view.set_reading(shown)
        self.reading.emit(shown)
        self.tokens_read.emit(progress.tokens_done)

    def _made(self, result: SummaryResult) -> None:
        self._show(result)
        self.finished.emit()

    def _failed(self, failure: Failure) -> None:
        self._paused = bool(self._sections)
        self._view.set_error(failure.error.message)
        self.failed.emit(failure)

    def _ended(self) -> None:
        self._view.set_reading(None)
        if self._result is None:
            self._view.set_state(SummaryState.PAUSED if self._paused else SummaryState.NONE)
            self._view.set_note(
                self.tr("%n section(s) are written; Resume goes on from there", "", len(self._sections))
                if self._sections
                else ""
            )
            if not self._paused:
                self._look_up(self._looked_again)
        self.reading.emit(None)

    def _show(self, result: SummaryResult) -> None:
        self._result, self._sections, self._paused = result, list(result.sections), False
        self._view.set_state(SummaryState.DONE)
        self._view.set_result(result.lines, result.sections, self._stats_text(result.stats))

    def _newer_text(self, newer: StoredSummary) -> str:
        model = newer.result.stats.get("model", "")
        if model != (self._engine.info.name if self._engine.info is not None else self._engine.wish.name):
            text = self.tr("A newer one is begun by {model}: {done} of {total} sections are written")
        elif newer.result.style is self.style:
            text = self.tr("A newer one is begun: {done} of {total} sections are written; Make anew goes on with it")
        else:
            text = self.tr(
                "A newer one in another style is begun: {done} of {total} sections are written; "
                "choose that style, and Summarise goes on with it"
            )
        return text.format(model=model, done=len(newer.result.sections), total=newer.parts_total or "?")

    def _stats_text(self, stats: Mapping[str, Any]) -> str:
        locale = QLocale()
        return self.tr("{model} read {tokens} tokens at {rate} tokens/s").format(
            model=stats.get("model", ""),
            tokens=locale.toString(int(stats.get("prefill_tokens", 0))),
            rate=locale.toString(float(stats.get("prefill_tokens_per_second", 0.0)), "f", 0),
        )

    def _open_view(self) -> None:
        document = self.item.document
        model = self._engine.wish.name
        if self._result is not None:
            model = str(self._result.stats.get("model", model))
        self._view.open(
            SummaryHead(
                title=document.title,
                pages=len(document.pages),
                model=model,
                styles=tuple(Style),
                style=self.style,
                page_mark=page_mark(document),
                coverage=self._coverage,
            )
        )

    def _model_changed(self, info: ModelInfo) -> None:
        if self.running:
            self._view.set_note("")
        elif self._result is None and not self._sections:
            self.style = self._default_style()
            self._open_view()

    def _waiting_text(self) -> str:
        if not self._engine.is_ready:
            return self.tr("Waiting for the model")
        if self._jobs.is_busy(Lane.READING) and not (self._job is not None and self._job.running):
            return self.tr("Waiting: another document is being read")
        return ""

    def _default_style(self) -> Style:
        info = self._engine.info
        return self._preferred() or (default_style(info) if info is not None else Style.KEY_PASSAGES)
