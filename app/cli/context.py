"""What every command is given: paths, settings and services."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date

from app.core.paths import DataPaths, cache_dir
from app.core.settings import Settings
from app.core.text import one_line
from app.services.desk import Desk, make_desk, make_room, open_states
from app.services.engine import EngineOptions, ModelLoader
from app.services.models import InstalledModel
from app.storage.backups import DailyBackup, open_library


@dataclass(frozen=True, slots=True)
class Launch:
    """One run of the program, before its library is opened."""

    options: argparse.Namespace
    paths: DataPaths
    settings: Settings
    started_at: float
    """time.monotonic() at the program's start."""
    loaders: list[ModelLoader]
    """Begun by this run; closed at the program's end."""

    @property
    def wanted_model(self) -> str:
        """Name or path of the model: the command line's choice, else the settings'."""
        return str(self.options.model or self.settings.model)

    def engine_options(self) -> EngineOptions:
        """The command line's choice, else the settings'."""
        return EngineOptions(
            device=self.options.device or self.settings.device,
            weight_format=self.options.weight_format or self.settings.weight_format,
            threads=self.settings.threads,
        )

    def start_loading(self, model: InstalledModel) -> ModelLoader:
        """Begin to load a model in the background."""
        loader = ModelLoader(model, self.engine_options(), cache_dir(self.paths, os.environ))
        self.loaders.append(loader)
        loader.start()
        return loader


@dataclass(frozen=True, slots=True)
class Context(Launch):
    """One run of the program, with its library open and the services on it."""

    desk: Desk

    def resolve_model(self) -> InstalledModel:
        """The model that the command line or the settings name. Raises UserError and CheckpointError."""
        return self.desk.models.resolve(self.wanted_model)


@contextmanager
def open_context(launch: Launch) -> Iterator[Context]:
    """Open the library and build the services; keeps what is still to be kept and closes all at the end.

    What the user should know of the opening goes to standard error. Raises StorageError.
    """
    paths = launch.paths
    make_room(paths, launch.settings)
    opened = open_library(paths.library, paths.backups, today=date.today())
    sys.stderr.writelines(f"note: {one_line(notice)}\n" for notice in opened.notices)
    with opened.database as database:
        backup = DailyBackup(paths.library, paths.backups, today=date.today())
        backup.start()
        states = open_states(paths, launch.settings)
        try:
            yield Context(
                options=launch.options,
                paths=paths,
                settings=launch.settings,
                started_at=launch.started_at,
                loaders=launch.loaders,
                desk=make_desk(paths, launch.settings, database, states),
            )
        finally:
            states.close()
            backup.finish()
