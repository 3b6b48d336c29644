"""Tests of text with links: height, links by mouse and keyboard, no resources."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QImage, QTextCursor, QTextDocument
from PySide6.QtWidgets import QLineEdit, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from app.ui.widgets.rich_text import RichText

LINKS = '<p>a <a href="cite:0:0">p. 1</a> b <a href="http://x.org/">two</a></p>'


@pytest.fixture
def text(qtbot: QtBot) -> RichText:
    """Shown, 300 pixels wide."""
    widget = RichText()
    qtbot.addWidget(widget)
    widget.resize(300, 200)
    widget.show()
    return widget


def test_height_follows_the_text(text: RichText) -> None:
    """More words or less width: higher; the hint is the height at the present width."""
    text.set_html("<p>" + "word " * 5 + "</p>")
    short = text.heightForWidth(300)
    text.set_html("<p>" + "word " * 200 + "</p>")
    assert text.heightForWidth(300) > 5 * short
    assert text.heightForWidth(150) > 1.8 * text.heightForWidth(300)
    text.resize(300, text.heightForWidth(300))
    assert text.verticalScrollBar().maximum() == 0 and text.sizeHint().height() == text.height()


def test_no_resource_is_loaded(text: RichText, tmp_path: Path) -> None:
    """Neither a picture beside the program nor one named in full, nor does a link change what is shown."""
    picture = tmp_path / "x.png"
    image = QImage(400, 400, QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.red)
    assert image.save(str(picture))
    text.set_html(f'<p>a</p><img src="{picture}"><img src="{QUrl.fromLocalFile(str(picture)).toString()}">')
    text.resize(600, 600)
    drawn = text.grab().toImage()
    assert all(drawn.pixelColor(x, y) != Qt.GlobalColor.red for x in range(0, 600, 7) for y in range(0, 600, 7))
    found = text.document().resource(QTextDocument.ResourceType.ImageResource, QUrl.fromLocalFile(str(picture)))
    assert isinstance(found, QImage) and found.width() == 1
    text.setSource(QUrl.fromLocalFile(str(picture)))
    assert text.toPlainText().startswith("a")


def test_tab_goes_over_links_and_leaves(qtbot: QtBot) -> None:
    """Enter follows the link that has the focus; after the last one the next widget has it."""
    window = QWidget()
    qtbot.addWidget(window)
    column = QVBoxLayout(window)
    text, after = RichText(), QLineEdit()
    column.addWidget(text)
    column.addWidget(after)
    text.set_html(LINKS)
    window.show()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    text.enter(True)
    assert text.textCursor().selectedText() == "p. 1" and len(text.extraSelections()) == 1
    qtbot.keyClick(text, Qt.Key.Key_Tab)
    assert text.textCursor().selectedText() == "two"
    with qtbot.waitSignal(text.link_activated) as followed:
        qtbot.keyClick(text, Qt.Key.Key_Return)
    assert followed.args == ["http://x.org/"]
    qtbot.keyClick(text, Qt.Key.Key_Tab)
    assert window.focusWidget() is after and text.extraSelections() == []
    text.enter(False)
    assert text.textCursor().selectedText() == "two"


def test_a_click_follows_a_link(text: RichText, qtbot: QtBot) -> None:
    """With the address as it was written."""
    text.set_html(LINKS)
    cursor = QTextCursor(text.document())
    cursor.setPosition(4)
    with qtbot.waitSignal(text.link_activated) as followed:
        qtbot.mouseClick(text.viewport(), Qt.MouseButton.LeftButton, pos=text.cursorRect(cursor).center())
    assert followed.args == ["cite:0:0"]


def test_a_selection_outlives_more_text(text: RichText) -> None:
    """As long as the words before its end are the same."""
    text.set_html("<p>one two</p>")
    cursor = text.textCursor()
    cursor.setPosition(4)
    cursor.setPosition(7, QTextCursor.MoveMode.KeepAnchor)
    text.setTextCursor(cursor)
    text.set_html("<p>one two <b>three</b></p>")
    assert text.textCursor().selectedText() == "two"
    text.set_html("<p>other two three</p>")
    assert not text.textCursor().hasSelection()


@pytest.mark.parametrize("key", [Qt.Key.Key_Up, Qt.Key.Key_PageDown, Qt.Key.Key_Home, Qt.Key.Key_Escape])
def test_keys_of_the_list_are_left_to_it(qtbot: QtBot, key: Qt.Key) -> None:
    """They reach the parent."""
    seen: list[int] = []

    class Parent(QWidget):
        def keyPressEvent(self, event) -> None:  # type: ignore[no-untyped-def]  # noqa: N802
            seen.append(event.key())

    parent = Parent()
    qtbot.addWidget(parent)
    text = RichText(parent)
    text.set_html(LINKS)
    parent.show()
    qtbot.keyClick(text, key)
    assert seen == [key]
