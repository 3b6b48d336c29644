"""Work on models' files, one after the other: downloads, imports, copies, checks, and the measuring of the machine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from PySide6.QtCore import QObject, Signal

from app.inference.generator import ReadCancelled
from app.services.model_progress import ModelProgress
from app.services.model_store import ModelStore
from app.services.models import InstalledModel
from app.ui.failure import Failure
from app.ui.job import Job, Task
from app.ui.jobs import Jobs, Lane
from app.ui.models.model_row import Check, Copy, Get, Import, Wish, WorkKind, WorkShown

Doing = Callable[[ModelStore, Task[ModelProgress]], Any]


@dataclass(frozen=True, slots=True)
class WorkEnded:
    """What became of some work: a result, or a failure, or neither where it was stopped.

    result: an InstalledModel of a download or an import, Converted of a copy, Verified of a check.
    """

    work: WorkShown
    wish: Wish | None
    result: Any = None
    failure: Failure | None = None

    @property
    def was_stopped(self) -> bool:
        """Whether it ended because somebody wanted it to."""
        return self.result is None and self.failure is None


@dataclass(slots=True, eq=False)
class _Work:
    shown: WorkShown
    wish: Wish | None
    job: Job | None = None
    ended: WorkEnded | None = None


class ModelWorks(QObject):
    """What was asked for, in order; it goes on whatever the window shows."""

    changed = Signal()
    """Something began, moved on or ended."""
    ended = Signal(object)
    """WorkEnded."""

    def __init__(self, jobs: Jobs, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self._works: list[_Work] = []

    @property
    def shown(self) -> tuple[WorkShown, ...]:
        """All there is, what runs first."""
        return tuple(work.shown for work in self._works)

    @property
    def wishes(self) -> tuple[Wish, ...]:
        """What of it would go on where it was, were it interrupted now."""
        return tuple(work.wish for work in self._works if work.wish is not None and work.shown.kind.goes_on)

    def of(self, name: str) -> WorkShown | None:
        """What is being done with a model."""
        return next((shown for shown in self.shown if shown.name == name and shown.kind is not WorkKind.MEASURE), None)

    def get(self, wish: Get, title: str, repository: str) -> None:
        """Download a model, or go on with it."""
        self._begin(
            WorkShown(WorkKind.GET, wish.name, title),
            wish,
            lambda store, task: store.pull(repository, on_progress=task.report, cancelled=task.cancelled),
        )

    def take_in(self, wish: Import, title: str) -> None:
        """Import a model."""

        def run(store: ModelStore, task: Task[ModelProgress]) -> InstalledModel:
            return store.import_from(
                wish.path,
                name=wish.name,
                weight_format=wish.weight_format or None,
                link=wish.link,
                on_progress=task.report,
                cancelled=task.cancelled,
            )

        self._begin(WorkShown(WorkKind.IMPORT, wish.name, title), wish, run)

    def copy(self, wish: Copy, title: str) -> None:
        """Write a model with fewer bits."""
        self._begin(
            WorkShown(WorkKind.COPY, wish.name, title, weight_format=wish.weight_format),
            wish,
            lambda store, task: store.convert(
                wish.name, wish.weight_format, on_progress=task.report, cancelled=task.cancelled
            ),
        )

    def check(self, wish: Check, title: str) -> None:
        """Look whether a model's files are sound."""
        self._begin(
            WorkShown(WorkKind.CHECK, wish.name, title),
            wish,
            lambda store, task: store.verify(wish.name, on_progress=task.report, cancelled=task.cancelled),
        )

    def measure(self) -> None:
        """Find out how fast this machine is. It gives way to whatever else is asked for."""
        if not self._works:
            self._begin(
                WorkShown(WorkKind.MEASURE, "", ""),
                None,
                _measure,
            )

    def stop(self, name: str) -> None:
        """Stop what is being done with a model; what goes on later keeps what it has."""
        for work in list(self._works):
            if work.shown.name == name:
                self._stop(work)

    def stop_all(self) -> None:
        """Stop everything."""
        for work in list(self._works):
            self._stop(work)

    # -- inside ------------------------------------------------------------------------------------------------------

    def _begin(self, shown: WorkShown, wish: Wish | None, do: Doing) -> None:
        if any(work.shown.name == shown.name and not work.shown.stopping for work in self._works):
            return
        for other in list(self._works):
            if other.shown.kind is WorkKind.MEASURE:
                self._stop(other)
        work = _Work(shown, wish)
        self._works.append(work)

        def run(task: Task[ModelProgress]) -> Any:
            return _run(task, do)

        work.job = self._jobs.submit(
            Lane.STORE,
            run,
            events=lambda events: self._moved(work, events),
            done=lambda result: self._done(work, WorkEnded(work.shown, wish, result=result)),
            failed=lambda failure: self._done(work, WorkEnded(work.shown, wish, failure=failure)),
            ended=lambda: self._end(work),
        )
        self.changed.emit()

    def _stop(self, work: _Work) -> None:
        work.shown = replace(work.shown, stopping=True)
        if work.job is not None:
            work.job.cancel()
        self.changed.emit()

    def _moved(self, work: _Work, events: Sequence[ModelProgress]) -> None:
        work.shown = replace(work.shown, progress=events[-1])
        self.changed.emit()

    def _done(self, work: _Work, ended: WorkEnded) -> None:
        work.ended = ended

    def _end(self, work: _Work) -> None:
        self._works.remove(work)
        self.ended.emit(work.ended or WorkEnded(work.shown, work.wish))
        self.changed.emit()


def _run(task: Task[ModelProgress], do: Doing) -> Any:
    """In the lane. What was asked to stop has only ended, however it says so."""
    from app.services.hub.interruptible import Paused  # with the hub's other parts, once something is asked of it

    try:
        return do(task.desk.store, task)
    except Paused:
        raise ReadCancelled from None


def _measure(store: ModelStore, task: Task[ModelProgress]) -> bool:
    store.measure(on_progress=task.report, cancelled=task.cancelled)
    return True
