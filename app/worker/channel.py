"""One end of the pipe between the program and its inference worker, for use by several threads."""

from __future__ import annotations

import threading
from multiprocessing.connection import Connection

from app.worker.messages import Event, Request
from app.worker.wire import MAX_FRAME_BYTES, WireError, decode, encode


class ChannelClosed(Exception):  # noqa: N818 (an event, not an error)
    """The other side is gone."""


class Channel:
    """Sends and receives whole messages. Any thread may send; one receives."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._sending = threading.Lock()

    def send(self, message: Request | Event) -> None:
        """Raises ChannelClosed."""
        frame = encode(message)
        try:
            with self._sending:
                self._connection.send_bytes(frame)
        except (OSError, ValueError) as error:  # ValueError: closed on this side
            raise ChannelClosed from error

    def receive(self) -> Request | Event:
        """Wait for the next message. Raises ChannelClosed, also where the other side sends nonsense."""
        try:
            return decode(self._connection.recv_bytes(MAX_FRAME_BYTES))
        except (OSError, EOFError, ValueError, WireError) as error:
            raise ChannelClosed(str(error)) from error

    def close(self) -> None:
        """Close this end."""
        self._connection.close()
