from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtNetwork import QLocalSocket
from pytestqt.qtbot import QtBot

from app.ui import single_instance
from app.ui.single_instance import HandOver, SingleInstance

ROOT = Path(__file__).resolve().parent.parent.parent

START = """
import os, sys
from pathlib import Path
from PySide6.QtCore import QCoreApplication
from app.ui.single_instance import SingleInstance
application = QCoreApplication([])
instance = SingleInstance(Path(sys.argv[1]))
"""
HAND_OVER = START + (
    "print(instance.claim(), instance.hand_over([Path(os.fsdecode(os.fsencode(a))) for a in sys.argv[2:]]).name)"
)
HANG = START + "print(instance.claim(), flush=True); sys.stdin.read()"


def start(code: str, *arguments: str | bytes | Path) -> subprocess.Popen[str]:
    """Another process of the program."""
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


@pytest.fixture(autouse=True)
def runtime_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Sockets lie in a folder of the test's own."""
    folder = tmp_path / "run"
    folder.mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))
    return folder


@pytest.fixture
def first(tmp_path: Path, qapp: object) -> Iterator[SingleInstance]:
    """The first start."""
    instance = SingleInstance(tmp_path)
    assert instance.claim()
    yield instance
    instance.close()


def test_a_second_start_hands_its_files_over(first: SingleInstance, tmp_path: Path, qtbot: QtBot) -> None:
    """Relative names become whole paths; names that are not UTF-8 arrive as they are."""
    odd = b"d\xe9j\xe0.pdf" if sys.platform not in ("win32", "darwin") else "déjà.pdf".encode()
    with qtbot.waitSignal(first.files_received, timeout=20_000) as received:
        second = start(HAND_OVER, tmp_path, "report.pdf", odd)
    qtbot.waitUntil(lambda: second.poll() is not None, timeout=20_000)
    assert second.communicate()[0].split() == ["False", "TAKEN"]
    assert received.args == [(ROOT / "report.pdf", ROOT / os.fsdecode(odd))]


def test_a_second_start_without_files_shows_the_window(first: SingleInstance, tmp_path: Path, qtbot: QtBot) -> None:
    """The signal comes all the same, with no files."""
    with qtbot.waitSignal(first.files_received, timeout=20_000) as received:
        second = start(HAND_OVER, tmp_path)
    qtbot.waitUntil(lambda: second.poll() is not None, timeout=20_000)
    assert received.args == [()]


def test_thousands_of_files_arrive(first: SingleInstance, tmp_path: Path, qtbot: QtBot) -> None:
    """More than fit into one message."""
    files: list[Path] = []
    first.files_received.connect(files.extend)
    names = [f"{'x' * 40}-{number}.pdf" for number in range(1500)]
    second = start(HAND_OVER, tmp_path, *names)
    qtbot.waitUntil(lambda: second.poll() is not None, timeout=20_000)
    assert second.communicate()[0].split() == ["False", "TAKEN"]
    qtbot.waitUntil(lambda: [file.name for file in files] == names)


def test_another_data_folder_has_its_own_window(first: SingleInstance, tmp_path: Path) -> None:
    """Two folders, two windows; one folder spelt differently is one."""
    (tmp_path / "other").mkdir()
    other, same = SingleInstance(tmp_path / "other"), SingleInstance(tmp_path / "other" / "..")
    assert other.claim()
    assert not same.claim()
    other.close()


def test_a_hung_first_start_is_told(tmp_path: Path, qapp: object) -> None:
    """It holds its place and says nothing: the second start gives up and is not the first."""
    hung = start(HANG, tmp_path)
    assert hung.stdout is not None and hung.stdout.readline().strip() == "True"
    second = SingleInstance(tmp_path)
    assert not second.claim()
    assert second.hand_over([Path("a.pdf")], answer_ms=300) is HandOver.NO_ANSWER
    assert not second.claim()
    hung.communicate()


def test_what_a_crash_left_is_no_first_start(tmp_path: Path, qapp: object, runtime_folder: Path) -> None:
    """A killed first start leaves its socket; the next start takes its place and is heard."""
    killed = start(HANG, tmp_path)
    assert killed.stdout is not None and killed.stdout.readline().strip() == "True"
    killed.kill()
    killed.communicate()
    if sys.platform == "linux":
        assert any(path.is_socket() for path in runtime_folder.iterdir())
    following = SingleInstance(tmp_path)
    assert following.claim()
    assert following._server.isListening()
    following.close()


def test_a_first_start_that_ends_meanwhile(tmp_path: Path, qapp: object) -> None:
    """Between asking and handing over the first start ended: the second is the first then."""
    ending, second = SingleInstance(tmp_path), SingleInstance(tmp_path)
    assert ending.claim() and not second.claim()
    ending.close()
    assert second.hand_over([Path("a.pdf")]) is HandOver.ENDED
    assert not SingleInstance(tmp_path).claim()
    second.close()


def test_foreign_bytes_close_the_connection(first: SingleInstance, qtbot: QtBot) -> None:
    """What is no message of ours is not opened, and the next start is still heard."""
    for foreign in (b"GET / HTTP/1.1\r\n\r\n", b"\x00\x00\x00\x02[]"):
        socket = QLocalSocket()
        with qtbot.assertNotEmitted(first.files_received), qtbot.waitSignal(socket.disconnected):
            socket.connectToServer(first._server.serverName())
            assert socket.waitForConnected(1000)
            socket.write(foreign)
    test_socket = QLocalSocket()
    test_socket.connectToServer(first._server.serverName())
    with qtbot.waitSignal(first.files_received) as received:
        test_socket.write(b'\x00\x00\x00\x0d{"files": []}')
    assert received.args == [()]


def test_silent_connections_are_closed(first: SingleInstance, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever connects and says nothing holds no place for long."""
    monkeypatch.setattr(single_instance, "IDLE_MS", 20)
    socket = QLocalSocket()
    with qtbot.waitSignal(socket.disconnected):
        socket.connectToServer(first._server.serverName())


@pytest.mark.skipif(sys.platform != "linux", reason="where sockets are files that lie in the user's own folder")
def test_only_the_user_can_connect(first: SingleInstance, runtime_folder: Path) -> None:
    """Socket and lock are closed to others."""
    assert [path.stat().st_mode & 0o077 for path in runtime_folder.iterdir()] == [0, 0]


def test_no_place_for_a_lock_is_no_reason_not_to_start(tmp_path: Path, qapp: object) -> None:
    """Where the lock cannot be made the program starts, alone."""
    instance = SingleInstance(tmp_path)
    instance._lock_file = tmp_path / "gone" / "lock"
    assert instance.claim()
