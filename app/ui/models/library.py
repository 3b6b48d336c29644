"""The documents of the library as a list for views, with covers that are asked for when they are first painted."""

from __future__ import annotations

import html
from collections import OrderedDict
from collections.abc import Callable, Sequence
from enum import IntEnum
from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QLocale,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import QImage

from app.core.text import folded
from app.services.shelf_rows import DocumentState, ShelfDocument
from app.ui.models.row_changes import ranges, row_changes
from app.ui.models.title_filter import TitleFilter

AnyIndex = QModelIndex | QPersistentModelIndex

COVERS_BYTES = 32 * 2**20
"""Covers beyond that are dropped, those painted longest ago first, and asked for again when they are painted."""
MOST_WANTED, ASKED_AT_ONCE = 48, 12
"""Covers that are asked for, of all rows that a quick scroll has painted; and how many of them in one go."""
ASK_AFTER_MS = 40
"""Rows that are painted within that time are asked for together."""


class LibraryRole(IntEnum):
    """What the model tells of a document beside Qt's own roles."""

    DOCUMENT = Qt.ItemDataRole.UserRole + 1
    KEY = Qt.ItemDataRole.UserRole + 2
    STATE = Qt.ItemDataRole.UserRole + 3
    PROGRESS = Qt.ItemDataRole.UserRole + 4
    PAGES = Qt.ItemDataRole.UserRole + 5
    PATH = Qt.ItemDataRole.UserRole + 6
    PROBLEM = Qt.ItemDataRole.UserRole + 7
    STATUS = Qt.ItemDataRole.UserRole + 8
    """The second line: pages and state in words."""


class LibraryModel(QAbstractListModel):
    """Documents in the order in which they were given, less those that the filter hides."""

    thumbnail_wanted = Signal(str)
    """The key of a document whose row was painted without its cover; told once until the cover is set or dropped."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._all: dict[str, ShelfDocument] = {}
        self._folded: dict[str, str] = {}
        self._filter = TitleFilter()
        self._shown: list[ShelfDocument] = []
        self._rows: dict[str, int] = {}
        self._covers: OrderedDict[str, QImage] = OrderedDict()
        self._covers_bytes = 0
        self._asked: set[str] = set()
        self._wanted: list[str] = []
        self._ask = QTimer(self, singleShot=True, interval=ASK_AFTER_MS)
        self._ask.timeout.connect(self._ask_for_covers)
        self._roles: dict[int, Callable[[ShelfDocument], Any]] = {
            Qt.ItemDataRole.DisplayRole: lambda document: document.title,
            Qt.ItemDataRole.DecorationRole: self._cover,
            Qt.ItemDataRole.ToolTipRole: _tool_tip,
            Qt.ItemDataRole.AccessibleTextRole: self._spoken,
            LibraryRole.DOCUMENT: lambda document: document,
            LibraryRole.KEY: lambda document: document.key,
            LibraryRole.STATE: lambda document: document.state,
            LibraryRole.PROGRESS: lambda document: document.progress,
            LibraryRole.PAGES: lambda document: document.pages,
            LibraryRole.PATH: lambda document: document.path,
            LibraryRole.PROBLEM: lambda document: document.problem,
            LibraryRole.STATUS: self.status,
        }

    def rowCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: N802, B008
        return 0 if parent.isValid() else len(self._shown)

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        told = self._roles.get(role)
        return told(self._shown[index.row()]) if told is not None and index.isValid() else None

    @property
    def total(self) -> int:
        """How many documents there are, hidden ones too."""
        return len(self._all)

    def document(self, key: str) -> ShelfDocument | None:
        """A document by its key, hidden or not."""
        return self._all.get(key)

    def index_of(self, key: str) -> QModelIndex:
        """The row of a document; invalid where there is none or the filter hides it."""
        row = self._rows.get(key)
        return QModelIndex() if row is None else self.index(row)

    def set_documents(self, documents: Sequence[ShelfDocument]) -> None:
        """Show these documents; rows that stay keep their selection, those that did not change say nothing."""
        for document in documents:
            self._know(document)
        self._all = {document.key: document for document in documents}
        self._folded = {key: title for key, title in self._folded.items() if key in self._all}
        for key in [key for key in self._covers if key not in self._all]:
            self._drop_cover(key)
        self._asked &= self._all.keys()
        self._show()

    def update_document(self, document: ShelfDocument) -> None:
        """Show what has become of one document; one that is not in the list comes first in it."""
        if document.key not in self._all:
            self.set_documents([document, *self._all.values()])
            return
        self._know(document)
        before, self._all[document.key] = self._all[document.key], document
        if before.title != document.title and self._filter:
            self._show()
        elif before != document and document.key in self._rows:
            row = self._rows[document.key]
            self._shown[row] = document
            self.dataChanged.emit(self.index(row), self.index(row))

    def set_filter(self, wanted: TitleFilter) -> None:
        """Hide documents whose title lacks one of the words."""
        if wanted != self._filter:
            self._filter = wanted
            self._show()

    def set_thumbnail(self, key: str, image: QImage) -> None:
        """A document's cover; a null image says that there is none to be had."""
        if key not in self._all:
            return
        self._drop_cover(key)
        self._asked.add(key)
        if not image.isNull():
            self._covers[key] = image
            self._covers_bytes += image.sizeInBytes()
        while self._covers_bytes > COVERS_BYTES and len(self._covers) > 1:
            oldest = next(iter(self._covers))
            self._drop_cover(oldest)
            self._asked.discard(oldest)
        index = self.index_of(key)
        if index.isValid():
            self.dataChanged.emit(index, index, [Qt.ItemDataRole.DecorationRole])

    def status(self, document: ShelfDocument) -> str:
        """Pages and state of a document in words."""
        percent = QLocale().toString(int(min(max(document.progress, 0.0), 1.0) * 100 + 1e-6))
        match document.state:
            case DocumentState.OPENING:
                return self.tr("opening {percent} %").format(percent=percent)
            case DocumentState.READING:
                return self.tr("reading {percent} %").format(percent=percent)
            case DocumentState.NEEDS_PASSWORD:
                return self.tr("needs password")
            case DocumentState.REFUSED:
                return self.tr("could not be read")
            case DocumentState.NEW:
                state = self.tr("new")
            case DocumentState.READ:
                state = self.tr("read")
        extent = self._extent(document)
        return f"{extent} · {state}" if extent else state

    def _extent(self, document: ShelfDocument) -> str:
        if not document.page_range:
            if not document.pages:
                return ""
            if document.page_kind == "part":
                return self.tr("%Ln part(s)", "", document.pages)
            return self.tr("%Ln page(s)", "", document.pages)
        several = self.tr("pages {range}") if {"-", ","} & set(document.page_range) else self.tr("page {range}")
        return several.format(range=document.page_range)

    def _spoken(self, document: ShelfDocument) -> str:
        told = [document.title, *self.status(document).split(" · "), document.problem]
        return ", ".join(text for text in told if text)

    def _know(self, document: ShelfDocument) -> None:
        before = self._all.get(document.key)
        if before is None or before.title != document.title:
            self._folded[document.key] = folded(document.title)
        if before is not None and _cover_source(before) != _cover_source(document):
            self._drop_cover(document.key)
            self._asked.discard(document.key)

    def _show(self) -> None:
        accepts, titles = self._filter.accepts, self._folded
        shown = [document for key, document in self._all.items() if accepts(titles[key])]
        changes = row_changes([document.key for document in self._shown], [document.key for document in shown])
        if changes is None:
            self._rearrange(shown)
            return
        for first, last in changes.removed:
            self.beginRemoveRows(QModelIndex(), first, last)
            del self._shown[first : last + 1]
            self.endRemoveRows()
        for first, last in changes.inserted:
            self.beginInsertRows(QModelIndex(), first, last)
            self._shown[first:first] = shown[first : last + 1]
            self.endInsertRows()
        before, self._shown = self._shown, shown
        self._rows = {document.key: row for row, document in enumerate(shown)}
        changed = (row for row, (old, new) in enumerate(zip(before, shown, strict=True)) if old != new)
        for first, last in ranges(changed):
            self.dataChanged.emit(self.index(first), self.index(last))

    def _rearrange(self, shown: list[ShelfDocument]) -> None:
        self.layoutAboutToBeChanged.emit()
        before = self.persistentIndexList()
        keys = [self._shown[index.row()].key for index in before]
        self._shown = shown
        self._rows = {document.key: row for row, document in enumerate(shown)}
        self.changePersistentIndexList(before, [self.index_of(key) for key in keys])
        self.layoutChanged.emit()

    def _cover(self, document: ShelfDocument) -> QImage | None:
        image = self._covers.get(document.key)
        if image is not None:
            self._covers.move_to_end(document.key)
        elif document.key not in self._asked and _can_have_cover(document):
            self._asked.add(document.key)
            self._wanted.append(document.key)
            self._ask.start()
        return image

    def _ask_for_covers(self) -> None:
        # What was painted last is still looked at; what was scrolled past is asked for when it is seen again.
        passed, self._wanted = self._wanted[:-MOST_WANTED], self._wanted[-MOST_WANTED:]
        self._asked.difference_update(passed)
        for _ in range(min(ASKED_AT_ONCE, len(self._wanted))):
            self.thumbnail_wanted.emit(self._wanted.pop())
        if self._wanted:
            self._ask.start()

    def _drop_cover(self, key: str) -> None:
        image = self._covers.pop(key, None)
        if image is not None:
            self._covers_bytes -= image.sizeInBytes()


def _can_have_cover(document: ShelfDocument) -> bool:
    return document.state not in (DocumentState.NEEDS_PASSWORD, DocumentState.REFUSED)


def _cover_source(document: ShelfDocument) -> tuple[str, str, bool]:
    return document.document_id, document.path, _can_have_cover(document)


def _tool_tip(document: ShelfDocument) -> str:
    # Escaped and said to be rich text: Qt would take a title with tags in it for some.
    told = [f"<b>{html.escape(document.title)}</b>", html.escape(document.path), html.escape(document.problem)]
    return f"<qt>{'<br>'.join(text for text in told if text)}</qt>"
