"""The small buttons below a turn, and the same as a menu."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QMenu, QToolButton, QWidget

from app.ui.icons import icon
from app.ui.widgets.branch_switcher import BranchSwitcher
from app.ui.widgets.shown_turn import WRITING_KEY, ShownTurn
from app.ui.widgets.tool_tips import set_tool_tip
from app.ui.widgets.turn_editor import MAX_CHARACTERS

_SHOWN_COPIED_MS = 1_500


class TurnActions(QWidget):
    """Copy, edit, write again, branch, and the switcher between branches."""

    copy_wanted = Signal()
    edit_wanted = Signal()
    again_wanted = Signal()
    fork_wanted = Signal()
    stepped = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.copy = self._button("copy", self.tr("Copy"))
        self.edit = self._button("edit", self.tr("Edit and ask again"))
        self.again = self._button("refresh", self.tr("Write the answer again"))
        self.fork = self._button("branch", self.tr("Branch into a new conversation"))
        self.switcher = BranchSwitcher()
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(0)
        for part in (self.copy, self.edit, self.again, self.fork, self.switcher):
            self._row.addWidget(part)
        self._row.addStretch()
        # Of fixed height: text must not move under the pointer when buttons appear.
        self.setFixedHeight(self.copy.sizeHint().height())
        self._copied = QTimer(self)
        self._copied.setSingleShot(True)
        self._copied.setInterval(_SHOWN_COPIED_MS)
        self._offered: tuple[QToolButton, ...] = ()
        self._shown = False
        self._connect()

    def _connect(self) -> None:
        self.copy.clicked.connect(self.copy_wanted)
        self.edit.clicked.connect(self.edit_wanted)
        self.again.clicked.connect(self.again_wanted)
        self.fork.clicked.connect(self.fork_wanted)
        self.switcher.stepped.connect(self.stepped)
        self._copied.timeout.connect(lambda: self.copy.setIcon(icon("copy")))

    def set_turn(self, turn: ShownTurn) -> None:
        """Offer what can be done with this turn."""
        if turn.key == WRITING_KEY:
            self._offered = ()
        elif turn.by_user:
            self._offered = (self.copy, self.edit) if len(turn.text) <= MAX_CHARACTERS else (self.copy,)
        else:
            self._offered = (self.copy, self.again, self.fork)
        self.switcher.set_branch(turn.branch, turn.branches)
        self._copied.stop()
        self.copy.setIcon(icon("copy"))
        self._show()

    def set_shown(self, shown: bool) -> None:
        """Show the buttons; the switcher is shown wherever there are branches."""
        if shown != self._shown:
            self._shown = shown
            self._show()

    def show_copied(self) -> None:
        """Say for a moment that it is copied."""
        self.copy.setIcon(icon("check"))
        self._copied.start()

    def focusables(self) -> list[QWidget]:
        """What Tab goes over, in order."""
        parts = (*self._buttons(), self.switcher.previous, self.switcher.next)
        return [part for part in parts if part.isVisibleTo(self) and part.isEnabled()]

    def menu(self, parent: QWidget) -> QMenu:
        """The same as a menu."""
        made = QMenu(parent)
        made.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for button in self._offered:
            action = QAction(button.icon(), button.accessibleName(), made)
            action.triggered.connect(button.click)
            made.addAction(action)
        return made

    def refresh_icons(self) -> None:
        """Draw the icons in the colours in force, as large as text asks for."""
        for button, name in zip(self._buttons(), ("copy", "edit", "refresh", "branch"), strict=True):
            button.setIcon(icon(name))
        self.switcher.refresh_icons()
        self.setFixedHeight(self.copy.sizeHint().height())

    def _buttons(self) -> tuple[QToolButton, ...]:
        return (self.copy, self.edit, self.again, self.fork)

    def _show(self) -> None:
        for button in self._buttons():
            button.setVisible(self._shown and button in self._offered)

    def _button(self, name: str, text: str) -> QToolButton:
        button = QToolButton()
        button.setAutoRaise(True)
        button.setIcon(icon(name))
        set_tool_tip(button, text)
        button.setAccessibleName(text)
        # Tab reaches it through the list, in the order of what is shown.
        button.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        return button
