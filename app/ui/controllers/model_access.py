"""The token that gated models are fetched with: whether there is one, checked, kept and forgotten."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from PySide6.QtCore import QObject, Signal

from app.ui.controllers.model_tells import sentence_of
from app.ui.dialogs.models_access import Access
from app.ui.failure import Failure
from app.ui.job import Task
from app.ui.jobs import Jobs, Lane
from app.ui.models.model_row import Told


@dataclass(frozen=True, slots=True)
class AccessShown:
    """The steps to a model, by its name, and how far they have been gone."""

    name: str
    access: Access


class ModelAccess(QObject):
    """Holds no token for longer than it takes to check and keep it."""

    changed = Signal(object)
    """AccessShown: the steps are to be shown so."""

    def __init__(self, jobs: Jobs, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self._access = Access()

    def look(self, name: str, begin: Callable[[], None]) -> None:
        """Begin where a token is at hand, else show the steps. Nothing is sent."""

        def found(place: str) -> None:
            if place:
                begin()
            else:
                self._show(name, Access())

        self._jobs.submit(Lane.HUB, _place, done=found, failed=lambda failure: self._failed(name, failure))

    def ask(self, name: str, told: Told | None) -> None:
        """Show the steps, and why they are asked for."""
        self._jobs.submit(
            Lane.HUB,
            _place,
            # Its own button leads here.
            done=lambda place: self._show(name, Access(place, told=told and replace(told, step_text="", step=None))),
            failed=lambda failure: self._failed(name, failure),
        )

    def keep(self, name: str, token: str) -> None:
        """Ask the hub whose it is, and keep it where that is known."""
        self._show(name, replace(self._access, is_checking=True, told=None))

        def check(task: Task[None]) -> Access:
            store = task.desk.store
            account = store.check_token(token)
            store.tokens.keep(token)
            return Access("keyring", account)

        self._jobs.submit(
            Lane.HUB,
            check,
            done=lambda access: self._show(name, access),
            failed=lambda failure: self._failed(name, failure),
        )

    def forget(self, name: str) -> None:
        """Take it out of the keyring."""

        def forget(task: Task[None]) -> str:
            task.desk.store.tokens.forget()
            return _place(task)

        self._jobs.submit(
            Lane.HUB,
            forget,
            done=lambda place: self._show(name, Access(place)),
            failed=lambda failure: self._failed(name, failure),
        )

    def _failed(self, name: str, failure: Failure) -> None:
        told = Told(sentence_of(failure), True, failure.details)
        self._show(name, replace(self._access, is_checking=False, told=told))

    def _show(self, name: str, access: Access) -> None:
        self._access = access
        self.changed.emit(AccessShown(name, access))


def _place(task: Task[None]) -> str:
    """Where a token is, "" for nowhere."""
    found = task.desk.store.tokens.find()
    return "" if found is None else str(found.place)
