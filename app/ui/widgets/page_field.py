"""The field for the number of a page."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QFocusEvent, QIntValidator, QKeyEvent
from PySide6.QtWidgets import QLineEdit, QWidget

_PADDING = 28
"""Of the frame and the cursor, in pixels."""


class PageField(QLineEdit):
    """Enter goes to the number typed, Up and Down to the page before and after, Esc takes back what was typed."""

    entered = Signal(int)
    """A number within the document."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._first, self._last, self._page = 1, 1, 1
        self.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.setAccessibleName(self.tr("Page number"))
        self.setToolTip(self.tr("Page number: type another and press Enter"))
        self.setValidator(QIntValidator(0, 9_999_999, self))
        self.set_pages(1, 1)

    @property
    def page(self) -> int:
        """The page that is shown."""
        return self._page

    def set_pages(self, first: int, last: int) -> None:
        """The numbers of the first and the last page."""
        self._first, self._last = first, last
        self._fit()
        self.set_page(first)

    def set_page(self, page: int) -> None:
        """The page that is shown; what is being typed stays."""
        self._page = page
        if not (self.isModified() and self.hasFocus()):
            self._restore()

    def _restore(self) -> None:
        self.setText(str(self._page))
        self.setModified(False)

    def _go(self, page: int) -> None:
        self._page = min(max(self._first, page), self._last)
        self._restore()
        self.selectAll()
        self.entered.emit(self._page)

    def _fit(self) -> None:
        self.setFixedWidth(self.fontMetrics().horizontalAdvance("0" * max(3, len(str(self._last)))) + _PADDING)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        match event.key():
            case Qt.Key.Key_Return | Qt.Key.Key_Enter:
                self._go(int(self.text()) if self.text().isdecimal() else self._page)
            case Qt.Key.Key_Up | Qt.Key.Key_PageUp:
                self._go(self._page - 1)
            case Qt.Key.Key_Down | Qt.Key.Key_PageDown:
                self._go(self._page + 1)
            case Qt.Key.Key_Escape if self.isModified():
                self._restore()
            case _:
                super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: N802
        super().focusOutEvent(event)
        self._restore()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._fit()
