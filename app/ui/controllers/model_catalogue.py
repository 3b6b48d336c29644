"""Which models there are, as it was last looked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal

from app.services.catalogue import CatalogueEntry
from app.ui.failure import Failure
from app.ui.job import Task
from app.ui.jobs import Jobs, Lane


@dataclass(frozen=True, slots=True)
class _Looked:
    entries: tuple[CatalogueEntry, ...]
    is_measured: bool


class ModelCatalogue(QObject):
    """Looked at whenever something may have changed it."""

    changed = Signal()
    failed = Signal(object)
    """Failure."""

    def __init__(self, jobs: Jobs, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self._looked = _Looked((), True)

    @property
    def entries(self) -> tuple[CatalogueEntry, ...]:
        """All models, those on this machine first."""
        return self._looked.entries

    @property
    def is_measured(self) -> bool:
        """Whether this machine's limits are known, so that fits say how fast a model will be."""
        return self._looked.is_measured

    def refresh(self, then: Callable[[], None] | None = None) -> None:
        """Look again, and do this once it is known, or is not to be known."""

        def look(task: Task[None]) -> _Looked:
            store = task.desk.store
            return _Looked(store.catalogue(), store.fits.is_measured())

        def looked(found: _Looked) -> None:
            self._looked = found
            self.changed.emit()

        def failed(failure: Failure) -> None:
            self.failed.emit(failure)

        self._jobs.submit(Lane.HUB, look, done=looked, failed=failed, ended=then)
