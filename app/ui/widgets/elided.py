"""A label and a button that cut their text with "…" where it does not fit, and then show it whole as a tool tip."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QPushButton, QSizePolicy, QStyle, QStyleOption, QWidget

from app.ui.widgets.tool_tips import set_tool_tip

LEAST_CHARACTERS = 14
"""What is left of a text however narrow the window."""


class ElidedLabel(QWidget):
    """One line of plain text. Its accessible name is set by the owner: the text may change often."""

    def __init__(self, mode: Qt.TextElideMode = Qt.TextElideMode.ElideRight) -> None:
        super().__init__()
        self._mode = mode
        self._text = ""
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)

    @property
    def text(self) -> str:
        """The whole text."""
        return self._text

    @property
    def shown_text(self) -> str:
        """The text as it is cut now."""
        return self.fontMetrics().elidedText(self._text, self._mode, self.width())

    def set_text(self, text: str) -> None:
        """Show another text."""
        if text == self._text:
            return
        wider = self._wanted_width() != self.fontMetrics().horizontalAdvance(text)
        self._text = text
        self._set_tip()
        if wider:
            self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802
        return QSize(self._wanted_width() + 1, self.fontMetrics().height())

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        least = self.fontMetrics().averageCharWidth() * LEAST_CHARACTERS
        return QSize(min(least, self.sizeHint().width()), self.fontMetrics().height())

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        self._set_tip()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self.updateGeometry()

    def paintEvent(self, _: QPaintEvent) -> None:  # noqa: N802
        option = QStyleOption()
        option.initFrom(self)
        painter = QPainter(self)
        alignment = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        self.style().drawItemText(
            painter, self.rect(), alignment, option.palette, self.isEnabled(), self.shown_text, self.foregroundRole()
        )
        painter.end()

    def _wanted_width(self) -> int:
        return self.fontMetrics().horizontalAdvance(self._text)

    def _set_tip(self) -> None:
        set_tool_tip(self, self._text if self.shown_text != self._text else "")


class ElidedButton(QPushButton):
    """A push button whose text may be longer than it is wide."""

    def __init__(self) -> None:
        super().__init__()
        self._text = ""
        self._detail = ""
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

    @property
    def full_text(self) -> str:
        """The whole text."""
        return self._text

    def set_text(self, text: str, detail: str = "") -> None:
        """Show another text; `detail` stands in the tool tip."""
        self._text, self._detail = text, detail
        self.setAccessibleName(text)
        self._cut()
        self.updateGeometry()

    def sizeHint(self) -> QSize:  # noqa: N802
        return QSize(self._around() + self.fontMetrics().horizontalAdvance(self._text) + 1, super().sizeHint().height())

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        least = self._around() + self.fontMetrics().averageCharWidth() * LEAST_CHARACTERS
        return QSize(min(least, self.sizeHint().width()), super().sizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        self._cut()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._cut()
            self.updateGeometry()

    def _around(self) -> int:
        """Width of all but the text."""
        margin = self.style().pixelMetric(QStyle.PixelMetric.PM_ButtonMargin)
        icon = 0 if self.icon().isNull() else self.iconSize().width() + 4
        return 16 + margin // 2 + icon

    def _cut(self) -> None:
        room = max(0, self.width() - self._around())
        cut = self.fontMetrics().elidedText(self._text, Qt.TextElideMode.ElideMiddle, room)
        # An ampersand in a model's name is no mnemonic.
        shown = cut.replace("&", "&&")
        if shown != self.text():
            self.setText(shown)
        set_tool_tip(self, "\n".join(part for part in (self._text if cut != self._text else "", self._detail) if part))
        # The whole text is its name already.
        self.setAccessibleDescription(self._detail or self._text)
