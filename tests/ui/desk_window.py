"""The whole window on a folder: real services, real lanes, and a model that is a fake or the real worker."""

from __future__ import annotations

import gc
import hashlib
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QAbstractButton, QLabel, QWidget
from pytestqt.qtbot import QtBot

from app.core.errors import DocumentError, GriffinDeskError
from app.core.paths import DataPaths
from app.core.settings import load_settings
from app.documents.model import Document
from app.inference.generator import (
    Cancelled,
    FinishReason,
    Generation,
    ReadCancelled,
    Sampling,
    StateRef,
    Vector,
    never,
)
from app.services.desk import Desk, make_desk, open_states
from app.services.engine import EngineOptions
from app.services.models import InstalledModel
from app.storage.backups import open_library
from app.storage.database import Database
from app.ui.controllers import engine as engines
from app.ui.controllers.actions import Actions
from app.ui.controllers.document_room import DocumentRoom
from app.ui.controllers.room import ChatRoom
from app.ui.controllers.window import WindowController
from app.ui.jobs import Jobs, Lane
from app.ui.main_window import MainWindow
from app.ui.widgets.elided import ElidedLabel
from app.ui.widgets.shown_turn import AskMode, Said
from app.ui.window_state import WindowState
from app.worker.reading import load_document
from tests.fakes import FakeGenerator
from tests.services.desk import book, chapter
from tests.ui.fake_store import FakeStore

WAIT_MS = 20_000
"""For what takes some tens of milliseconds on a machine that does nothing else."""


class HeldGenerator(FakeGenerator):
    """A fake model that stands still where a test wants it to: before it reads on, or after some words."""

    def __init__(self, reply: Callable[[str], str] = lambda text: "Birds eat seeds and small fish.") -> None:
        super().__init__(reply)
        self.may_read = threading.Event()
        self.may_write = threading.Event()
        self.may_read.set()
        self.may_write.set()
        self.reads_before_held = 0
        """Reads that are done all the same while `may_read` is not set."""
        self.words_before_held = 0
        """Words that are written all the same while `may_write` is not set."""

    def read(
        self, state: StateRef, token_ids: Sequence[int], *, cancelled: Cancelled = never, **others: Any
    ) -> list[Vector]:
        if self.reads_before_held > 0:
            self.reads_before_held -= 1
        else:
            _hold(self.may_read, cancelled)
        return super().read(state, token_ids, cancelled=cancelled, **others)

    def generate(
        self,
        state: StateRef,
        prompt_ids: Sequence[int],
        *,
        sampling: Sampling,
        max_new_tokens: int,
        on_text: Callable[[str], None] | None = None,
        cancelled: Cancelled = never,
    ) -> Generation:
        written: list[int] = []
        reason = FinishReason.STOP
        self.samplings.append(sampling)
        try:
            self.read(state, prompt_ids, cancelled=cancelled)
            for token in self.tokenize(self.reply(self.text(self.states[state]))):
                if len(written) >= self.words_before_held:
                    _hold(self.may_write, cancelled)
                self.states[state].append(token)
                written.append(token)
                if on_text is not None:
                    on_text(self.text([token]))
        except ReadCancelled:
            reason = FinishReason.CANCELLED
        return Generation(self.text(written), tuple(written), reason)


def _hold(event: threading.Event, cancelled: Cancelled) -> None:
    while not event.wait(0.002):
        if cancelled():
            raise ReadCancelled


class FakeLoader:
    """In the place of a ModelLoader; `errors` by the model's name are what loading it raises."""

    def __init__(
        self,
        make: Callable[[InstalledModel], FakeGenerator],
        model: InstalledModel,
        options: EngineOptions,
        error: GriffinDeskError | None,
    ) -> None:
        self.model = model
        self.options = options
        self.generator = make(model)
        self.closed = False
        self._error = error

    def start(self) -> None:
        """It is there already."""

    def result(self) -> FakeGenerator:
        if self._error is not None:
            raise self._error
        return self.generator

    def close(self) -> None:
        self.closed = True


class DeskWindow:
    """One run of the window. `close` ends it; another one may then begin on the same folder."""

    def __init__(
        self,
        qtbot: QtBot,
        folder: Path,
        stack: ExitStack,
        *,
        store: FakeStore | None = None,
        files: Sequence[Path] = (),
        start: bool = True,
    ) -> None:
        self._qtbot = qtbot
        self._stack = stack
        self.paths = DataPaths(folder)
        self.paths.create()
        settings = load_settings(self.paths.settings)
        opened = open_library(self.paths.library, self.paths.backups, today=date(2026, 1, 1))
        opened.database.close()
        states = open_states(self.paths, settings)
        stack.callback(states.close)

        @contextmanager
        def open_desk() -> Iterator[Desk]:
            with Database.open(self.paths.library) as database:
                desk = make_desk(self.paths, settings, database, states, load=load)
                if store is not None:
                    desk.__dict__["store"] = store  # in the place of what would be made when it is first asked for
                yield desk

        self.open_desk: Callable[[], AbstractContextManager[Desk]] = open_desk
        self.state = WindowState()
        self.window = MainWindow(self.state)
        self.window.resize(1280, 800)
        self.jobs = Jobs(open_desk)
        self.controller = WindowController(self.window, self.jobs, self.paths, settings, self.state)
        self.actions = Actions(self.controller)
        self.closed = False
        stack.callback(self.close)
        self.window.show()
        qtbot.waitActive(self.window)
        if start:
            self.controller.start(files)

    def close(self) -> None:
        """As when the user closes the window."""
        if self.closed:
            return
        self.closed = True
        self.window.close()
        self.controller.close()
        self.window.deleteLater()

    def end(self) -> None:
        """Close it, and all below it: another run may begin."""
        self._stack.close()

    def wait(self, condition: Callable[[], object]) -> None:
        """Until something has come true."""
        self._qtbot.waitUntil(lambda: bool(condition()), timeout=WAIT_MS)

    def wait_ready(self) -> None:
        """Until the model is loaded and the lists are shown."""
        self.wait(lambda: self.controller.engine.is_ready)
        self.rest()

    def rest(self) -> None:
        """Until nothing is to be done any more, and all of it has been told."""
        self.wait(lambda: self.jobs.idle and not self.jobs._letters)

    def rest_but(self, busy: Lane) -> None:
        """The same, while something is held in one lane."""
        lanes = [lane for lane in Lane if lane is not busy]
        self.wait(lambda: not any(map(self.jobs.is_busy, lanes)) and not self.jobs._letters)

    def open(self, path: Path) -> DocumentRoom:
        """Open a file and wait until it is shown."""
        self.controller.imports.open_file(path)
        self.wait(lambda: isinstance(self.controller.room, DocumentRoom) and self.controller.room.path == path)
        return self.document

    def button(self, name: str, inside: QWidget | None = None) -> QAbstractButton:
        """The button that can be seen by this name or text."""
        buttons = (inside or self.window).findChildren(QAbstractButton)
        return next(b for b in buttons if b.isVisible() and name in (b.accessibleName(), b.text().replace("&", "")))

    def texts(self, inside: QWidget | None = None) -> list[str]:
        """Of all labels that can be seen."""
        return [label.text() for label in (inside or self.window).findChildren(QLabel) if label.isVisible()]

    def say(self, text: str, mode: AskMode = AskMode.TALK) -> None:
        """Ask in the conversation in front, and wait for the answer."""
        room = self.controller.room
        assert isinstance(room, ChatRoom | DocumentRoom)
        room.talk.say(Said(text, mode))
        self.wait(lambda: not room.talk.running)

    @property
    def status(self) -> str:
        """What the status line says is going on."""
        return self.window.status.findChildren(ElidedLabel)[0].text

    @property
    def turns(self) -> list[str]:
        """What the conversation in front shows: the words of each turn."""
        room = self.controller.room
        assert isinstance(room, ChatRoom | DocumentRoom)
        view = room.chat if isinstance(room, ChatRoom) else room.document_view.chat
        assert view is not None
        return [turn.text or " ".join(line.text for line in turn.lines) for turn in view.list.turns]

    @property
    def document(self) -> DocumentRoom:
        """The document in front."""
        assert isinstance(self.controller.room, DocumentRoom)
        return self.controller.room

    @property
    def chat(self) -> ChatRoom:
        """The chat in front."""
        assert isinstance(self.controller.room, ChatRoom)
        return self.controller.room

    @property
    def notices(self) -> list[str]:
        """The lines above the status."""
        return [notice.text for notice in self.window.notices.notices]


def load(path: Path, *, password: str | None = None, cancelled: Cancelled = never, **others: Any) -> Document:
    """Text files at once, a page and a section for each paragraph; what is locked or bad says so; PDFs as they are."""
    if path.suffix == ".pdf":
        return load_document(path, password=password, cancelled=cancelled, **others)
    text = path.read_text()
    if text.startswith("locked:") and password != text.split()[1]:
        raise DocumentError(f"{path.name} is locked", code="password")
    while text.startswith("slow") and not cancelled():
        threading.Event().wait(0.005)
        text = path.read_text()
    if cancelled():
        raise ReadCancelled
    if text.startswith("bad"):  # also one that took the place of a slow one while that was read
        raise DocumentError(f"{path.name} is damaged; get a fresh copy", code="damaged")
    made = book(text.split("\n\n"))
    return replace(made, title=path.stem, content_hash=hashlib.sha256(path.read_bytes()).hexdigest())


def write_book(folder: Path, name: str, chapters: int = 4) -> Path:
    """A text file of chapters, unlike any of another name."""
    path = folder / f"{name}.txt"
    path.write_text("\n\n".join(chapter(f"{name}{number}") for number in range(chapters)))
    return path


class Desks:
    """Makes windows for one test, and the models that they load."""

    def __init__(self, qtbot: QtBot, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        # Python would look for garbage in whichever thread runs, and Qt's objects must not end in a lane.
        gc.disable()
        self.folder = folder
        self.generators: dict[str, HeldGenerator] = {}
        self.loaders: list[FakeLoader] = []
        self.errors: dict[str, GriffinDeskError] = {}
        self.store: FakeStore | None = None
        """In the place of the real one, where a test sets it."""
        self._qtbot = qtbot
        self._monkeypatch = monkeypatch
        self._stacks: list[ExitStack] = []

    @property
    def generator(self) -> HeldGenerator:
        """The starter's."""
        return self.generators["starter"]

    def fake(self) -> None:
        """No worker: models are fakes, one for each name, that live on between windows."""
        self.generators["starter"] = HeldGenerator()
        self._monkeypatch.setattr(engines, "ModelLoader", self._loader)

    def window(self, folder: Path | None = None, **options: Any) -> DeskWindow:
        """Open one."""
        stack = ExitStack()
        self._stacks.append(stack)
        return DeskWindow(self._qtbot, folder or self.folder / "data", stack, store=self.store, **options)

    def add_model(self, name: str) -> None:
        """Another model that can be chosen."""
        folder = self.folder / "data" / "models" / name
        folder.mkdir(parents=True)
        (folder / "config.json").write_text("{}")

    def close(self) -> None:
        """All windows."""
        if self.store is not None:
            self.store.may_go_on.set()
        for generator in self.generators.values():
            generator.may_read.set()
            generator.may_write.set()
        for stack in self._stacks:
            stack.close()
        gc.enable()

    def _loader(
        self, model: InstalledModel, options: EngineOptions, cache_dir: Path, *, on_heartbeat: object
    ) -> FakeLoader:
        def make(model: InstalledModel) -> HeldGenerator:
            generator = self.generators.setdefault(model.name, HeldGenerator())
            generator.info = replace(
                generator.info, name=model.name, fingerprint=hashlib.sha256(model.name.encode()).hexdigest()
            )
            return generator

        loader = FakeLoader(make, model, options, self.errors.get(model.name))
        self.loaders.append(loader)
        return loader
