"""The row of tabs above a document in wide and in narrow windows."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QApplication, QPushButton
from pytestqt.qtbot import QtBot

from app.ui import theme
from app.ui.views.document import DocumentTab, DocumentView


@pytest.fixture
def view(qtbot: QtBot) -> DocumentView:
    """A document's view with its questions in front, where a new conversation can be begun."""
    made = DocumentView()
    qtbot.addWidget(made)
    made.resize(900, 600)
    made.show()
    made.show_tab(DocumentTab.ASK)
    return made


def corner(view: DocumentView) -> QPushButton:
    """The button beside the tabs."""
    widget = view.tabs.cornerWidget()
    button = widget.findChild(QPushButton)
    assert isinstance(button, QPushButton)
    return button


def test_with_room_there_are_drawings_and_words(view: DocumentView) -> None:
    """Each tab has its drawing, the button its words."""
    assert not any(view.tabs.tabIcon(tab).isNull() for tab in DocumentTab)
    assert corner(view).text() == "New conversation"


def test_drawings_go_before_words(qapp: QApplication, view: DocumentView) -> None:
    """With less room the tabs keep their words, with still less the button has its sign alone, and its name."""
    view.resize(360, 600)
    assert all(view.tabs.tabIcon(tab).isNull() for tab in DocumentTab)
    assert corner(view).text() == "New conversation"
    view.resize(420, 600)
    theme.apply(qapp, theme.Scheme.LIGHT, 1.5)
    assert corner(view).text() == ""
    assert corner(view).accessibleName() == "New conversation" and not corner(view).icon().isNull()
    view.resize(900, 600)
    assert not any(view.tabs.tabIcon(tab).isNull() for tab in DocumentTab)
    assert corner(view).text() == "New conversation"


def test_no_tab_is_scrolled_out_of_sight(view: DocumentView) -> None:
    """In the narrowest view all tabs are within the row."""
    view.resize(280, 600)
    bar = view.tabs.tabBar()
    assert all(bar.rect().contains(bar.tabRect(tab)) for tab in DocumentTab)
