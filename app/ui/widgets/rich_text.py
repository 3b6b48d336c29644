"""Text with links that is as high as what it holds, inside something that scrolls."""

from __future__ import annotations

from PySide6.QtCore import QByteArray, QSize, Qt, QUrl, Signal
from PySide6.QtGui import (
    QFocusEvent,
    QImage,
    QKeyEvent,
    QPen,
    QTextCursor,
    QTextDocument,
    QTextFormat,
    QTextOption,
    QWheelEvent,
)
from PySide6.QtWidgets import QFrame, QSizePolicy, QTextBrowser, QTextEdit, QWidget

from app.ui.theme import colours

_KEYS_OF_THE_LIST = frozenset(
    {
        Qt.Key.Key_Up,
        Qt.Key.Key_Down,
        Qt.Key.Key_PageUp,
        Qt.Key.Key_PageDown,
        Qt.Key.Key_Home,
        Qt.Key.Key_End,
        Qt.Key.Key_Escape,
    }
)


class RichText(QTextBrowser):
    """HTML without frame, scroll bars or resources; Tab goes over its links and then leaves."""

    link_activated = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        # The link that has the focus shows it, and the turn around it does.
        self.setProperty("focusRing", "own")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.setOpenLinks(False)
        self.setUndoRedoEnabled(False)
        self.viewport().setAutoFillBackground(False)
        self.document().setDocumentMargin(0)
        self.document().setIndentWidth(24)
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self._html = ""
        self._connect()

    def _connect(self) -> None:
        self.anchorClicked.connect(lambda url: self.link_activated.emit(url.toString()))

    def set_html(self, html: str) -> None:
        """Show other HTML; what is selected stays selected as long as the text before it is the same."""
        if html == self._html:
            return
        old = self.textCursor()
        chosen = (old.anchor(), old.position()) if old.hasSelection() else None
        before = self.document().toPlainText()[: max(chosen)] if chosen else ""
        self._html = html
        self.setHtml(html)
        if chosen and self.document().toPlainText().startswith(before):
            cursor = self.textCursor()
            cursor.setPosition(chosen[0])
            cursor.setPosition(chosen[1], QTextCursor.MoveMode.KeepAnchor)
            self.setTextCursor(cursor)
        self.updateGeometry()

    def has_links(self) -> bool:
        """Whether there is anything to step to."""
        return "<a href=" in self._html

    def enter(self, forward: bool) -> None:
        """Take the focus onto the first link, or onto the last one."""
        self.moveCursor(QTextCursor.MoveOperation.Start if forward else QTextCursor.MoveOperation.End)
        self.setFocus(Qt.FocusReason.TabFocusReason if forward else Qt.FocusReason.BacktabFocusReason)
        self.focusNextPrevChild(forward)

    def focusNextPrevChild(self, forward: bool) -> bool:  # noqa: N802
        """To the next link, or out."""
        moved = super().focusNextPrevChild(forward)
        self._show_link()
        return moved

    def _show_link(self) -> None:
        cursor = self.textCursor()
        shown = QTextEdit.ExtraSelection()
        if self.window().focusWidget() is self and cursor.hasSelection() and cursor.charFormat().isAnchor():
            shown.cursor = cursor
            shown.format.setProperty(QTextFormat.Property.OutlinePen, QPen(colours().accent, 2))
            self.setExtraSelections([shown])
        elif self.extraSelections():
            self.setExtraSelections([])

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: N802
        """No link has the focus any more."""
        super().focusOutEvent(event)
        self.setExtraSelections([])

    def hasHeightForWidth(self) -> bool:  # noqa: N802
        """The text wraps."""
        return True

    def heightForWidth(self, width: int) -> int:  # noqa: N802
        """Of the whole text."""
        document = self.document()
        if document.textWidth() != width:
            document.setTextWidth(width)
        return int(document.size().height() + 0.999)

    def sizeHint(self) -> QSize:  # noqa: N802
        """As high as the text at the present width."""
        width = max(self.width(), 1)
        return QSize(width, self.heightForWidth(width))

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """One line."""
        return QSize(self.fontMetrics().averageCharWidth() * 8, self.fontMetrics().height())

    def loadResource(self, kind: int, name: QUrl | str) -> object:  # noqa: N802
        """Nothing: text comes from models and documents and may not make the program read or fetch anything."""
        # Something, not nothing: where there is nothing, Qt looks for a file of that name itself.
        if kind == QTextDocument.ResourceType.ImageResource.value:
            image = QImage(1, 1, QImage.Format.Format_ARGB32)
            image.fill(Qt.GlobalColor.transparent)
            return image
        return QByteArray()

    def doSetSource(  # noqa: N802
        self, name: QUrl | str, kind: QTextDocument.ResourceType = QTextDocument.ResourceType.UnknownResource
    ) -> None:
        """Nothing: see `loadResource`."""

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802
        """Left to what scrolls."""
        event.ignore()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Keys that move between turns are left to the list."""
        if event.key() in _KEYS_OF_THE_LIST:
            event.ignore()
            return
        super().keyPressEvent(event)
