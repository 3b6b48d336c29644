"""‹ 2 of 3 ›: which of the branches at a turn is shown."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QToolButton, QWidget

from app.ui.icons import icon
from app.ui.widgets.tool_tips import set_tool_tip


class BranchSwitcher(QWidget):
    """Steps to the branch before or after."""

    stepped = Signal(int)
    """-1 or 1."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._count = QLabel()
        self._count.setProperty("role", "muted")
        self.previous = _arrow(self.tr("Previous branch"))
        self.next = _arrow(self.tr("Next branch"))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        for part in (self.previous, self._count, self.next):
            row.addWidget(part)
        self.refresh_icons()
        self._connect()

    def _connect(self) -> None:
        self.previous.clicked.connect(lambda: self.stepped.emit(-1))
        self.next.clicked.connect(lambda: self.stepped.emit(1))

    def set_branch(self, branch: int, branches: int) -> None:
        """Show `branch` (from 1) of `branches`; one alone is not shown."""
        self._count.setText(self.tr("{branch} of {branches}").format(branch=branch, branches=branches))
        self.setAccessibleName(self.tr("Branch {branch} of {branches}").format(branch=branch, branches=branches))
        self.previous.setEnabled(branch > 1)
        self.next.setEnabled(branch < branches)
        self.setVisible(branches > 1)

    def text(self) -> str:
        """What stands between the arrows."""
        return self._count.text()

    def refresh_icons(self) -> None:
        """Draw the arrows in the colours in force."""
        self.previous.setIcon(icon("previous"))
        self.next.setIcon(icon("next"))


def _arrow(name: str) -> QToolButton:
    button = QToolButton()
    button.setAutoRaise(True)
    set_tool_tip(button, name)
    button.setAccessibleName(name)
    button.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
    return button
