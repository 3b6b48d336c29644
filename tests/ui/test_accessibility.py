"""Every control of the window can be named by a screen reader and reached by keyboard, in each state of the window."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QAbstractButton, QAbstractScrollArea, QApplication, QScrollArea, QWidget
from pytestqt.qtbot import QtBot

from app.ui.controllers.document_room import DocumentRoom
from app.ui.dialogs.models import ModelsDialog
from app.ui.dialogs.password import PasswordDialog
from app.ui.models.model_row import LookInto
from app.ui.widgets.notice_bar import Notice, NoticeKind
from app.ui.widgets.shown_turn import AskMode
from tests.ui.desk_window import Desks, DeskWindow, write_book
from tests.ui.fake_store import FakeStore

Open = Callable[[DeskWindow, Path], None]


def at_home(window: DeskWindow, folder: Path) -> None:
    window.open(write_book(folder, "rivers"))
    window.rest()
    window.actions.go_home()


def with_a_summary(window: DeskWindow, folder: Path) -> None:
    window.actions.open_sample()
    window.wait(lambda: isinstance(window.controller.room, DocumentRoom))
    window.actions.summarise()
    window.wait(lambda: "## Summary" in window.document.summary.markdown and not window.document.summary.running)


def with_an_answer(window: DeskWindow, folder: Path) -> None:
    window.open(write_book(folder, "rivers"))
    window.actions.show_ask()
    window.say("What does rivers2 run?", AskMode.FIND)
    window.say("Tell me")


def with_pages(window: DeskWindow, folder: Path) -> None:
    window.actions.open_sample()
    window.wait(lambda: isinstance(window.controller.room, DocumentRoom))
    window.actions.show_pages()
    window.wait(lambda: window.document.document_view.pages.current_page)
    window.actions.find()
    window.button("Outline").click()


def with_pages_of_text(window: DeskWindow, folder: Path) -> None:
    window.open(write_book(folder, "rivers"))
    window.actions.show_pages()
    window.actions.find()


def with_a_chat(window: DeskWindow, folder: Path) -> None:
    window.actions.new_chat()
    window.say("Hello")
    window.window.sidebar.search.setText("Hello")
    window.window.sidebar.search.settled.emit("Hello")


def with_an_empty_chat(window: DeskWindow, folder: Path) -> None:
    window.actions.new_chat()


def with_a_notice(window: DeskWindow, folder: Path) -> None:
    window.window.notices.show(Notice(NoticeKind.ERROR, "It failed.", "details", "Again", lambda: None))


def with_settings(window: DeskWindow, folder: Path) -> None:
    window.actions.show_settings()


def with_the_palette(window: DeskWindow, folder: Path) -> None:
    window.actions.show_palette()


def with_the_sheet(window: DeskWindow, folder: Path) -> None:
    window.actions.show_shortcuts()


def with_about(window: DeskWindow, folder: Path) -> None:
    window.actions.show_about()


def with_a_password(window: DeskWindow, folder: Path) -> None:
    dialog = PasswordDialog("locked.pdf", wrong=True, parent=window.window)
    dialog.open()


def models(window: DeskWindow) -> ModelsDialog:
    window.actions.choose_model()
    dialog = window.window.findChildren(ModelsDialog)[0]
    window.wait(lambda: dialog.chosen is not None)
    return dialog


def with_models(window: DeskWindow, folder: Path) -> None:
    models(window)


def with_the_steps_to_a_model(window: DeskWindow, folder: Path) -> None:
    dialog = models(window)
    dialog.choose("recurrentgemma-2b-it")
    window.button("Download", dialog).click()
    window.rest()
    window.button("Back", dialog)


def with_a_model_to_import(window: DeskWindow, folder: Path) -> None:
    dialog = models(window)
    dialog.wished.emit(LookInto(folder))


def with_a_smaller_copy(window: DeskWindow, folder: Path) -> None:
    dialog = models(window)
    dialog.wished.emit(LookInto(folder))
    window.rest()
    window.button("Import", dialog).click()
    window.rest()
    window.button("Make a smaller copy…", dialog).click()


def with_the_cost_of_a_model(window: DeskWindow, folder: Path) -> None:
    dialog = models(window)
    dialog.wished.emit(LookInto(folder))
    window.rest()
    window.button("Import", dialog).click()
    window.rest()
    window.button("Use this model…", dialog).click()


STATES = [
    at_home, with_a_summary, with_an_answer, with_pages, with_pages_of_text, with_a_chat, with_an_empty_chat,
    with_a_notice, with_settings, with_the_palette, with_the_sheet, with_about, with_a_password,
    with_models, with_the_steps_to_a_model, with_a_model_to_import, with_a_smaller_copy, with_the_cost_of_a_model,
]  # fmt: skip


def controls(window: QWidget) -> list[QWidget]:
    """All widgets that Tab should come to."""
    return [
        widget
        for widget in window.findChildren(QWidget)
        if widget.window() is window
        and widget.isVisible()
        and widget.isEnabled()
        and widget.focusPolicy() & Qt.FocusPolicy.TabFocus
        and widget.focusProxy() is None
    ]


def described(widget: QWidget) -> str:
    return f"{type(widget).__name__} {widget.objectName()!r} in {type(widget.parentWidget()).__name__}"


class WindowsShown(QObject):
    """Notes what is shown as a window of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[QWidget] = []

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        if event.type() == QEvent.Type.Show and isinstance(watched, QWidget) and watched.isWindow():
            self.seen.append(watched)
        return False


@pytest.fixture
def windows_shown(qapp: QApplication) -> Iterator[WindowsShown]:
    made = WindowsShown()
    qapp.installEventFilter(made)
    yield made
    qapp.removeEventFilter(made)


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
def test_every_control_has_a_name_and_is_reached_by_tab(
    desks: Desks, qtbot: QtBot, tmp_path: Path, windows_shown: WindowsShown, state: Open
) -> None:
    """By Tab from where the focus is, within as many steps as there are controls, and back by Shift+Tab.

    Nothing shows up as a window of its own that is none.
    """
    desks.store = FakeStore()
    desks.window(start=False).end()
    desk = desks.window()
    desk.wait_ready()
    windows_shown.seen.clear()
    state(desk, tmp_path)
    desk.rest()
    top = QApplication.activeModalWidget() or desk.window
    top.activateWindow()
    desk.wait(lambda: QApplication.activeWindow() is top)
    assert [described(one) for one in windows_shown.seen if one is not top] == []

    found = controls(top)
    assert found
    for widget in found:
        interface = QAccessible.queryAccessibleInterface(widget)
        assert interface is not None, described(widget)
        assert interface.text(QAccessible.Text.Name).strip(), f"{described(widget)} has no name"
        roles = (QAccessible.Role.NoRole, QAccessible.Role.Client)
        # A pane that can be scrolled is no control; Qt has no role for it.
        assert type(widget) is QScrollArea or interface.role() not in roles, f"{described(widget)} has no role"

    if QApplication.focusWidget() is None:
        found[0].setFocus()
    start = QApplication.focusWidget()
    for key in (Qt.Key.Key_Tab, Qt.Key.Key_Backtab):
        reached = set[QWidget]()
        # Texts with page marks take Tab once for each mark before they let it go.
        for _ in range(4 * len(found) + 100):
            focused = QApplication.focusWidget()
            assert focused is not None, f"the focus is lost after {[described(one) for one in reached]}"
            reached.add(focused)
            if len(reached) > 1 and focused is start and reached >= set(found):
                break
            qtbot.keyClick(focused, key)
        missed = [described(widget) for widget in found if widget not in reached and not _is_in(widget, reached)]
        assert missed == [], f"{key} does not come to them"


def _is_in(widget: QWidget, reached: set[QWidget]) -> bool:
    """Whether the focus came to a part of a scroll area, or to the button of a group that the arrow keys go on from."""
    if isinstance(widget, QAbstractButton):
        return widget.group() is not None and not reached.isdisjoint(widget.group().buttons())
    return isinstance(widget, QAbstractScrollArea) and any(widget.isAncestorOf(one) for one in reached)
