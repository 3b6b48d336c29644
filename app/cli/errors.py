"""How a command ends early: one line on standard error, one JSON object where asked for, an exit code."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import TextIO

from app.cli.output import print_json
from app.core.errors import GriffinDeskError, WorkerLostError
from app.core.text import one_line

EXIT_ERROR = 2
EXIT_INTERRUPTED = 130


class Interrupted(Exception):  # noqa: N818 (it is a wish of the user, not an error)
    """Ctrl-C; the message says how to go on."""


def lost(error: WorkerLostError, go_on: str) -> WorkerLostError:
    """The same error with what the user wants to know: that nothing is lost, and how to go on."""
    return WorkerLostError(f"{error.message}; nothing is lost: {go_on}", code=error.code)


def report(error: GriffinDeskError, *, as_json: bool, stdout: TextIO = sys.stdout, stderr: TextIO = sys.stderr) -> int:
    """Tell the user, as far as there is anyone to tell; returns the exit code."""
    message = one_line(error.message)
    with suppress(OSError):  # a full disk or a closed pipe may be the very error
        if as_json:
            print_json(stdout, {"error": {"code": error.code, "message": message}})
    with suppress(OSError):
        stderr.write(f"griffin-desk: error: {message}\n")
        stderr.flush()
    return EXIT_ERROR
