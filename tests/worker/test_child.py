"""The handle of a child process: what it takes from it, and how it ends."""

from __future__ import annotations

from multiprocessing.connection import Connection

import pytest

from app.worker.child import Child, ChildLost, parsed


def echo(connection: Connection, prefix: bytes) -> None:
    """A child that sends back what it gets."""
    while True:
        connection.send_bytes(prefix + connection.recv_bytes())


def silent(connection: Connection, _: None) -> None:
    """A child that sends nothing and waits for its parent."""
    connection.recv_bytes()


def dead(connection: Connection, _: None) -> None:
    """A child that ends at once."""


@pytest.mark.parametrize("data", [b"\xff\xfe", b"[1, 2]", b"{", b"[" * 100_000])
def test_only_a_message_is_taken(data: bytes) -> None:
    """Whatever else comes through the pipe costs the document, not the program."""
    assert parsed(data) is None
    assert parsed(b'{"type": "done"}') == {"type": "done"}


def test_both_ways() -> None:
    """Messages go there and back; what is none ends the child's use; ended twice, it stays ended."""
    child = Child(echo, b"", two_way=True)
    child.send({"do": "this"})
    assert child.alive and child.receive_message(10) == {"do": "this"}
    child.kill()
    child.kill()
    assert not child.alive
    child = Child(echo, b"not JSON: ", two_way=True)
    child.send({})
    with pytest.raises(ChildLost, match="nonsense"):
        child.receive_message(10)
    child.kill()


def test_silence_and_death() -> None:
    """A child that says nothing in its time, and one that is gone, are lost with a reason."""
    child = Child(silent, None, two_way=True)
    with pytest.raises(ChildLost, match=r"took longer than 0\.2 s"):
        child.receive(0.2)
    child.kill()
    child = Child(dead, None)
    with pytest.raises(ChildLost, match="crashed"):
        child.receive(10)
    child.kill()
