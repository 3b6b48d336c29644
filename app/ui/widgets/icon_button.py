"""A button of one icon."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QToolButton, QWidget

from app.ui import theme
from app.ui.icons import icon
from app.ui.widgets.tool_tips import set_tool_tip


class IconButton(QToolButton):
    """Shows an icon in the colours in force; its text is its name and, with the shortcut, its tool tip."""

    def __init__(self, icon_name: str, text: str, shortcut: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._icon_name = icon_name
        self.setText(text)
        self.setAccessibleName(text)
        set_tool_tip(self, f"{text} ({shortcut})" if shortcut else text)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._draw()
        theme.signals().changed.connect(self._draw)

    def _draw(self) -> None:
        self.setIcon(icon(self._icon_name))
