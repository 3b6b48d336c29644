"""The Pages tab of a PDF."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QAbstractButton, QApplication, QLineEdit, QMainWindow, QWidget
from pytestqt.qtbot import QtBot

from app.services.page_images import Box, QuoteFound
from app.ui import theme
from app.ui.models.outline import OutlineEntryShown
from app.ui.views.pages import PagesView
from tests.ui.fake_pages import A4, answer, hit

OUTLINE = [OutlineEntryShown("One", 1, 1), OutlineEntryShown("Two", 1, 40)]


class Shown:
    """A view of 113 pages whose images come at once."""

    def __init__(self, qtbot: QtBot) -> None:
        self.view = PagesView()
        qtbot.addWidget(self.view)
        self.view.image_wanted.connect(lambda wanted: self.view.set_image(answer(wanted)))
        self.searched: list[str] = []
        self.view.find_wanted.connect(self.searched.append)
        self.view.resize(900, 700)
        self.view.show()
        self.view.open("A report", [A4] * 113, OUTLINE)
        qtbot.waitActive(self.view)
        self.view.setFocus()

    def button(self, name: str) -> QAbstractButton:
        buttons = self.view.findChildren(QAbstractButton)
        return next(button for button in buttons if button.accessibleName() == name)

    def field(self, name: str) -> QLineEdit:
        return next(field for field in self.view.findChildren(QLineEdit) if field.accessibleName() == name)

    def find(self, qtbot: QtBot, text: str) -> QLineEdit:
        """Look for a text by keyboard alone."""
        qtbot.keyClick(self.view.canvas, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
        field = self.field("Find in this document")
        qtbot.waitUntil(field.hasFocus)
        qtbot.keyClicks(field, text)
        qtbot.keyClick(field, Qt.Key.Key_Return)
        return field

    @property
    def count(self) -> str:
        return self.field("Find in this document").accessibleDescription()


@pytest.fixture
def shown(qtbot: QtBot) -> Shown:
    return Shown(qtbot)


def test_pages_by_buttons_field_and_outline(qtbot: QtBot, shown: Shown) -> None:
    """All of them go there, and show where the view is."""
    shown.button("Next page").click()
    assert shown.view.current_page == 2
    field = shown.field("Page number")
    field.selectAll()
    qtbot.keyClicks(field, "57")
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert shown.view.current_page == 57
    shown.button("Outline").click()
    tree = shown.view.frame.outline
    assert tree.isVisible() and tree.currentIndex().data() == "Two"
    qtbot.keyClick(tree, Qt.Key.Key_Up)
    qtbot.keyClick(tree, Qt.Key.Key_Return)
    assert (shown.view.current_page, field.text()) == (1, "1")


def test_the_outline_leaves_room_for_the_pages(qtbot: QtBot, shown: Shown) -> None:
    """However large the text is: about a third of the width, when it is opened."""
    theme.apply(QApplication.instance(), theme.Scheme.LIGHT, 2.0)
    shown.button("Outline").click()
    qtbot.waitUntil(lambda: 0 < shown.view.frame.outline.width() <= 0.36 * shown.view.width())


def test_a_quote_is_gone_to_and_marked(qtbot: QtBot, shown: Shown) -> None:
    """In the upper third, with no note."""
    shown.view.show_quote(QuoteFound(80, (Box(100, 400, 300, 412), Box(100, 414, 200, 426)), 1.0), "A quote")
    canvas = shown.view.canvas
    top = canvas.sheet_rect(80).top() + 400 / A4.height * canvas.sheet_rect(80).height()
    assert shown.view.current_page == 80
    assert 0 < top < canvas.viewport().height() / 3
    assert shown.view.frame.note.text == ""


def test_a_quote_that_was_not_found_is_read_out_in_a_note(qtbot: QtBot, shown: Shown) -> None:
    """On one line above the page; it goes with the page."""
    shown.view.show_quote(QuoteFound(80, (), 0.3), "What the page\nshould say. " * 20)
    note = shown.view.frame.note
    assert note.text.startswith("The quote could not be marked on this page; it reads: What the page should say.")
    assert note.isVisible() and note.height() < 4 * note.fontMetrics().height()
    assert shown.view.current_page == 80
    shown.view.canvas.go_to_page(3)
    assert note.text == ""


def test_finding_by_keyboard(qtbot: QtBot, shown: Shown) -> None:
    """Places come one by one, the view goes to the first one that follows; Enter walks round, Esc ends it."""
    shown.view.canvas.go_to_page(10)
    field = shown.find(qtbot, "word")
    assert (shown.searched, shown.count) == (["word"], "Searching")
    shown.view.add_hits([hit(2)])
    assert shown.view.current_page == 10
    shown.view.add_hits([hit(30)])
    shown.view.add_hits([hit(31), hit(90)])
    assert (shown.view.current_page, shown.count) == (30, "2 of 4 so far")
    shown.view.find_done()
    assert shown.count == "2 of 4"
    visited = []
    for modifier in (Qt.KeyboardModifier.NoModifier,) * 3 + (Qt.KeyboardModifier.ShiftModifier,) * 2:
        qtbot.keyClick(field, Qt.Key.Key_Return, modifier)
        visited.append((shown.view.current_page, shown.count))
    assert visited == [(31, "3 of 4"), (90, "4 of 4"), (2, "1 of 4"), (90, "4 of 4"), (31, "3 of 4")]
    qtbot.keyClick(field, Qt.Key.Key_Escape)
    assert shown.searched == ["word", ""]
    assert shown.view.canvas.hasFocus() and shown.view.frame.find_bar.isHidden()


def test_find_next_works_from_the_pages(qtbot: QtBot, shown: Shown) -> None:
    """F3 needs no focus in the field."""
    shown.find(qtbot, "word")
    shown.view.add_hits([hit(5), hit(6)])
    shown.view.canvas.setFocus()
    qtbot.keyClick(shown.view.canvas, Qt.Key.Key_F3)
    assert (shown.view.current_page, shown.count) == (6, "2 of 2 so far")


def test_nothing_found(qtbot: QtBot, shown: Shown) -> None:
    """The view stays where it is."""
    shown.view.canvas.go_to_page(10)
    shown.find(qtbot, "word")
    shown.view.find_done()
    assert (shown.view.current_page, shown.count) == (10, "Not found")


def test_zoom_from_anywhere_in_the_tab(qtbot: QtBot, shown: Shown) -> None:
    """By the buttons, and by Ctrl with plus, minus and 0 wherever the focus is."""
    canvas = shown.view.canvas
    fitted = canvas.percent
    shown.button("Zoom in").click()
    assert canvas.percent > fitted and not shown.button("Fit width").isChecked()
    shown.button("Fit width").click()
    assert canvas.percent == fitted and shown.button("Fit width").isChecked()
    shown.button("Outline").click()
    fitted = canvas.percent
    for widget in (canvas, shown.field("Page number"), shown.view.frame.outline):
        sizes = []
        for key in (Qt.Key.Key_Plus, Qt.Key.Key_Minus, Qt.Key.Key_0):
            qtbot.keyClick(widget, key, Qt.KeyboardModifier.ControlModifier)
            sizes.append(canvas.percent)
        assert sizes[0] > sizes[1] and sizes[2] == fitted
        assert shown.button("Fit width").isChecked()


def test_keys_of_the_tab_go_before_those_of_the_window(qtbot: QtBot) -> None:
    """The window has the same keys for larger text and for its own command to find."""
    shown = Shown(qtbot)
    window = QMainWindow()
    qtbot.addWidget(window)
    window.setCentralWidget(shown.view)
    run: list[str] = []
    for keys in ("Ctrl++", "Ctrl+0", "Ctrl+F", "Ctrl+K"):
        action = QAction(keys, window, shortcut=QKeySequence(keys))
        action.triggered.connect(lambda _=False, keys=keys: run.append(keys))
        window.addAction(action)
    window.show()
    window.activateWindow()
    qtbot.waitUntil(lambda: QApplication.activeWindow() is window)
    shown.view.setFocus()
    before = shown.view.canvas.percent
    for key in (Qt.Key.Key_Plus, Qt.Key.Key_K, Qt.Key.Key_F):
        qtbot.keyClick(shown.view.canvas, key, Qt.KeyboardModifier.ControlModifier)
    assert shown.view.canvas.percent > before
    assert shown.view.frame.find_bar.isVisible()
    assert run == ["Ctrl+K"]


def test_another_document_and_none(qtbot: QtBot, shown: Shown) -> None:
    """The search, the note and the outline of the one before go; an outline that was shown comes back."""
    shown.button("Outline").click()
    shown.find(qtbot, "word")
    shown.view.add_hits([hit(5)])
    shown.view.open("Another", [A4] * 3, [])
    assert shown.searched == ["word", ""]
    assert shown.view.frame.find_bar.isHidden() and shown.view.frame.outline.isHidden()
    assert shown.view.current_page == 1
    shown.view.open("A third", [A4] * 3, OUTLINE)
    assert shown.view.frame.outline.isVisible()
    shown.view.open("", (), ())
    assert shown.view.current_page == 0
    qtbot.keyClick(shown.view.canvas, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    assert shown.view.frame.find_bar.isHidden()


def test_every_control_has_a_name(qtbot: QtBot, shown: Shown) -> None:
    """For screen readers."""
    shown.button("Outline").click()
    shown.view.frame.find_bar.open()
    shown.view.frame.note.say("A note")
    controls = [
        widget
        for widget in shown.view.findChildren(QWidget)
        if widget.isVisible() and widget.focusPolicy() & Qt.FocusPolicy.TabFocus and widget.focusProxy() is None
    ]
    assert len(controls) > 10
    assert [type(widget).__name__ for widget in controls if not widget.accessibleName()] == []
