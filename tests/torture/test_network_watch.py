"""The nets in which programs without a network are watched: they must see what was tried."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.torture.network_watch import Watch, read_notes, seen, watch_here

REACHES = """
import socket, subprocess, sys
try:
    socket.socket().connect(("192.0.2.1", 9))
except OSError as error:
    print(type(error).__name__)
try:
    socket.getaddrinfo("name.invalid", 80)
except socket.gaierror:
    print("no name")
subprocess.run([sys.executable, "-c", "import socket; s = socket.socket(); s.connect_ex(('192.0.2.2', 9))"])
"""
LOCAL = """
import socket
server = socket.socket(socket.AF_UNIX); server.bind("here"); server.listen()
client = socket.socket(socket.AF_UNIX); client.connect("here")
print("connected")
"""


def plain() -> Watch:
    """The guard alone, as where there is neither strace nor a namespace."""
    return Watch(namespace=False, strace=False)


def test_the_guard_refuses_and_notes(tmp_path: Path) -> None:
    """A connection, a name and a child's connection, each refused and told with its address."""
    ended = plain().run([sys.executable, "-c", REACHES], tmp_path, "reaches")
    assert ended.out.split("\n")[:2] == ["OSError", "no name"]
    found = seen(tmp_path)
    assert found.processes == 2
    assert [word for word in ("192.0.2.1", "name.invalid", "192.0.2.2") if word in " ".join(found.attempts)] == [
        "192.0.2.1",
        "name.invalid",
        "192.0.2.2",
    ]


def test_sockets_in_the_file_system_are_left_alone(tmp_path: Path) -> None:
    """They lead nowhere else; the guard notes them, and they count as no attempt."""
    ended = plain().run([sys.executable, "-c", LOCAL], tmp_path, "local")
    assert (ended.out, seen(tmp_path).attempts) == ("connected\n", ())
    assert any(note["what"] == "socket.connect" and note["local"] for note in read_notes(tmp_path / "network.jsonl"))


def test_loaded_packages_are_noted(tmp_path: Path) -> None:
    """A package that can speak to the network is named once it is loaded, in whichever process."""
    plain().run([sys.executable, "-c", "import keyring"], tmp_path, "loads")
    assert "keyring" in seen(tmp_path).packages


def test_system_calls_are_seen_behind_the_guard(tmp_path: Path) -> None:
    """What does not go through Python's sockets is seen by strace, where it is there."""
    watch = watch_here()
    if not watch.strace:
        pytest.skip("strace is not here, or may not be used")
    code = (
        "import ctypes, struct\nlibc = ctypes.CDLL(None)\nmade = libc.socket(2, 2, 0)\n"
        "libc.connect(made, struct.pack('=H', 2) + bytes([0, 9, 192, 0, 2, 3]) + bytes(8), 16)\n"
    )
    watch.run([sys.executable, "-c", code], tmp_path, "behind")
    found = seen(tmp_path)
    assert len(found.attempts) == 1 and "192.0.2.3" in found.attempts[0]
    assert found.families["AF_INET"] == 1


def test_a_program_that_hangs_is_ended(tmp_path: Path) -> None:
    """With its whole group, after its time."""
    ended = plain().run([sys.executable, "-c", "import time; time.sleep(600)"], tmp_path, "hangs", limit_s=1.0)
    assert (ended.code, ended.problem) == (None, "hung")
