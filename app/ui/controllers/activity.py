"""What is going on, for the status line, the meters and the window's title of the system's task bar."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal

from app.inference.generator import ModelInfo
from app.ui.amounts import size_text
from app.ui.controllers.document_room import DocumentRoom
from app.ui.controllers.engine import EngineController, ModelWish, WorkerBeat
from app.ui.controllers.room import Room
from app.ui.controllers.talk_lane import TurnFigures
from app.ui.failure import Failure
from app.ui.views.meters import MetersView
from app.ui.views.summary import ReadingShown
from app.ui.widgets.status_line import Running, StatusLine
from app.ui.widgets.window_gauge import WindowGauge


@dataclass(frozen=True, slots=True)
class ModelsActivity:
    """Work on models' files, running or to be gone on with; `short` stands behind what comes before it."""

    running: Running
    short: str


class ActivityController(QObject):
    """Joins rooms and engine to the status line and the meters."""

    changed = Signal()
    """Something began or ended."""
    models_paused = Signal()
    """The user pauses the work on models' files that the status line shows; likewise those below."""
    models_resumed = Signal()
    models_stopped = Signal()

    def __init__(
        self, engine: EngineController, status: StatusLine, meters: MetersView, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._engine = engine
        self._status = status
        self._meters = meters
        self._reading: dict[Room, ReadingShown | None] = {}
        """None: it has not begun yet."""
        self._paused: DocumentRoom | None = None
        self._answering: set[Room] = set()
        self._models: ModelsActivity | None = None
        self._window_tokens = 0
        self._told: tuple[object, ...] = ()
        self.tokens_read = 0
        """By the models of this run."""
        self._connect()

    def _connect(self) -> None:
        self._engine.loading.connect(self._model_loading)
        self._engine.ready.connect(self._model_ready)
        self._engine.failed.connect(self._model_failed)
        self._engine.beat.connect(self._beat)
        self._status.paused.connect(self.pause)
        self._status.resumed.connect(self.resume)
        self._status.stopped.connect(self.stop)

    def follow(self, room: Room) -> None:
        """Show what goes on in a room."""
        room.began.connect(lambda: self._begin(room))
        room.reading.connect(lambda reading: self._read(room, reading))
        room.busy.connect(lambda busy: self._answer(room, busy))
        room.figures.connect(self._figures)
        room.position.connect(self._position)

    def forget(self, room: Room) -> None:
        """A room is closed."""
        self._reading.pop(room, None)
        self._answering.discard(room)
        if self._paused is room:
            self._paused = None
        self._show()

    def show_models(self, models: ModelsActivity | None) -> None:
        """Work on models' files; where something is read or answered that comes first."""
        self._models = models
        self._show()

    @property
    def can_pause(self) -> bool:
        """Whether something goes on that can be paused, or stands paused."""
        return bool(self.rooms) or (self._models is not None and self._models.running.can_pause)

    @property
    def can_stop(self) -> bool:
        """Whether something goes on that can be stopped."""
        return bool(self.rooms) or self._models is not None

    @property
    def rooms(self) -> tuple[Room, ...]:
        """Those in which something goes on, the reading ones first."""
        return (*self._reading, *(room for room in self._answering if room not in self._reading))

    def pause(self) -> None:
        """Pause what the status line shows."""
        room = self._shown_room()
        if isinstance(room, DocumentRoom):
            room.summary.pause()
        elif self._models is not None and not self.rooms:
            (self.models_resumed if self._models.running.paused else self.models_paused).emit()

    def resume(self) -> None:
        """Go on with it."""
        if self._models is not None and self._paused is None:
            self.models_resumed.emit()
        elif self._paused is not None:
            self._paused.summary.resume()

    def stop(self) -> None:
        """Stop whatever goes on; work on models' files only where that is all there is."""
        if not self.rooms and self._paused is None:
            self.models_stopped.emit()
        if self._paused is not None:
            self._paused.summary.stop()
        for room in self.rooms:
            room.stop()

    # -- the model ---------------------------------------------------------------------------------------------------

    def _model_loading(self, wish: ModelWish) -> None:
        self._status.set_model(self.tr("Loading {model}").format(model=wish.name), "")
        self._meters.set_model(None)

    def _model_ready(self, info: ModelInfo) -> None:
        self._window_tokens = info.window_tokens
        parts = (info.name, _device_name(info.device), info.weight_format)
        self._status.set_model(" · ".join(parts), "\n".join(info.notes))
        self._meters.set_model(info)

    def _model_failed(self, failure: Failure) -> None:
        self._status.set_model(self.tr("No model"), failure.error.message)
        self._meters.set_model(None)

    def _beat(self, beat: WorkerBeat) -> None:
        self._status.set_memory(size_text(beat.meters.rss_bytes + beat.meters.gpu_bytes))
        self._meters.add(beat.meters)
        self.tokens_read = beat.tokens_read
        self._meters.set_totals(beat.tokens_read, beat.tokens_written)

    # -- rooms -------------------------------------------------------------------------------------------------------

    def _begin(self, room: Room) -> None:
        self._reading[room] = None
        if self._paused is room:
            self._paused = None
        self._show()

    def _read(self, room: Room, reading: ReadingShown | None) -> None:
        if reading is not None:
            self._reading[room] = reading
        else:
            self._reading.pop(room, None)
            if isinstance(room, DocumentRoom) and room.summary.paused:
                self._paused = room
            elif self._paused is room:
                self._paused = None
        self._show()

    def _shown_room(self) -> Room | None:
        """The one that is being read, else the first that waits for it."""
        begun = (room for room, reading in self._reading.items() if reading is not None)
        return next(begun, next(iter(self._reading), None))

    def _answer(self, room: Room, busy: bool) -> None:
        if busy:
            self._answering.add(room)
        else:
            self._answering.discard(room)
        self._show()

    def _figures(self, figures: TurnFigures) -> None:
        self._meters.set_turn(figures.first_word_s, figures.tokens, figures.tokens_per_second)
        if figures.position is not None:
            self._position(figures.position)

    def _position(self, tokens: int) -> None:
        if self._window_tokens:
            self._meters.set_window(WindowGauge(tokens, self._window_tokens))

    def _show(self) -> None:
        shown: Running | None
        room = self._shown_room()
        reading = self._reading[room] if room is not None else None
        models = self._models.running if self._models is not None else None
        if room is not None and reading is not None:
            text = self.tr("Reading {title}, page {page} of {pages}").format(
                title=room.title, page=reading.page, pages=reading.pages
            )
            text = self._with_models(text)
            shown = Running(text, reading.share, reading.seconds_left, can_pause=True, paused=False)
        elif self._answering:
            shown = Running(self._with_models(self.tr("Answering")), None, None, can_pause=False, paused=False)
        elif room is not None:
            text = self._with_models(self.tr("Waiting to read {title}").format(title=room.title))
            shown = Running(text, None, None, can_pause=True, paused=False)
        elif models is not None and not models.paused:
            shown = models
        elif self._paused is not None:
            shown = Running(self._paused.title, None, None, can_pause=True, paused=True)
        else:
            shown = models
        self._status.set_running(shown)
        now = (self.rooms, self._paused, models is not None, models is not None and models.paused)
        if now != self._told:
            self._told = now
            self.changed.emit()

    def _with_models(self, text: str) -> str:
        """The line of something else, with how far the work on models is."""
        models = self._models
        return text if models is None or models.running.paused else f"{text} · {models.short}"


def _device_name(device: str) -> str:
    return device.upper() if device in ("cpu", "mps") else device
