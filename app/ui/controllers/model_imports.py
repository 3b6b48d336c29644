"""Models that are taken in from folders and files: looked into first, then shown in the list while they come."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from app.services.catalogue import CatalogueEntry, ModelStatus
from app.ui.controllers.model_tells import sentence_of
from app.ui.controllers.model_works import ModelWorks
from app.ui.failure import Failure
from app.ui.job import Job
from app.ui.jobs import Jobs, Lane
from app.ui.models.model_row import Import, Told


class ModelImports(QObject):
    """One at a time is looked into."""

    found = Signal(object)
    """CatalogueEntry: what the folder or file holds."""
    refused = Signal(object)
    """Told: why it cannot be taken in."""

    def __init__(self, jobs: Jobs, works: ModelWorks, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self._works = works
        self._job: Job | None = None
        self._found: CatalogueEntry | None = None
        self._coming: dict[str, CatalogueEntry] = {}

    @property
    def coming(self) -> tuple[CatalogueEntry, ...]:
        """What is being taken in, or could not be, under its new name."""
        return tuple(self._coming.values())

    def look_into(self, path: Path) -> None:
        """`found` or `refused` answers."""
        if self._job is not None:
            self._job.abandon()
        self._job = self._jobs.submit(
            Lane.HUB, lambda task: task.desk.store.look_into(path), done=self._looked, failed=self._not_looked
        )

    def begin(self, wish: Import) -> None:
        """Take in what was looked into last."""
        if self._found is not None:
            self._coming[wish.name] = replace(self._found, name=wish.name, status=ModelStatus.AVAILABLE)
            self._works.take_in(wish, self._found.title)

    def forget(self, name: str) -> None:
        """It is there now, or not wanted any more."""
        self._coming.pop(name, None)

    def forget_failed(self) -> None:
        """Of all that is not under way."""
        self._coming = {name: entry for name, entry in self._coming.items() if self._works.of(name) is not None}

    def _looked(self, entry: CatalogueEntry) -> None:
        self._found = entry
        self.found.emit(entry)

    def _not_looked(self, failure: Failure) -> None:
        self._found = None
        self.refused.emit(Told(sentence_of(failure), True, failure.details))
