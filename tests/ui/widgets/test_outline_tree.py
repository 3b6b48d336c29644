"""The outline beside the pages."""

from __future__ import annotations

from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.ui.models.outline import OutlineEntryShown
from app.ui.widgets.outline_tree import OutlineTree

ENTRIES = [
    OutlineEntryShown("One", 1, 1),
    OutlineEntryShown("One and a bit", 2, 3),
    OutlineEntryShown("Two", 1, 5),
    OutlineEntryShown("Nowhere", 1, 0),
]


def shown(qtbot: QtBot) -> OutlineTree:
    tree = OutlineTree()
    qtbot.addWidget(tree)
    tree.set_entries(ENTRIES)
    tree.resize(200, 200)
    tree.show()
    return tree


def test_it_follows_the_page(qtbot: QtBot) -> None:
    """The entry that holds the page is marked; of a closed branch the entry above."""
    tree = shown(qtbot)
    marked = []
    for page in (1, 3, 6):
        tree.show_page(page)
        marked.append(tree.currentIndex().data())
    tree.expandAll()
    tree.show_page(4)
    assert [*marked, tree.currentIndex().data()] == ["One", "One", "Two", "One and a bit"]


def test_a_hidden_outline_follows_when_it_is_shown(qtbot: QtBot) -> None:
    """It does no work before."""
    tree = shown(qtbot)
    tree.hide()
    tree.show_page(5)
    assert tree.currentIndex().data() != "Two"
    tree.show()
    assert tree.currentIndex().data() == "Two"


def test_an_entry_is_chosen_by_mouse_and_keyboard(qtbot: QtBot) -> None:
    """One that leads nowhere chooses nothing; following the page chooses nothing either."""
    tree = shown(qtbot)
    chosen: list[int] = []
    tree.chosen.connect(chosen.append)
    tree.show_page(5)
    where = tree.visualRect(tree.model().index_of(0)).center()
    qtbot.mouseClick(tree.viewport(), Qt.MouseButton.LeftButton, pos=where)
    qtbot.keyClick(tree, Qt.Key.Key_Right)
    qtbot.keyClick(tree, Qt.Key.Key_Down)
    qtbot.keyClick(tree, Qt.Key.Key_Return)
    tree.setCurrentIndex(tree.model().index_of(3))
    qtbot.keyClick(tree, Qt.Key.Key_Return)
    assert chosen == [0, 1]
