"""What can be done with a row of the left pane, as menus."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QMenu, QWidget

from app.services.shelf_rows import ShelfDocument
from app.ui.icons import icon


class _RowMenu(QMenu):
    """A menu that goes when it is closed."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)

    def offer(
        self,
        text: str,
        run: Callable[[], object],
        *,
        drawn: str = "",
        key: Qt.Key | None = None,
        enabled: bool = True,
    ) -> None:
        """Add a command; `key` is only shown, the list itself listens to it."""
        action = self.addAction(text)
        if drawn:
            action.setIcon(icon(drawn))
        if key is not None:
            action.setShortcut(QKeySequence(key))
            action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
            action.setShortcutVisibleInContextMenu(True)
        action.setEnabled(enabled)
        action.triggered.connect(lambda: run())


class DocumentMenu(_RowMenu):
    """Of a document, which each signal carries."""

    opened = Signal(object)
    folder_shown = Signal(object)
    removed = Signal(object)

    def __init__(self, document: ShelfDocument, parent: QWidget) -> None:
        super().__init__(parent)
        self.offer(self.tr("Open"), lambda: self.opened.emit(document), drawn="open", key=Qt.Key.Key_Return)
        show = self.tr("Show in folder")
        self.offer(show, lambda: self.folder_shown.emit(document), drawn="search", enabled=bool(document.path))
        self.addSeparator()
        remove = self.tr("Remove from library…")
        self.offer(remove, lambda: self.removed.emit(document), drawn="trash", key=Qt.Key.Key_Delete)


class ConversationMenu(_RowMenu):
    """Of a conversation, whose id each signal but the first carries; a branch can only be opened."""

    opened = Signal()
    rename_wanted = Signal(str)
    duplicated = Signal(str)
    exported = Signal(str)
    deleted = Signal(str)

    def __init__(self, conversation_id: str, parent: QWidget, *, branch: bool) -> None:
        super().__init__(parent)
        own = conversation_id
        self.offer(self.tr("Open"), self.opened.emit, drawn="chat", key=Qt.Key.Key_Return)
        if branch:
            return
        self.offer(self.tr("Rename…"), lambda: self.rename_wanted.emit(own), drawn="edit", key=Qt.Key.Key_F2)
        self.offer(self.tr("Duplicate"), lambda: self.duplicated.emit(own), drawn="copy")
        self.offer(self.tr("Export…"), lambda: self.exported.emit(own), drawn="export")
        self.addSeparator()
        self.offer(self.tr("Delete"), lambda: self.deleted.emit(own), drawn="trash", key=Qt.Key.Key_Delete)
