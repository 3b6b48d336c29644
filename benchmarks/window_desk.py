"""The real window on a folder, driven from a script: what it does and how long its loop is kept."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QApplication

from app.core.allocator import limit_fragmentation
from app.core.log import start_logging, stop_logging
from app.core.paths import DataPaths
from app.core.settings import load_settings
from app.ui import theme
from app.ui.application import SWITCH_INTERVAL_S, open_library_once
from app.ui.controllers.actions import Actions
from app.ui.controllers.window import WindowController
from app.ui.garbage import GarbageCollector
from app.ui.jobs import Jobs
from app.ui.main_window import MainWindow
from app.ui.translation import install_translation
from app.ui.window_state import WindowState

PAUSE_S = 0.002


@dataclass(frozen=True, slots=True)
class DeskWindow:
    """A window that is shown, and what drives it."""

    application: QApplication
    window: MainWindow
    controller: WindowController
    actions: Actions
    jobs: Jobs

    def wait(self, until: Callable[[], bool], seconds: float, what: str) -> None:
        """Run the event loop until something is so; SystemExit when it takes too long."""
        end = time.monotonic() + seconds
        while not until():
            if time.monotonic() > end:
                raise SystemExit(f"{what}: not within {seconds:g} s")
            self.run(0.01)

    def open(self, file: Path) -> None:
        """Open a document and wait until it is in front."""
        self.controller.imports.open_files((file,))
        self.wait(lambda: self.controller.room is not None, 600, "the document")

    def run(self, seconds: float) -> None:
        """Run the event loop for so long."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.application.processEvents()
            time.sleep(PAUSE_S)


@contextmanager
def desk_window(folder: Path) -> Iterator[DeskWindow]:
    """As app.ui.application opens it, without the one instance."""
    limit_fragmentation()
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    paths = DataPaths(folder / "desk")
    paths.create()
    QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, str(folder / "settings"))
    application = QApplication.instance() or QApplication([])
    assert isinstance(application, QApplication)
    settings = load_settings(paths.settings)
    install_translation(application, "en")
    theme.apply(application, theme.Scheme.LIGHT)
    handler = start_logging(paths.log)
    try:
        with open_library_once(paths, settings) as (open_desk, _):
            state = WindowState()
            window = MainWindow(state)
            window.resize(1400, 860)
            jobs = Jobs(open_desk)
            controller = WindowController(window, jobs, paths, settings, state)
            desk = DeskWindow(application, window, controller, Actions(controller), jobs)
            window.show()
            garbage = GarbageCollector(lambda: not jobs.idle, window)
            controller.start()
            try:
                yield desk
            finally:
                controller.close()
                garbage.close()
    finally:
        stop_logging(handler)
