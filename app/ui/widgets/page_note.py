"""One line above a document that says something about what is shown."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QWidget

from app.ui.widgets.icon_button import IconButton
from app.ui.widgets.tool_tips import set_tool_tip


class PageNote(QWidget):
    """Hidden until there is something to say; the user may close it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        frame = QFrame()
        frame.setProperty("role", "notice")
        frame.setProperty("kind", "warning")
        self._text = _OneLine()
        self._close = IconButton("close", self.tr("Close the note"))
        whole = QHBoxLayout(self)
        whole.setContentsMargins(12, 8, 12, 8)
        whole.addWidget(frame)
        row = QHBoxLayout(frame)
        row.setContentsMargins(8, 2, 4, 2)
        row.setSpacing(4)
        row.addWidget(self._text, 1)
        row.addWidget(self._close)
        self._close.clicked.connect(self.hide)
        self.hide()

    @property
    def text(self) -> str:
        """What is said; '' where nothing is."""
        return "" if self.isHidden() else self._text.text()

    def say(self, text: str) -> None:
        """Show a text on one line, cut where there is no room for it; the tool tip has all of it."""
        line = " ".join(text.split())
        self._text.setText(line)
        set_tool_tip(self._text, line)
        self.show()


class _OneLine(QLabel):
    """Cuts its text to its width."""

    def __init__(self) -> None:
        super().__init__(textFormat=Qt.TextFormat.PlainText)

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        return QSize(0, super().minimumSizeHint().height())

    def sizeHint(self) -> QSize:  # noqa: N802
        return self.minimumSizeHint()

    def paintEvent(self, _: QPaintEvent) -> None:  # noqa: N802
        painter = QPainter(self)
        painter.setPen(self.palette().windowText().color())
        text = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, self.width())
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, text)
        painter.end()
