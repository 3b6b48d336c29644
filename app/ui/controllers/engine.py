"""The model of the window: loaded in the background, changed on request, and how it is doing."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, Future, InvalidStateError, wait
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from app.core.errors import GriffinDeskError, InternalError
from app.core.log import logger
from app.inference.generator import Cancelled, ModelInfo, ReadCancelled, TextGenerator, never
from app.services.engine import EngineOptions, ModelLoader
from app.ui.failure import Failure
from app.ui.job import Job, Task
from app.ui.jobs import Jobs, Lane
from app.ui.models.meter_history import Beat

POLL_S = 0.05
"""How often work that waits for a model asks whether it is still wanted."""

_log = logger("window")


@dataclass(frozen=True, slots=True)
class WorkerBeat:
    """How the model's process is doing, each second, and the tokens of all models of this run."""

    meters: Beat
    tokens_read: int
    tokens_written: int


@dataclass(frozen=True, slots=True)
class ModelWish:
    """Which model is to be loaded, by name or path, and how."""

    name: str
    options: EngineOptions


@dataclass(frozen=True, slots=True)
class _Loading:
    """What work in lanes waits for: the model, loaded or not, and the loaded one. Cancelled where another is wanted."""

    wish: ModelWish
    found: Future[ModelLoader] = field(default_factory=Future)
    loaded: Future[ModelLoader] = field(default_factory=Future)

    def give_up(self) -> None:
        """Another is wanted, or none any more."""
        self.found.cancel()
        self.loaded.cancel()

    def failed(self, error: Exception) -> None:
        """Tell whoever waits."""
        told = error if isinstance(error, GriffinDeskError) else InternalError(str(error))
        for future in (self.found, self.loaded):
            with suppress(InvalidStateError):  # given up, or found and not loaded
                future.set_exception(told)


class EngineController(QObject):
    """One model at a time. Work in lanes asks `generator`, which waits until it is found, or `loaded`."""

    loading = Signal(object)
    """ModelWish: it has begun."""
    changing = Signal(object)
    """ModelWish: another model is to take this one's place, which works no more."""
    ready = Signal(object)
    """ModelInfo."""
    failed = Signal(object)
    """Failure: there is no model now."""
    beat = Signal(object)
    """WorkerBeat."""

    def __init__(self, jobs: Jobs, cache_dir: Path, wish: ModelWish, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self._cache_dir = cache_dir
        self._loaders: list[ModelLoader] = []
        self._closed = False
        self._job: Job | None = None
        self.wish = replace(wish, options=replace(wish.options, background=True))
        self._now = _Loading(self.wish)
        self.info: ModelInfo | None = None
        """Of the model in force, once it is loaded, or as it was when it was last loaded."""
        self.is_ready = False

    def start(self) -> None:
        """Begin to load the model that is wished for."""
        before, self._now = self._now, _Loading(self.wish)
        before.give_up()
        self.is_ready = False
        self.loading.emit(self.wish)
        now = self._now

        def load(task: Task[ModelInfo]) -> ModelInfo:
            return self._load(task, now)

        self._job = self._jobs.submit(
            Lane.MODEL,
            load,
            events=self._known,
            done=self._loaded,
            failed=self._not_loaded,
        )

    def change(self, name: str, options: EngineOptions) -> None:
        """Load another model, or the same one in another way, in place of this one."""
        self.wish = ModelWish(name, replace(options, background=True))
        self.info = None
        self.changing.emit(self.wish)
        if self._job is not None:
            self._job.abandon()
        # Beside its own lane, which may be waiting for the one that is not wanted any more.
        self._jobs.submit(Lane.COVERS, lambda task: self._end_loaders())
        self.start()

    def generator(self) -> TextGenerator:
        """For work in a lane: the model, loaded or not; what is asked of it waits until it is.

        Raises what kept it from being found, and ReadCancelled where the window closes.
        """
        return self._wait(lambda loading: loading.found, never).generator

    def loaded(self, cancelled: Cancelled) -> TextGenerator:
        """For work in a lane: the loaded model. Raises what kept it from being loaded, and ReadCancelled."""
        return self._wait(lambda loading: loading.loaded, cancelled).generator

    def model_name(self) -> str:
        """For work in a lane: the name of that model. Raises as `generator`."""
        return self._wait(lambda loading: loading.found, never).model.name

    def close(self) -> None:
        """End the model's process, and all waiting for it."""
        self._closed = True
        self._now.give_up()
        self._end_loaders()

    # -- in the lanes ------------------------------------------------------------------------------------------------

    def _wait(self, of: Callable[[_Loading], Future[ModelLoader]], cancelled: Cancelled) -> ModelLoader:
        while True:
            loading = self._now
            future = of(loading)
            wait([future], timeout=POLL_S)
            if future.done():
                try:
                    return future.result()
                except CancelledError:
                    if self._closed or cancelled():
                        raise ReadCancelled from None
                    if loading is self._now:
                        time.sleep(POLL_S)  # the next one is about to take its place
            elif cancelled():
                raise ReadCancelled

    def _load(self, task: Task[ModelInfo], now: _Loading) -> ModelInfo:
        wish = now.wish
        try:
            self._end_loaders()
            model = task.desk.models.resolve(wish.name)
            device, weight_format = wish.options.device, wish.options.weight_format
            known = task.desk.models.last_known(model, device=device, weight_format=weight_format)
            if known is not None:
                task.report(known)
            loader = ModelLoader(model, wish.options, self._cache_dir, on_heartbeat=self._heard())
            self._loaders.append(loader)
            if self._closed:
                self._end_loaders()
                raise ReadCancelled
            loader.start()
            with suppress(InvalidStateError):
                now.found.set_result(loader)
            info = loader.result().info
            task.desk.models.remember(model, info, device=device, weight_format=weight_format)
            with suppress(InvalidStateError):
                now.loaded.set_result(loader)
        except Exception as error:
            if self._closed:
                raise ReadCancelled from error
            now.failed(error)
            raise
        return info

    def _end_loaders(self) -> None:
        loaders, self._loaders = self._loaders, []
        for loader in loaders:
            loader.close()

    def _heard(self) -> Callable[[object], None]:
        from app.worker.messages import Heartbeat  # with the worker's other parts, once a model is loaded

        def heard(heartbeat: object) -> None:
            assert isinstance(heartbeat, Heartbeat)
            usage = heartbeat.usage
            meters = Beat(
                at=time.monotonic(),
                reading=heartbeat.read_tokens_per_second,
                writing=heartbeat.written_tokens_per_second,
                rss_bytes=heartbeat.rss_bytes,
                gpu_bytes=heartbeat.gpu_bytes,
                state_bytes=heartbeat.state_bytes,
                busy=heartbeat.busy,
            )
            beat = WorkerBeat(meters, usage.prefill_tokens, usage.decode_tokens)
            self._jobs.post(lambda: self.beat.emit(beat))

        return heard

    # -- in the event loop -------------------------------------------------------------------------------------------

    def _known(self, infos: Sequence[ModelInfo]) -> None:
        self.info = infos[-1]

    def _loaded(self, info: ModelInfo) -> None:
        self.info, self.is_ready = info, True
        _log.info("model ready")
        self.ready.emit(info)

    def _not_loaded(self, failure: Failure) -> None:
        self.info = None
        self.failed.emit(failure)
