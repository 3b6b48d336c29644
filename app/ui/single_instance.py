"""One window for each user and data folder: a second start hands its files to the first and ends."""

from __future__ import annotations

import getpass
import hashlib
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from enum import Enum, auto
from pathlib import Path

from PySide6.QtCore import QDeadlineTimer, QObject, QStandardPaths, QThread, QTimer, Signal
from PySide6.QtNetwork import QLocalServer, QLocalSocket

from app.core.file_lock import lock
from app.core.log import logger
from app.ui.instance_messages import MAX_MESSAGE_BYTES, MessageError, Opening, framed, opening, openings, unframed

ANSWER_MS = 10_000
"""After which a first start that says nothing is taken to hang; on a busy machine an answer may take seconds."""
RETRY_MS = 50
IDLE_MS = 5000
"""A connection that says nothing for so long is closed."""
MAX_CONNECTIONS = 8
MAX_SOCKET_PATH_BYTES = 100
"""Names of Unix sockets end at 104 bytes on some systems."""
TOKEN_VARIABLE = "XDG_ACTIVATION_TOKEN"

_log = logger("instance")


class HandOver(Enum):
    """What became of files that were handed over."""

    TAKEN = auto()
    """The first start has them and shows its window."""
    NO_ANSWER = auto()
    """There is a first start, but it hangs: it must be ended by the user before another one can work."""
    ENDED = auto()
    """The first start has ended meanwhile: this one is the first now and opens the files itself."""


class SingleInstance(QObject):
    """Either the first start, which listens, or a later one, which hands over. Only the same user can connect.

    The first is whoever holds a lock that the system drops when its holder ends, however it ends; so a socket that a
    crash left behind is known to be stale, and of two starts at the same moment one is the first.
    """

    files_received = Signal(object)
    """tuple[Path, ...] of a later start, to be opened; empty when only the window is to be shown."""

    def __init__(self, data_folder: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._name = _socket_name(data_folder)
        self._lock_file = _lock_path(self._name)
        self._lock: int | None = None
        self._visitors: set[_Visitor] = set()
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.setMaxPendingConnections(MAX_CONNECTIONS)
        self._server.newConnection.connect(self._welcome)

    def claim(self) -> bool:
        """Be the first start, if there is none. Where the place has no locks this one goes ahead alone."""
        if self._lock is not None:
            return True
        try:
            # Not inherited by child processes: the worker must not hold the lock when the window is gone.
            descriptor = os.open(self._lock_file, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            _log.warning("no lock for one instance: %s", error)
            return True
        try:
            lock(descriptor)
        except OSError:
            os.close(descriptor)
            return False
        self._lock = descriptor
        QLocalServer.removeServer(self._name)
        if not self._server.listen(self._name):
            _log.warning("later starts cannot be heard: %s", self._server.errorString())
        return True

    def hand_over(self, files: Sequence[Path], *, answer_ms: int = ANSWER_MS) -> HandOver:
        """Give files to the first start, which shows its window; waits for its answer for so long at most."""
        deadline = QDeadlineTimer(answer_ms)
        paths = [path.absolute() for path in files]
        token = os.environ.get(TOKEN_VARIABLE, "")
        while not deadline.hasExpired():
            socket = QLocalSocket()
            socket.connectToServer(self._name)
            if socket.waitForConnected(_left(deadline)):
                given = all(_given(socket, message, deadline) for message in openings(paths, token))
                return HandOver.TAKEN if given else HandOver.NO_ANSWER
            # The first start may be about to listen, or may just have ended.
            if self.claim():
                return HandOver.ENDED
            QThread.msleep(RETRY_MS)
        return HandOver.NO_ANSWER

    def stop_listening(self) -> None:
        """This start is about to end: a later one waits for that, and not for an answer."""
        self._server.close()

    def close(self) -> None:
        """Stop listening; the next start is the first."""
        self._server.close()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _welcome(self) -> None:
        while (socket := self._server.nextPendingConnection()) is not None:
            # What hung at the other end is closed by its timer, so a flood of connections ends by itself.
            if len(self._visitors) >= MAX_CONNECTIONS:
                socket.abort()
                socket.deleteLater()
                continue
            visitor = _Visitor(socket, self)
            self._visitors.add(visitor)
            visitor.asked.connect(self._received)
            visitor.gone.connect(self._forget)
            visitor.begin()

    def _received(self, asked: Opening) -> None:
        if asked.token:
            # Qt takes it from there when the window is next asked to come to the front.
            os.environ[TOKEN_VARIABLE] = asked.token
        self.files_received.emit(asked.files)

    def _forget(self, visitor: _Visitor) -> None:
        self._visitors.discard(visitor)
        visitor.deleteLater()


class _Visitor(QObject):
    """One connection of a later start."""

    asked = Signal(object)
    """Opening."""
    gone = Signal(object)
    """Itself, when the connection has ended."""

    def __init__(self, socket: QLocalSocket, parent: QObject) -> None:
        super().__init__(parent)
        socket.setParent(self)
        socket.setReadBufferSize(MAX_MESSAGE_BYTES)
        self._socket = socket
        self._buffer = b""
        self._idle = QTimer(self)
        self._idle.setSingleShot(True)
        self._idle.setInterval(IDLE_MS)
        self._idle.timeout.connect(self._end)
        socket.readyRead.connect(self._read)
        socket.disconnected.connect(self._leave)

    def begin(self) -> None:
        """Read what came before anyone listened."""
        self._idle.start()
        self._read()
        if self._socket.state() != QLocalSocket.LocalSocketState.ConnectedState:
            self._leave()

    def _read(self) -> None:
        self._idle.start()
        self._buffer += self._socket.readAll().data()
        try:
            while (found := unframed(self._buffer)) is not None:
                body, self._buffer = found
                asked = opening(body)
                # Answered first: what the window does with the files may take its time.
                self._socket.write(framed({"taken": len(asked.files)}))
                self._socket.flush()
                self.asked.emit(asked)
        except MessageError as error:
            _log.warning("a connection was closed: %s", error)
            self._buffer = b""
            self._end()

    def _end(self) -> None:
        self._socket.abort()

    def _leave(self) -> None:
        self._idle.stop()
        self.gone.emit(self)


def _given(socket: QLocalSocket, message: bytes, deadline: QDeadlineTimer) -> bool:
    """Send a message and wait until it is answered."""
    socket.write(message)
    while socket.bytesToWrite() > 0:
        if not socket.waitForBytesWritten(_left(deadline)):
            return False
    buffer = b""
    while socket.bytesAvailable() > 0 or socket.waitForReadyRead(_left(deadline)):
        buffer += socket.readAll().data()
        with suppress(MessageError):
            if unframed(buffer) is not None:
                return True
    return False


def _left(deadline: QDeadlineTimer) -> int:
    """Milliseconds; Qt takes -1 for "for ever", which 0 is not."""
    return max(0, int(deadline.remainingTime()))


def _socket_name(data_folder: Path) -> str:
    """Of the user and the data folder, however that is spelt. A path where the system has a folder for sockets."""
    user = getpass.getuser() if sys.platform == "win32" else str(os.getuid())
    facts = os.fsencode(user) + b"\0" + os.fsencode(data_folder.resolve())
    name = f"griffin-desk-{hashlib.sha256(facts).hexdigest()[:16]}"
    if sys.platform in ("win32", "darwin"):
        return name  # a pipe has no folder; Qt takes the user's own temporary folder on macOS
    # Others may write into the folder for temporary files, and so pretend to be the first start.
    folder = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.RuntimeLocation)
    path = Path(folder) / name
    return str(path) if folder and len(os.fsencode(path)) <= MAX_SOCKET_PATH_BYTES else name


def _lock_path(name: str) -> Path:
    if Path(name).is_absolute():
        return Path(f"{name}.lock")
    folder = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.TempLocation)
    return Path(folder) / f"{name}.lock"
