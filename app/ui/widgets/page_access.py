"""What a screen reader learns of a view of pages: beside its name and description, which page it shows."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from PySide6.QtCore import QObject
from PySide6.QtGui import QAccessible, QAccessibleInterface, QAccessibleValueChangeEvent
from PySide6.QtWidgets import QAccessibleWidget, QWidget


@runtime_checkable
class Paged(Protocol):
    """A widget that shows pages."""

    def accessible_value(self) -> str:
        """For example "page 57 of 113"."""
        ...


def tell_screen_readers() -> None:
    """Let every Paged widget that is made say its page; once is enough, more does no harm."""
    if not _Told.done:
        _Told.done = True
        QAccessible.installFactory(_interface)


def page_shown(widget: QWidget) -> None:
    """Tell a screen reader that the page has changed."""
    if QAccessible.isActive() and isinstance(widget, Paged):
        QAccessible.updateAccessibility(QAccessibleValueChangeEvent(widget, widget.accessible_value()))


class _Told:
    done = False


class _PagedInterface(QAccessibleWidget):
    def __init__(self, widget: QWidget) -> None:
        super().__init__(widget, QAccessible.Role.Document)

    def text(self, kind: QAccessible.Text) -> str:
        widget = self.object()
        if kind == QAccessible.Text.Value and isinstance(widget, Paged):
            return widget.accessible_value()
        return super().text(kind)


def _interface(_: str, item: QObject) -> QAccessibleInterface | None:
    return _PagedInterface(item) if isinstance(item, QWidget) and isinstance(item, Paged) else None
