"""Readings that an end interrupted are found again."""

from __future__ import annotations

from pathlib import Path

from tests.ui.desk_window import Desks, write_book


def test_a_file_of_the_command_line_stands_in_front(desks: Desks, tmp_path: Path) -> None:
    """What is gone on with stays behind it; and is not forgotten because something is opened at once."""
    window = desks.window()
    window.wait_ready()
    window.open(write_book(tmp_path, "rivers", 8))
    desks.generator.may_read.clear()
    window.actions.summarise()
    window.wait(lambda: window.controller.activity.rooms)
    window.end()
    desks.generator.may_read.set()
    seas = write_book(tmp_path, "seas")
    window = desks.window(files=[seas])
    window.wait(lambda: len(window.controller.rooms.all) == 2)
    window.rest()
    rooms = {room.title: room for room in window.controller.rooms.all}
    assert window.document.title == "seas"
    assert "## Summary" in rooms["rivers"].summary.markdown  # type: ignore[attr-defined]


def test_ended_before_the_library_was_looked_at(desks: Desks, tmp_path: Path) -> None:
    """Still waiting, it is kept for the start after that; so is one that waits for the model."""
    window = desks.window()
    window.wait_ready()
    room = window.open(write_book(tmp_path, "rivers", 8))
    desks.generator.may_read.clear()
    window.actions.summarise()
    key = room.key
    window.end()
    window = desks.window()
    window.end()
    window = desks.window(start=False)
    assert window.state.words("reading") == (f"{key}|key-passages",)


def test_a_paused_or_removed_document_is_not_gone_on_with(desks: Desks, tmp_path: Path) -> None:
    """Nor is one that is no more in the library."""
    window = desks.window()
    window.wait_ready()
    room = window.open(write_book(tmp_path, "rivers", 8))
    desks.generator.may_read.clear()
    window.actions.summarise()
    window.actions.pause_or_resume()
    window.wait(lambda: not window.controller.activity.rooms)
    key = room.key
    window.end()
    assert window.state.words("reading") == ()
    window = desks.window(start=False)
    window.state.save_words("reading", [f"{'0' * 64}:|brief", "nonsense", f"{key}|no-style"])
    window.end()
    window = desks.window()
    window.wait(lambda: window.controller.shelf.documents)
    window.rest()
    assert window.controller.room is None and window.notices == []
