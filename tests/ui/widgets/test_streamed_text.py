"""Tests of text that comes in pieces."""

from __future__ import annotations

from pytestqt.qtbot import QtBot

from app.ui.widgets.streamed_text import StreamedText


def test_many_pieces_are_shown_together(qtbot: QtBot) -> None:
    """Pieces within a tenth of a second come at once, and all of the text so far."""
    stream = StreamedText()
    shown: list[str] = []
    stream.due.connect(shown.append)
    stream.start("a")
    for piece in "bcd":
        stream.add(piece)
    assert shown == []
    qtbot.waitUntil(lambda: shown == ["abcd"])
    stream.add("e")
    stream.flush()
    assert shown == ["abcd", "abcde"] and stream.text() == "abcde"


def test_a_new_text_forgets_what_was_due(qtbot: QtBot) -> None:
    """Nothing of the old one comes after it."""
    stream = StreamedText()
    shown: list[str] = []
    stream.due.connect(shown.append)
    stream.add("old")
    stream.start()
    stream.add("new")
    qtbot.waitUntil(lambda: bool(shown))
    assert shown == ["new"]
