"""Tests of the composer: growing, sending, stopping, long pastes."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, QMimeData, QObject, Qt
from PySide6.QtGui import QPaintEvent, QShortcut
from pytestqt.qtbot import QtBot

from app.ui.widgets.composer import Composer
from app.ui.widgets.composer_field import LONG_CHARACTERS
from app.ui.widgets.shown_turn import AskMode, Said


@pytest.fixture
def composer(qtbot: QtBot) -> Composer:
    """Shown, with the focus."""
    widget = Composer()
    qtbot.addWidget(widget)
    widget.resize(500, 200)
    widget.show()
    widget.activateWindow()
    widget.field.setFocus()
    return widget


def said(composer: Composer) -> list[Said]:
    """What will have been sent."""
    heard: list[Said] = []
    composer.said.connect(heard.append)
    return heard


def test_enter_sends_and_shift_enter_begins_a_line(composer: Composer, qtbot: QtBot) -> None:
    """White space around is not sent; the field is empty after."""
    heard = said(composer)
    qtbot.keyClicks(composer.field, "one")
    qtbot.keyClick(composer.field, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    qtbot.keyClicks(composer.field, "two ")
    assert composer.draft == "one\ntwo "
    qtbot.keyClick(composer.field, Qt.Key.Key_Return)
    assert heard == [Said("one\ntwo", AskMode.TALK)] and composer.draft == ""


def test_control_enter_sends_whatever_the_window_does_with_it(composer: Composer, qtbot: QtBot) -> None:
    """The window's command on the same keys waits until the field has lost the focus."""
    heard, commands = said(composer), list[str]()
    shortcut = QShortcut("Ctrl+Return", composer)
    shortcut.activated.connect(lambda: commands.append("summarise"))
    qtbot.keyClicks(composer.field, "one")
    qtbot.keyClick(composer.field, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert heard == [Said("one", AskMode.TALK)] and commands == []
    qtbot.keyClick(composer.mode, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert commands == ["summarise"]


def test_the_frame_follows_the_focus(composer: Composer, qtbot: QtBot) -> None:
    """The whole composer is painted again when its field gets the focus, and when it loses it."""
    painted: list[bool] = []

    class Listener(QObject):
        def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
            if isinstance(event, QPaintEvent) and event.rect() == composer.rect():  # not the field's part alone
                painted.append(composer.field.hasFocus())
            return False

    listener = Listener()
    composer.installEventFilter(listener)
    qtbot.waitUntil(composer.field.hasFocus)
    composer.field.clearFocus()
    qtbot.waitUntil(lambda: painted[-1:] == [False])
    composer.field.setFocus()
    qtbot.waitUntil(lambda: painted[-1:] == [True])


def test_nothing_is_not_sent(composer: Composer, qtbot: QtBot) -> None:
    """Neither by Enter nor by the button."""
    heard = said(composer)
    assert not composer.send.isEnabled()
    qtbot.keyClicks(composer.field, "  ")
    qtbot.keyClick(composer.field, Qt.Key.Key_Enter)
    assert heard == []


def test_send_is_stop_while_an_answer_is_written(composer: Composer, qtbot: QtBot) -> None:
    """Enter sends nothing then and keeps the words; Esc and the button stop."""
    heard = said(composer)
    stops: list[bool] = []
    composer.stopped.connect(lambda: stops.append(True))
    qtbot.keyClick(composer.field, Qt.Key.Key_Escape)
    assert composer.send.text() == "Send" and stops == []
    composer.set_writing(True)
    assert composer.send.text() == "Stop" and composer.send.isEnabled()
    qtbot.keyClicks(composer.field, "next")
    qtbot.keyClick(composer.field, Qt.Key.Key_Return)
    assert heard == [] and composer.draft == "next"
    qtbot.keyClick(composer.field, Qt.Key.Key_Escape)
    qtbot.mouseClick(composer.send, Qt.MouseButton.LeftButton)
    assert stops == [True, True]
    composer.set_writing(False)
    qtbot.mouseClick(composer.send, Qt.MouseButton.LeftButton)
    assert heard == [Said("next", AskMode.TALK)]


def test_the_field_grows_to_eight_lines(composer: Composer, qtbot: QtBot) -> None:
    """And shrinks again; long lines count as often as they wrap."""
    one = composer.field.height()
    line = composer.field.fontMetrics().lineSpacing()
    composer.draft = "a\nb\nc"
    assert composer.field.height() == one + 2 * line
    composer.draft = "\n".join("abcdefghijkl")
    assert composer.field.height() == one + 7 * line
    composer.draft = "word " * 40
    assert composer.field.height() > one + line
    composer.draft = ""
    assert composer.field.height() == one


def test_tab_leaves(composer: Composer, qtbot: QtBot) -> None:
    """The field does not keep it."""
    composer.draft = "a"
    qtbot.keyClick(composer.field, Qt.Key.Key_Tab)
    assert composer.draft == "a" and not composer.field.hasFocus()


def test_documents_are_asked_in_two_ways(composer: Composer, qtbot: QtBot) -> None:
    """The choice is shown for documents only, and goes along with what is said."""
    heard = said(composer)
    assert composer.mode.isHidden() and composer.field.placeholderText() == "Write a message"
    composer.set_document(True)
    assert not composer.mode.isHidden() and composer.field.placeholderText() == "Ask what the text says"
    composer.draft = "a"
    qtbot.keyClick(composer.field, Qt.Key.Key_Return)
    composer.mode.setCurrentIndex(1)
    composer.draft = "b"
    qtbot.keyClick(composer.field, Qt.Key.Key_Return)
    assert heard == [Said("a", AskMode.FIND), Said("b", AskMode.TALK)]
    composer.set_document(False)
    composer.mode.setCurrentIndex(0)
    composer.draft = "c"
    qtbot.keyClick(composer.field, Qt.Key.Key_Return)
    assert heard[-1] == Said("c", AskMode.TALK)


def test_a_megabyte_is_held_aside(composer: Composer, qtbot: QtBot) -> None:
    """It is no part of the field, is sent whole after the typed words, and can be taken out."""
    heard = said(composer)
    pasted = "word " * 200_000
    source = QMimeData()
    source.setText(pasted)
    qtbot.keyClicks(composer.field, "Sum up")
    composer.field.insertFromMimeData(source)
    assert composer.field.toPlainText() == "Sum up" and composer.draft == f"Sum up\n\n{pasted}"
    qtbot.mouseClick(composer.drop_held, Qt.MouseButton.LeftButton)
    assert composer.draft == "Sum up"
    composer.field.insertFromMimeData(source)
    qtbot.keyClick(composer.field, Qt.Key.Key_Return)
    assert heard == [Said(f"Sum up\n\n{pasted}".strip(), AskMode.TALK)] and composer.draft == ""


def test_drafts_come_back_as_they_were(composer: Composer) -> None:
    """Short or long."""
    for text in ("a\n\nb ", "x" * (LONG_CHARACTERS + 1), ""):
        composer.draft = text
        assert composer.draft == text


def test_pasted_markup_is_plain_text(composer: Composer) -> None:
    """Nothing but its words."""
    source = QMimeData()
    source.setHtml("<b>a</b>")
    source.setText("a")
    composer.field.insertFromMimeData(source)
    assert composer.draft == "a"
