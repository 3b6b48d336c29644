"""`griffin-desk` and `python -m app`: the window, or a command."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

WINDOW = "window"
EXIT_ERROR = 2
_WITHOUT = "`griffin-desk --help` shows what works without"


def main() -> int:
    """Open the window, with files where any are named, or run the command; returns the exit code."""
    _begin()
    arguments = sys.argv[1:]
    if not arguments or arguments[0] == WINDOW:
        return _window(arguments[1:])
    if "." in arguments[0] and Path(arguments[0]).is_file():  # no command has a dot in it
        return _window(arguments)
    from app.cli.main import run

    return run(arguments)


def window() -> int:
    """The same without a command: what a click on the program's icon starts."""
    _begin()
    return _window(sys.argv[1:])


def _begin() -> None:
    """First of all. Until a command has anything to end properly, Ctrl-C just ends it, without Python's traceback."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from app.core.threads import wait_passively

    wait_passively(os.environ)


def _window(arguments: list[str]) -> int:
    try:
        from app.ui.application import run

        with _no_core_dump():
            return run(arguments)
    except ModuleNotFoundError as error:
        if _is_ours(error):
            raise
        _tell(f"the window needs Qt ({error}); install it with `pip install 'griffin-desk[ui]'`, or see: {_WITHOUT}")
    except ImportError as error:
        if _is_ours(error):
            raise
        _tell(f"the window's libraries cannot be loaded ({error}); install what is missing, or see: {_WITHOUT}")
    return EXIT_ERROR


@contextmanager
def _no_core_dump() -> Iterator[None]:
    """Where Qt cannot reach a screen it prints several lines and aborts: one sentence and an exit code instead."""
    from PySide6.QtCore import QMessageLogContext, QtMsgType, qInstallMessageHandler
    from PySide6.QtGui import QGuiApplication

    held: list[str] = []

    def hear(kind: QtMsgType, context: QMessageLogContext, text: str) -> None:
        if QGuiApplication.platformName():
            # Nothing that Qt says later is held back, and an abort then is a mistake worth its traces.
            _write("".join(f"{line}\n" for line in (*held, text)))
            held.clear()
        elif kind is QtMsgType.QtFatalMsg:
            _tell(f"there is no screen for a window ({(held or text.splitlines())[0].rstrip('.')}); {_WITHOUT}")
            os._exit(EXIT_ERROR)
        else:
            held.append(text)

    qInstallMessageHandler(hear)
    try:
        yield
    finally:
        qInstallMessageHandler(None)
        _write("".join(f"{line}\n" for line in held))


def _is_ours(error: ImportError) -> bool:
    """A mistake in this program, which no installation mends."""
    return (error.name or "").partition(".")[0] == "app"


def _tell(sentence: str) -> None:
    _write(f"griffin-desk: {sentence}\n")


def _write(text: str) -> None:
    if sys.stderr is not None:  # a program without a console has none
        sys.stderr.write(text)
        sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
