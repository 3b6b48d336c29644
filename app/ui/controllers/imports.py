"""Files on their way into the library: one after the other, each a row of the list until it is in it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from app.core.errors import DocumentError
from app.services.library import LibraryDocument
from app.services.shelf import documents_in
from app.services.shelf_rows import DocumentState, ShelfDocument, file_key
from app.ui.failure import Failure
from app.ui.job import Job, Task
from app.ui.jobs import Jobs, Lane
from app.ui.models.conversations import ConversationChosen


@dataclass(frozen=True, slots=True)
class OpenedDocument:
    """A document that is to be shown; `password` is that of its file, '' for none.

    asked_at: time.monotonic() when it was asked for. front: whether the user did; else it stays behind what the user
    looks at. conversation: one on it that is to be shown.
    """

    item: LibraryDocument
    path: Path
    password: str
    asked_at: float
    front: bool = True
    conversation: ConversationChosen | None = None


@dataclass(frozen=True, slots=True)
class PasswordWanted:
    """A file needs a password; `wrong`: the one that was given does not open it."""

    path: Path
    wrong: bool


class ImportController(QObject):
    """Brings files into the library."""

    changed = Signal()
    """There are other rows."""
    progressed = Signal(object)
    """ShelfDocument, one of the rows."""
    opened = Signal(object)
    """OpenedDocument, of a file that the user wanted to see."""
    ended = Signal()
    """A file is in the library, or on the list of those that could not be read."""
    password_wanted = Signal(object)
    """PasswordWanted."""
    failed = Signal(object)
    """Failure."""

    def __init__(self, jobs: Jobs, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self._rows: dict[str, ShelfDocument] = {}
        self._running: dict[str, Job] = {}
        self._to_show: dict[str, float] = {}
        """When it was asked last to show each of them, time.monotonic()."""
        self._passwords: dict[str, str] = {}

    @property
    def rows(self) -> list[ShelfDocument]:
        """The files that are being read, or wait for it."""
        return list(self._rows.values())

    def password(self, path: str) -> str:
        """The password that has opened a file since the window was opened; '' for none. Never kept on the disk."""
        return self._passwords.get(path, "")

    def remember_password(self, path: Path, password: str) -> None:
        """It has opened the file."""
        self._passwords[str(path)] = password

    def open_files(self, paths: Sequence[Path]) -> None:
        """Bring files, and the documents of folders, into the library; one file alone is shown."""
        if not paths:
            return

        def gather(task: Task[None]) -> tuple[list[Path], bool]:
            folders = [path for path in paths if path.is_dir()]
            files = [file for path in paths for file in (documents_in(path) if path in folders else [path])]
            return list(dict.fromkeys(files)), len(files) == 1

        self._jobs.submit(Lane.FOLDERS, gather, done=lambda found: self._gathered(*found), failed=self.failed.emit)

    def open_file(self, path: Path, *, password: str = "", show: bool = True) -> None:
        """Bring one file into the library."""
        if self._begin(path.absolute(), password, show):
            self.changed.emit()

    def cancel(self, key: str) -> None:
        """A file is not wanted any more."""
        if key in self._running:
            self._to_show.pop(key, None)
            self._running[key].cancel()

    def _gathered(self, files: list[Path], show: bool) -> None:
        if not files:
            error = DocumentError("there are no documents in what was opened", code="empty-folder")
            self.failed.emit(Failure(error, ""))
        begun = [self._begin(path.absolute(), "", show) for path in files]
        if any(begun):
            self.changed.emit()

    def _begin(self, path: Path, password: str, show: bool) -> bool:
        """False where that file is on its way already."""
        key = file_key(str(path))
        given = password or self._passwords.get(str(path), "")
        if show:
            self._to_show[key] = time.monotonic()
        running = self._running.get(key)
        if running is not None:
            if not running.cancelled and not (show and password):
                return False
            running.abandon()

        def done(item: LibraryDocument) -> None:
            if given:
                self._passwords[str(path)] = given
            asked_at = self._to_show.get(key)  # it may have been asked for on its way
            if asked_at is not None:
                self.opened.emit(OpenedDocument(item, path, given, asked_at))
            self._index(item)

        def failed(failure: Failure) -> None:
            if failure.error.code == "password":
                self._passwords.pop(str(path), None)
                if key in self._to_show:
                    self.password_wanted.emit(PasswordWanted(path, wrong=bool(password)))
            elif key in self._to_show or not isinstance(failure.error, DocumentError):
                # What is no fault of the file's is on no list: one file of many would be gone without a word.
                self.failed.emit(failure)

        def ended() -> None:
            self._rows.pop(key, None)
            self._running.pop(key, None)
            self._to_show.pop(key, None)
            self.ended.emit()

        self._rows[key] = ShelfDocument(key, "", "", path.name, str(path), 0, DocumentState.OPENING)
        self._running[key] = self._jobs.submit(
            Lane.IMPORT,
            partial(_bring_in, path=path, password=given),
            events=lambda shares: self._progress(key, shares[-1]),
            done=done,
            failed=failed,
            ended=ended,
        )
        return True

    def _index(self, item: LibraryDocument) -> None:
        """Make a document ready for questions before the first is asked."""

        def fill(task: Task[None]) -> None:
            task.desk.word_search.index(item, cancelled=task.cancelled)

        self._jobs.submit(Lane.IMPORT, fill)

    def _progress(self, key: str, share: float) -> None:
        row = self._rows.get(key)
        if row is not None:
            self._rows[key] = replace(row, progress=share)
            self.progressed.emit(self._rows[key])


def _bring_in(task: Task[float], *, path: Path, password: str) -> LibraryDocument:
    """In the lane: a file into the library; one that cannot be read is put on the list of those."""
    try:
        item = task.desk.library.import_file(
            path,
            password=password or None,
            on_page=lambda done, total: task.report(done / max(1, total)),
            cancelled=task.cancelled,
        )
    except DocumentError as error:
        task.desk.shelf.refuse(path, error)
        raise
    task.desk.shelf.forget_refusal(path)
    return item
