"""Where a new inference worker begins; the host is imported by name, so that who starts workers never loads torch."""

from __future__ import annotations

import importlib
import signal
import traceback
from contextlib import suppress
from multiprocessing.connection import Connection

from app.core.errors import ResourceError, lacks_memory
from app.core.text import one_line
from app.worker.channel import Channel, ChannelClosed
from app.worker.messages import Failed, LoadModel

HOST = "app.worker.host"
NO_ROOM = "failed to map segment"
"""What the system's loader says of a library that finds no room in memory."""
MOST_LETTERS = 300
"""Of the reason for which a host cannot be imported."""


def run(connection: Connection) -> None:
    """Entry point of the process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the program decides what it means
    try:
        host = importlib.import_module(HOST)
    except Exception as error:  # an installation without torch, or one whose libraries the system cannot load
        with suppress(ChannelClosed):
            _refuse(Channel(connection), error)
        return
    host.run_host(connection)


def _refuse(channel: Channel, error: Exception) -> None:
    """Say why no model can be loaded, where the user sees it, and not as a traceback on standard error."""
    request = channel.receive()
    assert isinstance(request, LoadModel)  # the first one of every worker
    if lacks_memory(error) or NO_ROOM in str(error):
        code, message = "out-of-memory", "there is not enough memory; close other programs or use a smaller model"
    else:
        what = one_line(f"{type(error).__name__}: {error}")  # numpy has advice of twenty lines, the reason in the last
        what = what if len(what) <= MOST_LETTERS else f"{what[: MOST_LETTERS // 2]} … {what[-MOST_LETTERS // 2 :]}"
        code, message = "worker-start", f"the model's process cannot start ({what}); install Griffin Desk again"
    channel.send(Failed(request.job_id, ResourceError.__name__, code, message, traceback.format_exc()))
