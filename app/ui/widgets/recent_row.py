"""One recent document as a row that opens it."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QPushButton, QSizePolicy, QWidget

from app.core.text import one_line
from app.ui.theme import colours
from app.ui.widgets.tool_tips import set_tool_tip

PADDING_PX = 8
GAP_PX = 16


@dataclass(frozen=True, slots=True)
class RecentDocument:
    """A document that was open lately; `when` and `state` are short texts, such as "yesterday" and "read"."""

    key: str
    title: str
    when: str
    state: str


class RecentRow(QPushButton):
    """The title, cut where it is long, and at the right when and in what state it was left."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document: RecentDocument | None = None
        self._title = self._details = ""
        self.setProperty("kind", "quiet")
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    @property
    def document(self) -> RecentDocument | None:
        """What the row opens."""
        return self._document

    def set_document(self, document: RecentDocument) -> None:
        """Show a document."""
        self._document = document
        self._title = one_line(document.title)
        self._details = " · ".join(text for text in (document.state, document.when) if text)
        self.setAccessibleName(", ".join(text for text in (self._title, document.state, document.when) if text))
        set_tool_tip(self, self._title)
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802
        """Any width; room for one line."""
        metrics = self.fontMetrics()
        details = metrics.horizontalAdvance(self._details)
        return QSize(2 * PADDING_PX + GAP_PX + 2 * details, metrics.height() + 2 * PADDING_PX)

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """The title may be cut to a few characters."""
        return QSize(8 * PADDING_PX, self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        super().paintEvent(event)
        painter = QPainter(self)
        metrics = self.fontMetrics()
        room = self.rect().adjusted(PADDING_PX, 0, -PADDING_PX, 0)
        details = metrics.elidedText(self._details, Qt.TextElideMode.ElideRight, room.width() // 2)
        width = metrics.horizontalAdvance(details)
        painter.setPen(colours().muted)
        painter.drawText(room, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, details)
        left = QRect(room.left(), room.top(), room.width() - width - GAP_PX, room.height())
        title = metrics.elidedText(self._title, Qt.TextElideMode.ElideRight, left.width())
        painter.setPen(colours().text)
        painter.drawText(left, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, title)
        painter.end()
