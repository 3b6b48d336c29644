"""How a model will run on this machine, before it is downloaded or loaded: whether it fits, how fast, and why."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from app.core.errors import CheckpointError, UserError
from app.inference.config import GriffinConfig
from app.inference.fit import DeviceRoom, Fit, Verdict, all_stored_as, choose_fit, host_room
from app.inference.limits_file import all_limits
from app.inference.speed import MachineLimits
from app.inference.weight_format import parse_weight_format
from app.services.models import InstalledModel, ModelService
from app.storage.reading_rates import ReadingRateStore

PUBLISHED_TYPE = "BF16"
"""Element type of the models on the hub."""


class FitService:
    """Fits of models that are here and of models that could be.

    Speed is known once the machine was measured (see machine_limits.py), and better once the model itself has read
    something. room: what the machine has free, asked anew for every fit.
    """

    def __init__(
        self,
        *,
        cache_dir: Path,
        models: ModelService,
        rates: ReadingRateStore,
        device: str = "auto",
        weight_format: str = "auto",
        threads: int = 0,
        room: Callable[[tuple[str, ...]], DeviceRoom] = host_room,
    ) -> None:
        """device, weight_format and threads as models are loaded with, see EngineOptions."""
        self._cache_dir = cache_dir
        self._models = models
        self._rates = rates
        self._device = device
        self._weight_format = weight_format
        self._threads = threads
        self._room = room

    def fit_of(
        self, config: GriffinConfig, *, stored: Mapping[str, str] | None = None, weight_format: str | None = None
    ) -> Fit:
        """The fit of a model with this config, in what the engine would take by itself or the settings say.

        stored: element types of its files by tensor name, None for a published model's (bfloat16). weight_format:
        instead of the settings', "auto" for the engine's choice. Where what is asked for cannot be had, the fit says
        so, and why.
        """
        name = self._weight_format if weight_format is None else weight_format
        limits = all_limits(self._cache_dir, threads=self._threads or None)
        rooms = self._rooms(limits)
        stored = stored or all_stored_as(config, PUBLISHED_TYPE)
        device, unmeasured = self._device, ""
        if device not in ("auto", *(room.device for room in rooms)):
            device, unmeasured = "auto", f"how it runs on {device} is known once this machine was measured"
        try:
            wanted = None if name == "auto" else parse_weight_format(name)
            fit = choose_fit(config, stored, rooms, limits, device=device, weight_format=wanted)
        except UserError as error:
            fit = choose_fit(config, stored, rooms, limits, device=device)
            return replace(fit, verdict=Verdict.NO, reasons=(error.message,), notes=())
        return replace(fit, reasons=(unmeasured, *fit.reasons)) if unmeasured else fit

    def fit_of_model(self, model: InstalledModel) -> Fit | None:
        """The fit of a model that is here; None where its files do not say what it is.

        Its own reading rate takes the place of an estimate once it has read something.
        """
        try:
            shape = self._models.shape_of(model)
        except CheckpointError:
            return None
        return None if shape is None else self._as_measured(model, self.fit_of(shape.config, stored=shape.stored))

    def is_measured(self) -> bool:
        """Whether the machine's limits are known, so that fits tell how fast."""
        return bool(all_limits(self._cache_dir, threads=self._threads or None))

    def _rooms(self, limits: Mapping[str, MachineLimits]) -> list[DeviceRoom]:
        """The machine, and each GPU that was measured; how much of a GPU is free is known only once it is used."""
        host = limits.get("cpu")
        gpus = [
            DeviceRoom(found.device, found.total_bytes, found.total_bytes, found.slow_formats)
            for found in limits.values()
            if found.device != "cpu"
        ]
        return [self._room(() if host is None else host.slow_formats), *gpus]

    def _as_measured(self, model: InstalledModel, fit: Fit) -> Fit:
        info = self._models.last_known(model, device=self._device, weight_format=self._weight_format)
        if info is None or (info.device.split(":")[0], info.weight_format) != (fit.device, fit.weight_format):
            return fit
        rate = self._rates.find(info.fingerprint)
        if rate is None:
            return fit
        reasons = (*fit.reasons, "its reading rate was measured here")
        return replace(fit, read_tokens_per_second=rate, reasons=reasons, measured=True)
