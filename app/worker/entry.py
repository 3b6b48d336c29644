"""Where a new inference worker begins; the host is imported by name, so that who starts workers never loads torch."""

from __future__ import annotations

import importlib
import signal
from multiprocessing.connection import Connection

HOST = "app.worker.host"


def run(connection: Connection) -> None:
    """Entry point of the process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the program decides what it means
    importlib.import_module(HOST).run_host(connection)
