"""The whole way through the window: first start, sample, summary, chip, questions, branches, quit, start again."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from app.services.shelf_rows import DocumentState
from app.ui.controllers.document_room import DocumentRoom
from app.ui.dialogs.palette import CommandPalette
from app.ui.views.document import DocumentTab
from app.ui.widgets.line_list import LineList
from app.ui.widgets.shown_turn import AskMode, BranchChosen, Edited
from tests.ui import desk_window
from tests.ui.desk_window import Desks, DeskWindow, write_book

CTRL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier
TABS_AT_MOST = 80


class Keys:
    """A user who has a keyboard alone."""

    def __init__(self, qtbot: QtBot, window: DeskWindow) -> None:
        self._qtbot = qtbot
        self._window = window

    def press(self, key: Qt.Key, held: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        """To whatever has the focus."""
        target = QApplication.focusWidget() or QApplication.activeWindow()
        assert target is not None
        self._qtbot.keyClick(target, key, held)

    def type(self, text: str) -> None:
        target = QApplication.focusWidget()
        assert target is not None
        self._qtbot.keyClicks(target, text)

    def tab_to(self, wanted: Callable[[QWidget], bool]) -> QWidget:
        """Press Tab until something has the focus."""
        for _ in range(TABS_AT_MOST):
            focused = QApplication.focusWidget()
            if focused is not None and wanted(focused):
                return focused
            self.press(Qt.Key.Key_Tab)
        pytest.fail("Tab does not come there")

    def tab_to_name(self, name: str) -> QWidget:
        return self.tab_to(lambda widget: name in (widget.accessibleName(), str(widget.property("text"))))


def tree_of(room: DocumentRoom) -> list[str]:
    view = room.document_view.chat
    assert view is not None
    return [turn.text or " ".join(line.text for line in turn.lines) for turn in view.list.turns]


def first_cited(room: DocumentRoom) -> LineList:
    """The summary's lines."""
    return next(lines for lines in room.document_view.summary.findChildren(LineList) if lines.isVisible())


def walk(desks: Desks, window: DeskWindow, *, hold: Callable[[DeskWindow], None], let_go: Callable[[], None]) -> None:
    """The journey, with whichever model; `hold` begins a long reading and comes back in the middle of it."""
    window.window.resize(1700, 900)
    window.wait(lambda: window.controller.engine.is_ready)
    assert window.controller.room is None and window.button("Open the sample document", window.window.home).isVisible()
    window.button("Open the sample document", window.window.home).click()
    window.wait(lambda: isinstance(window.controller.room, DocumentRoom))
    room = window.document
    window.actions.summarise()
    window.wait(lambda: "## Summary" in room.summary.markdown and not room.summary.running)
    citations = [citation for line in room.summary._result.lines for citation in line.citations]  # type: ignore[union-attr]
    assert citations
    room.document_view.summary.cited.emit(citations[0])
    pages = room.document_view.pages
    window.wait(lambda: pages.current_page == citations[0].page and pages.canvas._marks._quote[1])
    assert room.document_view.tab is DocumentTab.SUMMARY and pages.isVisible()  # beside what is being read
    window.actions.show_ask()
    window.say("What do birds eat?", AskMode.FIND)
    window.say("Tell me about it.", AskMode.TALK)
    view = room.document_view.chat
    assert view is not None and len(view.list.turns) == 4 and view.list.turns[1].lines
    view.edited.emit(Edited(view.list.turns[2].key, "Tell me something else."))
    window.wait(lambda: not room.talk.running)
    assert view.list.turns[2].text == "Tell me something else." and view.list.turns[2].branches == 2
    view.branch_chosen.emit(BranchChosen(view.list.turns[2].key, -1))
    window.wait(lambda: view.list.turns[2].text == "Tell me about it.")
    shown = tree_of(room)
    made = room.summary.markdown
    hold(window)
    long = window.document
    assert long.summary.running
    window.end()
    let_go()

    again = desks.window()
    again.wait(lambda: isinstance(again.controller.room, DocumentRoom))
    assert again.document.title == long.title and again.document.summary.running
    assert any("Going on with reading" in text for text in again.notices)
    again.wait(lambda: "## Summary" in again.document.summary.markdown and not again.document.summary.running)
    again.wait(lambda: {row.state for row in again.controller.shelf.documents} == {DocumentState.READ})
    again.rest()
    conversation = next(one for one in again.controller.shelf.conversations)
    from app.ui.models.conversations import ConversationChosen

    again.window.sidebar.conversation_chosen.emit(ConversationChosen(conversation.id))
    again.wait(lambda: again.document.title != long.title and again.turns)
    assert again.turns == shown and again.document.document_view.tab is DocumentTab.ASK
    again.wait(lambda: again.document.summary.markdown)
    assert again.document.summary.markdown == made
    assert [text for text in again.notices if "Going on" not in text] == []


def test_the_journey_with_a_fake_model(desks: Desks, tmp_path: Path) -> None:
    """All of it, quickly."""

    def hold(window: DeskWindow) -> None:
        window.open(write_book(tmp_path, "rivers", 12))
        desks.generator.may_read.clear()
        window.actions.summarise()
        window.wait(lambda: window.controller.activity.rooms)

    walk(desks, desks.window(), hold=hold, let_go=desks.generator.may_read.set)


def test_the_journey_with_the_starter_model(
    desks: Desks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shared_sample: Path
) -> None:
    """The same with the real worker, which the window's process has nothing to do with: it never imports torch."""
    monkeypatch.undo()
    torch_before = "torch" in sys.modules

    def hold(window: DeskWindow) -> None:
        window.open(shared_sample)
        window.actions.summarise()
        window.wait(lambda: window.document.summary._sections)

    monkeypatch.setattr(desk_window, "WAIT_MS", 180_000)
    walk(desks, desks.window(), hold=hold, let_go=lambda: None)
    assert ("torch" in sys.modules) == torch_before


@pytest.fixture
def shared_sample(tmp_path: Path) -> Path:
    """A text of some thousand words that no model has read."""
    return write_book(tmp_path, "rivers", 40)


def test_the_journey_by_keyboard_alone(desks: Desks, qtbot: QtBot) -> None:
    """From the home page to a quote on its page, a question, an edit, and the end."""
    window = desks.window()
    window.window.resize(1700, 900)
    window.wait_ready()
    keys = Keys(qtbot, window)
    keys.tab_to_name("Open the sample document")
    keys.press(Qt.Key.Key_Space)
    window.wait(lambda: isinstance(window.controller.room, DocumentRoom))
    room = window.document
    assert window.window.centre.isAncestorOf(QApplication.focusWidget())  # not lost with the home page
    keys.press(Qt.Key.Key_Return, CTRL)
    window.wait(lambda: "## Summary" in room.summary.markdown and not room.summary.running)

    lines = keys.tab_to(lambda widget: isinstance(widget, LineList))
    assert lines is first_cited(room)
    keys.press(Qt.Key.Key_Tab)  # the first page mark
    keys.press(Qt.Key.Key_Return)
    window.wait(lambda: room.document_view.pages.current_page > 0)
    assert room.document_view.tab is DocumentTab.SUMMARY

    keys.press(Qt.Key.Key_2, CTRL)
    keys.type("What do birds eat?")
    keys.press(Qt.Key.Key_Return)
    window.wait(lambda: len(window.turns) == 2 and not room.talk.running)

    keys.press(Qt.Key.Key_3, CTRL)
    keys.press(Qt.Key.Key_F, CTRL)
    keys.type("forest")
    keys.press(Qt.Key.Key_Return)
    window.wait(lambda: room.document_view.pages._found.hits)
    keys.press(Qt.Key.Key_Escape)

    keys.press(Qt.Key.Key_L, CTRL)
    assert QApplication.focusWidget() is window.window.sidebar.search
    keys.press(Qt.Key.Key_Down)
    keys.press(Qt.Key.Key_Return)  # opens what is open; it is still on its way when something else is wanted
    keys.press(Qt.Key.Key_K, CTRL)
    qtbot.waitUntil(lambda: isinstance(QApplication.activeWindow(), CommandPalette))
    keys.type("new chat")
    keys.press(Qt.Key.Key_Return)
    window.wait(lambda: not isinstance(window.controller.room, DocumentRoom) and window.controller.room is not None)
    window.window.activateWindow()  # window managers do so when a dialog closes; offscreen there is none
    window.wait(lambda: QApplication.focusWidget() is window.chat.chat.composer.field)
    keys.type("Hello")
    keys.press(Qt.Key.Key_Return, CTRL)
    window.wait(lambda: len(window.turns) == 2)
    keys.press(Qt.Key.Key_Home, Qt.KeyboardModifier.AltModifier)
    assert window.controller.room is None
    before = QApplication.font().pointSizeF()
    keys.press(Qt.Key.Key_Plus, CTRL)
    assert QApplication.font().pointSizeF() > before
    keys.press(Qt.Key.Key_0, CTRL)
    assert QApplication.font().pointSizeF() == before
    keys.press(Qt.Key.Key_F9)
    assert not window.window.sidebar.isVisible()
    keys.press(Qt.Key.Key_Q, CTRL)
    assert not window.window.isVisible()
