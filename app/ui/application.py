"""Starting the window: one instance for each data folder, the window at once, everything else behind it."""

from __future__ import annotations

import argparse
import faulthandler
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import date
from pathlib import Path
from types import FrameType, TracebackType
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QSettings, Qt, QTimer
from PySide6.QtGui import QGuiApplication, QIcon
from PySide6.QtWidgets import QApplication, QMessageBox

from app.core.allocator import limit_fragmentation
from app.core.errors import GriffinDeskError, InternalError
from app.core.log import logger, start_logging, stop_logging
from app.core.paths import DataPaths, data_paths, resources_dir
from app.core.settings import Settings, load_settings
from app.core.version import program_version
from app.ui import theme
from app.ui.failure import failure_of
from app.ui.file_open import FileOpeningApplication
from app.ui.single_instance import HandOver, SingleInstance
from app.ui.translation import install_translation

if TYPE_CHECKING:
    from app.services.desk import Desk
    from app.ui.main_window import MainWindow
    from app.ui.window_state import WindowState

APP_ID = "io.github.griffin_desk.GriffinDesk"
EXIT_ERROR = 2
SWITCH_INTERVAL_S = 0.001
"""Python's threads take turns this often: work in a lane must not keep the event loop waiting."""

_log = logger("window")


def run(arguments: Sequence[str]) -> int:
    """Open the window, or hand the files to the one that is open; returns the exit code."""
    limit_fragmentation()
    options = _options(arguments)
    paths = data_paths(options.data_dir, os.environ)
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    QCoreApplication.setOrganizationName("griffin-desk")
    QCoreApplication.setApplicationName("griffin-desk")
    QCoreApplication.setApplicationVersion(program_version())
    QGuiApplication.setDesktopFileName(APP_ID)
    QSettings.setDefaultFormat(QSettings.Format.IniFormat)
    application = QApplication.instance() or FileOpeningApplication(sys.argv[:1])
    assert isinstance(application, QApplication)
    application.setApplicationDisplayName("Griffin Desk")
    application.setWindowIcon(QIcon(str(resources_dir() / "icons" / "griffin-desk.svg")))
    try:
        paths.create()
        settings = load_settings(paths.settings)
        handler = start_logging(paths.log, settings.log_level)
    except GriffinDeskError as error:
        return _refuse(error)
    try:
        return _run(application, options, paths, settings)
    except GriffinDeskError as error:
        _log.info("the window ended: %s", error.message, exc_info=error)
        return _refuse(error)
    finally:
        stop_logging(handler)


def _run(application: QApplication, options: argparse.Namespace, paths: DataPaths, settings: Settings) -> int:
    install_translation(application, settings.language)
    theme.apply(application, theme.Scheme(settings.scheme), settings.text_scale)
    instance = SingleInstance(paths.root)
    if not instance.claim():
        handed = instance.hand_over(options.files)
        if handed is HandOver.TAKEN:
            return 0
        if handed is HandOver.NO_ANSWER:
            raise InternalError(
                "Griffin Desk is running and does not answer; end it in the system's task manager, then start it again",
                code="hung",
            )
    try:
        return _window(application, options, paths, settings, instance)
    finally:
        instance.close()


def _window(
    application: QApplication,
    options: argparse.Namespace,
    paths: DataPaths,
    settings: Settings,
    instance: SingleInstance,
) -> int:
    """The frame is painted first; what it works with is loaded behind it. Raises GriffinDeskError."""
    from app.ui.main_window import MainWindow
    from app.ui.window_state import WindowState

    state = WindowState()
    window = MainWindow(state)
    refused: list[GriffinDeskError] = []
    early: list[Path] = []

    def hear(files: tuple[Path, ...]) -> None:
        early.extend(files)

    instance.files_received.connect(hear)
    if isinstance(application, FileOpeningApplication):
        application.files_opened.connect(instance.files_received)
    with ExitStack() as stack:

        def begin() -> None:
            _log.info("window shown")
            try:
                stack.enter_context(_at_work(window, state, options, paths, settings, instance))
                # What later starts have handed over meanwhile.
                instance.files_received.disconnect(hear)
                if early:
                    instance.files_received.emit(tuple(early))
            except Exception as error:  # there is nothing to work with: the reason is told instead of the window
                refused.append(failure_of(error).error)
                window.close()
                application.quit()

        window.painted.connect(begin)
        _hear_signals(application, window.close)
        window.show()
        code = application.exec()
    if refused:
        raise refused[0]
    return code


@contextmanager
def _at_work(
    window: MainWindow,
    state: WindowState,
    options: argparse.Namespace,
    paths: DataPaths,
    settings: Settings,
    instance: SingleInstance,
) -> Iterator[None]:
    """The window with its library and everything else that it works with. Raises StorageError."""
    from app.ui.controllers.actions import Actions
    from app.ui.controllers.window import WindowController
    from app.ui.garbage import GarbageCollector
    from app.ui.jobs import Jobs

    with open_library_once(paths, settings) as (open_desk, notices):
        jobs = Jobs(open_desk)
        given = options.data_dir is not None
        controller = WindowController(window, jobs, paths, settings, state, data_dir_given=given)
        actions = Actions(controller)
        actions.commands.set_recent(state.words("commands"))
        window.closing.connect(lambda: state.save_words("commands", actions.commands.recent()))
        instance.files_received.connect(controller.imports.open_files)
        instance.files_received.connect(lambda _: window.come_to_front())
        garbage = GarbageCollector(lambda: not jobs.idle, window)
        with _hooks(controller.tell_failure_of):
            controller.start(options.files)
            for notice in notices:
                controller.tell(notice)
            _log.info("window ready")
            try:
                yield
            finally:
                instance.stop_listening()
                controller.close()
                garbage.close()


@contextmanager
def open_library_once(
    paths: DataPaths, settings: Settings
) -> Iterator[tuple[Callable[[], AbstractContextManager[Desk]], tuple[str, ...]]]:
    """Check, repair and upgrade the library, then give what opens it in each lane, and what the user should know.

    Raises StorageError.
    """
    from app.services.desk import make_desk, make_room, open_states
    from app.storage.backups import DailyBackup, open_library
    from app.storage.database import Database

    make_room(paths, settings)
    opened = open_library(paths.library, paths.backups, today=date.today())
    opened.database.close()
    states = open_states(paths, settings)
    backup = DailyBackup(paths.library, paths.backups, today=date.today())
    backup.start()

    @contextmanager
    def open_desk() -> Iterator[Desk]:
        with Database.open(paths.library) as database:
            yield make_desk(paths, settings, database, states)

    try:
        yield open_desk, opened.notices
    finally:
        states.close()
        backup.finish()


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="griffin-desk window", description="Open the window.", allow_abbrev=False)
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE", help="documents or folders to open")
    parser.add_argument("--data-dir", type=Path, metavar="DIR", help="folder of the library, models and settings")
    options = parser.parse_args(arguments)
    # A second start runs in another folder than the first.
    options.files = [path.expanduser().absolute() for path in options.files]
    return options


def _refuse(error: GriffinDeskError) -> int:
    """Say why there is no window: on standard error, and where nobody reads that, in a box."""
    sys.stderr.write(f"griffin-desk: {error.message}\n")
    if QGuiApplication.platformName() not in ("offscreen", "minimal"):
        box = QMessageBox(QMessageBox.Icon.Critical, "Griffin Desk", error.message)
        box.setTextFormat(Qt.TextFormat.PlainText)  # it may name a file, and a name may hold anything
        box.exec()
    return EXIT_ERROR


def _hear_signals(application: QApplication, close: Callable[[], object]) -> None:
    """Ctrl-C and the end of the session close the window as its own button does."""

    def heard(number: int, frame: FrameType | None) -> None:
        close()
        application.quit()

    numbers = [signal.SIGINT, signal.SIGTERM]
    if sys.platform != "win32" and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # as `nohup` wants it
        numbers.append(signal.SIGHUP)
    for number in numbers:
        signal.signal(number, heard)
    # Python hears signals between its own instructions only: let it have some, now and then.
    timer = QTimer(application)
    timer.timeout.connect(lambda: None)
    timer.start(500)


@contextmanager
def _hooks(tell: Callable[[BaseException], None]) -> Iterator[None]:
    """A mistake of ours in a callback is logged and told in one line; the window goes on."""
    before, before_thread = sys.excepthook, threading.excepthook

    def failed(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        _log.error("a mistake in the window", exc_info=(kind, error, trace))
        tell(error)

    def thread_failed(args: threading.ExceptHookArgs) -> None:
        _log.error("a mistake in the thread %s", args.thread, exc_info=args.exc_value)

    sys.excepthook, threading.excepthook = failed, thread_failed
    if sys.stderr is not None and not faulthandler.is_enabled():
        faulthandler.enable()  # where a native library crashes, Python's stacks are told
    try:
        yield
    finally:
        sys.excepthook, threading.excepthook = before, before_thread
