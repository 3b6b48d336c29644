"""Roles for screen readers of widgets of our own that take the focus: Qt knows none for them."""

from __future__ import annotations

from PySide6.QtCore import QObject
from PySide6.QtGui import QAccessible, QAccessibleInterface
from PySide6.QtWidgets import QAccessibleWidget, QWidget

_PROPERTY = "accessibleRole"


def set_role(widget: QWidget, role: QAccessible.Role) -> None:
    """Say what a widget is; before a screen reader has asked for it."""
    if not _Installed.done:
        _Installed.done = True
        QAccessible.installFactory(_interface)
    widget.setProperty(_PROPERTY, role.value)


class _Installed:
    done = False


def _interface(_: str, item: QObject) -> QAccessibleInterface | None:
    role = item.property(_PROPERTY) if isinstance(item, QWidget) else None
    return QAccessibleWidget(item, QAccessible.Role(role)) if isinstance(item, QWidget) and role is not None else None
