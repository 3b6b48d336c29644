"""What a screen reader is told that a widget of our own is."""

from __future__ import annotations

from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.ui.widgets.accessible_role import set_role


def test_a_role_is_told_with_the_name(qtbot: QtBot) -> None:
    """Others are what Qt takes them for."""
    widget, other = QWidget(), QWidget()
    qtbot.addWidget(widget)
    qtbot.addWidget(other)
    widget.setAccessibleName("Conversation")
    set_role(widget, QAccessible.Role.List)
    interface = QAccessible.queryAccessibleInterface(widget)
    assert interface is not None and interface.role() == QAccessible.Role.List
    assert interface.text(QAccessible.Text.Name) == "Conversation"
    plain = QAccessible.queryAccessibleInterface(other)
    assert plain is not None and plain.role() == QAccessible.Role.Client
