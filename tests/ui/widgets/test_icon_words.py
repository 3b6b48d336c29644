"""A drawing beside words."""

from __future__ import annotations

from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from app.ui import theme
from app.ui.widgets.icon_words import IconWords


def test_words_and_drawing_change_together(qtbot: QtBot, qapp: QApplication) -> None:
    """The drawing is that of the name and of the colours in force."""
    line = IconWords()
    qtbot.addWidget(line)
    line.show_words("check", "Fits well")
    picture, words = line.findChildren(QLabel)
    drawn = picture.pixmap().toImage()
    line.show_words("close", "Will not fit", "error")
    assert line.text == words.text() == "Will not fit" and words.property("role") == "error"
    other = picture.pixmap().toImage()
    assert other != drawn
    theme.apply(qapp, theme.Scheme.DARK)
    assert picture.pixmap().toImage() != other
