"""Settings, look and model as the user wants them: shown, changed, kept and put in force."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import psutil
from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QApplication, QWidget

from app.core.paths import DATA_DIR_VARIABLE, DataPaths, set_data_folder
from app.core.settings import Settings, save_settings
from app.services.engine import EngineOptions
from app.tasks.model import Style
from app.ui import theme
from app.ui.controllers.engine import EngineController
from app.ui.dialogs.settings import SettingsDialog
from app.ui.dialogs.settings_facts import Applied, SettingsFacts
from app.ui.job import Task
from app.ui.jobs import Jobs, Lane

TEXT_SCALES = (0.75, 0.9, 1.0, 1.1, 1.25, 1.5, 1.75, 2.0, 2.5)


@dataclass(frozen=True, slots=True)
class _Looked:
    models: tuple[str, ...]
    snapshot_bytes: int


class PreferencesController(QObject):
    """The settings in force; each change is written at once."""

    changed = Signal(object)
    """Settings."""
    failed = Signal(object)
    """Failure."""
    folder_wanted = Signal(object)
    """A folder (Path) to be shown in the system's file manager."""
    models_wanted = Signal()
    """The user wants to see all models."""
    restart_needed = Signal()

    def __init__(
        self,
        jobs: Jobs,
        engine: EngineController,
        paths: DataPaths,
        settings: Settings,
        *,
        data_dir_given: bool,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self._engine = engine
        self._paths = paths
        self._data_dir_given = data_dir_given
        self._dialog: SettingsDialog | None = None
        self.settings = settings

    @property
    def style(self) -> Style | None:
        """The style that the user prefers for summaries; None leaves it to the model."""
        return Style(self.settings.default_style) if self.settings.default_style else None

    def apply_look(self) -> None:
        """Put the colours and the size of text in force."""
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        theme.apply(application, theme.Scheme(self.settings.scheme), self.settings.text_scale)

    def scale_text(self, steps: int) -> None:
        """Larger (1) or smaller (-1) text, or of normal size (0)."""
        now = min(range(len(TEXT_SCALES)), key=lambda i: abs(TEXT_SCALES[i] - self.settings.text_scale))
        wanted = 1.0 if steps == 0 else TEXT_SCALES[max(0, min(len(TEXT_SCALES) - 1, now + steps))]
        self.save({"text_scale": wanted})

    def save(self, changes: Mapping[str, object], data_folder: Path | None = None) -> None:
        """Put in force and keep; where it cannot be kept, `failed` is told and it holds until the program ends."""
        file = self._paths.settings

        def keep(task: Task[None]) -> None:
            save_settings(file, changes)
            if data_folder is not None:
                set_data_folder(data_folder)

        self._jobs.submit(Lane.QUICK, keep, failed=self.failed.emit)
        before, self.settings = self.settings, replace(self.settings, **changes)  # type: ignore[arg-type]
        if (before.scheme, before.text_scale) != (self.settings.scheme, self.settings.text_scale):
            self.apply_look()
        if engine_options(before) != engine_options(self.settings) or before.model != self.settings.model:
            self._engine.change(self.settings.model, engine_options(self.settings))
        if self._dialog is not None:
            self._dialog.follow(changes)
        self.changed.emit(self.settings)

    def use_model(self, name: str) -> None:
        """Load a model in place of the one in use, or that one again, and keep the choice."""
        if self.settings.model == name:
            self._engine.change(name, engine_options(self.settings))
        else:
            self.save({"model": name})

    def show_dialog(self, window: QWidget, page: str = "") -> None:
        """Let the user change the settings."""

        def look(task: Task[None]) -> _Looked:
            models = tuple(model.name for model in task.desk.models.installed())
            return _Looked(models, task.desk.states.nbytes())

        self._jobs.submit(Lane.QUICK, look, done=lambda looked: self._show(looked, window, page))

    def _show(self, looked: _Looked, window: QWidget, page: str) -> None:
        if self._dialog is not None:
            self._dialog.show_page(page)
            self._dialog.raise_()
            return
        info = self._engine.info
        accelerators = [info.device] if info is not None and info.device in ("cuda", "mps") else []
        facts = SettingsFacts(
            data_folder=self._paths.root,
            log_file=self._paths.log,
            models=looked.models,
            devices=("auto", "cpu", *accelerators),
            threads_max=psutil.cpu_count() or 1,
            snapshot_bytes=looked.snapshot_bytes,
            data_folder_fixed=self._data_dir_given or bool(os.environ.get(DATA_DIR_VARIABLE)),
        )
        dialog = self._dialog = SettingsDialog(self.settings, facts, window)
        dialog.applied.connect(self._applied)
        dialog.folder_wanted.connect(self.folder_wanted)
        dialog.models_wanted.connect(self.models_wanted)
        dialog.finished.connect(self._closed)
        if page:
            dialog.show_page(page)
        dialog.open()

    def _applied(self, applied: Applied) -> None:
        self.save(applied.changes, applied.data_folder)
        if self._dialog is not None:
            self._dialog.accept()
        if applied.needs_restart:
            self.restart_needed.emit()

    def _closed(self) -> None:
        if self._dialog is not None:
            self._dialog.deleteLater()
            self._dialog = None


def engine_options(settings: Settings) -> EngineOptions:
    """How the settings want a model to be loaded."""
    return EngineOptions(settings.device, settings.weight_format, settings.threads, background=True)
