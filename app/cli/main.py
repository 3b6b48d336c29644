"""From the command line's words to an exit code: nothing leaves here but one clear line.

Commands are imported when they are called, so that `--help` and a mistyped option answer at once.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import sys
import threading
import time
from argparse import Namespace
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from app.cli.errors import EXIT_INTERRUPTED, Interrupted, report
from app.cli.parser import parse_command_line
from app.core.errors import GriffinDeskError, InternalError, ResourceError, lacks_disk, lacks_memory
from app.core.log import logger, start_logging, stop_logging
from app.core.paths import DataPaths, data_paths
from app.core.settings import load_settings

if TYPE_CHECKING:
    from app.cli.context import Context, Launch
    from app.services.engine import ModelLoader

EXIT_BROKEN_PIPE = 141
"""128 + SIGPIPE, what a shell reports for a program that died writing to a closed pipe."""


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code: 0, 2 for an error, 130 for Ctrl-C, 143 where the system ends it."""
    heard: list[int] = []
    try:
        with _ended_by_signals(heard):
            code = _run_to_its_end(arguments)
    except KeyboardInterrupt:  # before it could be told, or after all was said
        code = EXIT_INTERRUPTED
    return 128 + heard[0] if code == EXIT_INTERRUPTED and heard else code


@contextmanager
def _ended_by_signals(heard: list[int]) -> Iterator[None]:
    """Ctrl-C, the system's wish to end (SIGTERM) and a closed terminal (SIGHUP) all interrupt the command that runs.

    The numbers of those heard beside Ctrl-C go to `heard`. Who started the program may have made it deaf to some of
    them, as `nohup` does: it stays so. In the end all of them end what is left of the process, without a word.
    """

    def hear(number: int, frame: FrameType | None) -> None:
        heard.append(number)
        signal.signal(number, signal.SIG_DFL)  # a second one does not wait for anything
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    wished = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: hear}
    if sys.platform != "win32":
        wished[signal.SIGHUP] = hear
    taken = [number for number in wished if signal.getsignal(number) is signal.SIG_DFL]
    for number in taken:
        signal.signal(number, wished[number])
    try:
        yield
    finally:
        for number in taken:
            signal.signal(number, signal.SIG_DFL)


def _run_to_its_end(arguments: Sequence[str]) -> int:
    started_at = time.monotonic()
    _replace_closed_streams()
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        # A title that the terminal's encoding lacks, or a turn in another one, must not end a run of an hour.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    as_json = "--json" in arguments
    try:
        code = _run(parse_command_line(arguments), started_at)
    except BrokenPipeError:
        code = EXIT_BROKEN_PIPE
    except (KeyboardInterrupt, Interrupted) as interrupt:
        with suppress(OSError):
            sys.stderr.write(f"\ngriffin-desk: {interrupt if isinstance(interrupt, Interrupted) else 'interrupted'}\n")
        code = EXIT_INTERRUPTED
    except GriffinDeskError as error:
        code = report(error, as_json=as_json, stdout=sys.stdout, stderr=sys.stderr)
    try:
        sys.stdout.flush()
    except OSError:
        # Told already. Python flushes standard output once more at exit: give it somewhere to go.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return code


def _replace_closed_streams() -> None:
    """Python has no stream at all where the caller closed it (`>&-`): what is written there goes nowhere, and nothing
    comes from there."""
    if sys.stdin is None:
        sys.stdin = Path(os.devnull).open(encoding="utf-8")  # noqa: SIM115 (open to the end)
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 (open to the end)


def _run(options: Namespace, started_at: float) -> int:
    paths = data_paths(options.data_dir, os.environ)
    paths.create()
    settings = load_settings(paths.settings)
    handler = start_logging(paths.log, settings.log_level)
    loaders: list[ModelLoader] = []
    try:
        from app.cli.context import Launch

        logger("cli").info("%s begun", options.command)
        code = _command(Launch(options, paths, settings, started_at, loaders))
        sys.stdout.flush()
        return code
    except (GriffinDeskError, BrokenPipeError, Interrupted) as error:
        logger("cli").info("%s ended: %s", options.command, type(error).__name__, exc_info=error)
        raise
    except Exception as error:
        if _by_ctrl_c(error):
            logger("cli").info("%s ended: interrupted", options.command, exc_info=error)
            raise KeyboardInterrupt from error
        logger("cli").exception("%s failed", options.command)
        raise _translated(error, paths) from error
    finally:
        for loader in loaders:
            loader.close()
        stop_logging(handler)


def _command(launch: Launch) -> int:
    if launch.options.command == "doctor":
        # It opens the library itself: a damaged one is what it is asked about.
        from app.cli import doctor

        return doctor.run(launch)
    if launch.options.command == "bench":
        from app.cli import bench

        return bench.run(launch)
    from app.cli.context import open_context

    with open_context(launch) as context:
        return _command_on_library(context)


def _command_on_library(context: Context) -> int:
    match context.options.command:
        case "summarize":
            from app.cli import summarize

            return summarize.run(context)
        case "library":
            from app.cli import library

            return library.run(context)
        case "read":
            from app.cli import read

            return read.run(context)
        case "chat":
            from app.cli import chat

            return chat.run(context)
        case "ask":
            from app.cli import ask

            return ask.run(context)
        case "models":
            from app.cli import models

            return models.run(context)
        case "sessions":
            from app.cli import sessions

            return sessions.run(context)
        case unknown:
            raise AssertionError(f"the parser let the command {unknown!r} through")


def _by_ctrl_c(error: BaseException | None) -> bool:
    """Whether an exception stands for Ctrl-C: compiled modules that are being imported then raise one of their own."""
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__cause__ or error.__context__
    return error is not None


def _translated(error: Exception, paths: DataPaths) -> GriffinDeskError:
    """What an exception that nobody foresaw means to the user; the log has the traceback."""
    if lacks_memory(error):
        return ResourceError("there is not enough memory; close other programs or use a smaller model", code="memory")
    if isinstance(error, OSError) and lacks_disk(error):
        return ResourceError("the disk is full; free some space and run the command again", code="disk-full")
    if isinstance(error, sqlite3.Error):
        return ResourceError(f"the library could not be used ({error}); see {paths.log}", code="storage")
    return InternalError(f"something went wrong inside Griffin Desk ({type(error).__name__}); see {paths.log}")
