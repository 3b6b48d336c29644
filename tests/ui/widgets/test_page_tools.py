"""The tools above the pages."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel, QLineEdit
from pytestqt.qtbot import QtBot

from app.ui import theme
from app.ui.widgets.page_tools import PageTools


class Heard:
    """A row of tools and what it has said."""

    def __init__(self, qtbot: QtBot) -> None:
        self.tools = PageTools()
        qtbot.addWidget(self.tools)
        self.pages: list[int] = []
        self.tools.page_wanted.connect(self.pages.append)
        self.field = self.tools.findChild(QLineEdit)
        self.tools.set_pages(1, 113)
        self.tools.resize(800, 40)
        self.tools.show()

    def button(self, name: str) -> QAbstractButton:
        buttons = self.tools.findChildren(QAbstractButton)
        return next(button for button in buttons if button.accessibleName() == name)


def test_a_number_and_enter(qtbot: QtBot) -> None:
    """The field goes to what was typed, within the document, and up and down by one."""
    heard = Heard(qtbot)
    for typed in ("57", "999", "0"):
        heard.field.selectAll()
        qtbot.keyClicks(heard.field, typed)
        qtbot.keyClick(heard.field, Qt.Key.Key_Return)
    qtbot.keyClick(heard.field, Qt.Key.Key_Down)
    qtbot.keyClick(heard.field, Qt.Key.Key_Up)
    assert heard.pages == [57, 113, 1, 2, 1]
    assert "/ 113" in [label.text() for label in heard.tools.findChildren(QLabel)]


def test_what_was_typed_can_be_taken_back(qtbot: QtBot) -> None:
    """By Esc; and the page that is shown does not overwrite what is being typed."""
    heard = Heard(qtbot)
    heard.field.setFocus()
    qtbot.waitUntil(heard.field.hasFocus)
    heard.field.selectAll()
    qtbot.keyClicks(heard.field, "9")
    heard.tools.set_page(5)
    assert heard.field.text() == "9"
    qtbot.keyClick(heard.field, Qt.Key.Key_Escape)
    assert (heard.field.text(), heard.pages) == ("5", [])


def test_the_buttons_beside_the_field(qtbot: QtBot) -> None:
    """They go by one page and end with the document."""
    heard = Heard(qtbot)
    heard.tools.page_wanted.connect(heard.tools.set_page)
    assert not heard.button("Previous page").isEnabled()
    heard.button("Next page").click()
    heard.button("Next page").click()
    heard.button("Previous page").click()
    assert heard.pages == [2, 3, 2]
    heard.tools.set_page(113)
    assert not heard.button("Next page").isEnabled()


def test_without_a_document_nothing_can_be_done(qtbot: QtBot) -> None:
    """All is disabled."""
    heard = Heard(qtbot)
    heard.tools.set_pages(1, 0)
    heard.tools.set_outline(available=False, shown=False)
    assert not any(button.isEnabled() for button in heard.tools.findChildren(QAbstractButton))
    assert not heard.tools.has_pages


@pytest.mark.parametrize("scale", [1.0, 2.0])
def test_in_a_narrow_window_the_zoom_figure_goes(qtbot: QtBot, scale: float) -> None:
    """What can be pressed stays whole."""
    theme.apply(QApplication.instance(), theme.Scheme.LIGHT, scale)
    heard = Heard(qtbot)
    heard.tools.set_zoom(100, fitted=True)
    figure = next(label for label in heard.tools.findChildren(QLabel) if "%" in label.text())
    seen = []
    for width in (1400, heard.tools.minimumSizeHint().width(), 1400):
        heard.tools.resize(width, 60)
        QApplication.processEvents()
        seen.append(figure.isVisible())
    theme.apply(QApplication.instance(), theme.Scheme.LIGHT)
    assert seen == [True, False, True]


def test_a_longer_zoom_figure_goes_where_a_shorter_one_had_room(qtbot: QtBot) -> None:
    """A figure is shown whole or not at all, also when it changes and the window does not."""
    heard = Heard(qtbot)
    heard.tools.set_zoom(5, fitted=True)
    figure = next(label for label in heard.tools.findChildren(QLabel) if "%" in label.text())
    heard.tools.resize(heard.tools.sizeHint().width(), 60)
    QApplication.processEvents()
    assert figure.isVisible()
    heard.tools.set_zoom(131, fitted=False)
    assert not figure.isVisible()
    heard.tools.set_zoom(5, fitted=False)
    assert figure.isVisible()
