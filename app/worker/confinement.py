"""What a process that handles a stranger's file takes upon itself first, and how it speaks to its parent."""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
import threading
import warnings
from multiprocessing import parent_process
from multiprocessing.connection import Connection, wait
from typing import Any


def confine(memory_bytes: int | None) -> None:
    """End with the parent, print nothing, and take no more than so much address space (None: as much as there is)."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent ends this process
    _leave_with_parent()
    _silence()
    if memory_bytes is not None:
        _limit_memory(memory_bytes)


def send(connection: Connection, message: dict[str, Any]) -> None:
    """One message as JSON: whatever a hostile file makes of this process, the parent only ever parses that."""
    connection.send_bytes(json.dumps(message).encode("ascii"))


def describe(error: Exception) -> str:
    """An exception in a few words."""
    return " ".join(str(error).split())[:200] or type(error).__name__


def _leave_with_parent() -> None:
    """End this process when the parent dies, even in the middle of an endless page."""
    parent = parent_process()
    if parent is None:
        return

    def watch() -> None:
        wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _silence() -> None:
    """Parsers print about broken files; the user hears of it in the coverage report instead."""
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
    for descriptor in (1, 2):
        os.dup2(null, descriptor)


def _limit_memory(nbytes: int) -> None:
    try:
        import resource  # not on Windows
    except ImportError:
        return
    try:
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (nbytes if hard < 0 else min(nbytes, hard), hard))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    except (OSError, ValueError):
        return  # macOS refuses RLIMIT_AS; the time limits still hold
