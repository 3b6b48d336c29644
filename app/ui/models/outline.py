"""The outline of a document as a tree."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import (
    QAbstractItemModel,
    QCoreApplication,
    QLocale,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
)

from app.ui.widgets.tool_tips import tool_tip

PAGE_ROLE = Qt.ItemDataRole.UserRole + 1
"""The page's number as it is shown, '' where the entry leads nowhere."""
_ROOT = -1
_NONE = QModelIndex()
AnyIndex = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True, slots=True)
class OutlineEntryShown:
    """A line of the outline: levels count from 1 and may skip some; page 0: the entry leads nowhere."""

    title: str
    level: int
    page: int


class OutlineModel(QAbstractItemModel):
    """An entry lies below the nearest one before it of a smaller level."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._entries: tuple[OutlineEntryShown, ...] = ()
        self._parents: list[int] = []
        self._rows: list[int] = []
        self._children: dict[int, list[int]] = {}
        self._by_page: list[tuple[int, int]] = []

    def set_entries(self, entries: Sequence[OutlineEntryShown]) -> None:
        """Show another outline, in the document's order."""
        self.beginResetModel()
        self._entries = tuple(entries)
        self._parents, self._rows, self._children = [], [], {}
        above: list[int] = []
        for number, entry in enumerate(self._entries):
            while above and self._entries[above[-1]].level >= entry.level:
                above.pop()
            parent = above[-1] if above else _ROOT
            siblings = self._children.setdefault(parent, [])
            self._parents.append(parent)
            self._rows.append(len(siblings))
            siblings.append(number)
            above.append(number)
        self._by_page = sorted((entry.page, number) for number, entry in enumerate(self._entries) if entry.page > 0)
        self.endResetModel()

    def entry(self, number: int) -> OutlineEntryShown:
        """An entry by its place in the sequence."""
        return self._entries[number]

    def number(self, index: QModelIndex) -> int:
        """The entry's place in the sequence."""
        return int(index.internalId())

    def index_of(self, number: int) -> QModelIndex:
        """Where an entry is in the tree."""
        return self.createIndex(self._rows[number], 0, number)

    def index_at_page(self, page: int) -> QModelIndex:
        """The last entry that begins on a page or before it; invalid where there is none."""
        found = bisect_right(self._by_page, (page, len(self._entries)))
        return self.index_of(self._by_page[found - 1][1]) if found else QModelIndex()

    def rowCount(self, parent: AnyIndex = _NONE) -> int:  # noqa: N802
        """Entries below one entry, or at the top."""
        return len(self._children.get(int(parent.internalId()) if parent.isValid() else _ROOT, ()))

    def columnCount(self, _: AnyIndex = _NONE) -> int:  # noqa: N802
        """One."""
        return 1

    def index(self, row: int, column: int, parent: AnyIndex = _NONE) -> QModelIndex:
        """The entry in a row below another."""
        siblings = self._children.get(int(parent.internalId()) if parent.isValid() else _ROOT, [])
        return self.createIndex(row, 0, siblings[row]) if column == 0 and 0 <= row < len(siblings) else QModelIndex()

    def parent(self, index: AnyIndex = _NONE) -> QModelIndex:  # type: ignore[override]
        """The entry above another."""
        above = self._parents[int(index.internalId())] if index.isValid() else _ROOT
        return QModelIndex() if above == _ROOT else self.index_of(above)

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Title and number of the page, and both for a screen reader."""
        if not index.isValid():
            return None
        entry = self._entries[int(index.internalId())]
        page = QLocale().toString(entry.page) if entry.page > 0 else ""
        title = " ".join(entry.title.split())
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return title
            case Qt.ItemDataRole.ToolTipRole:
                return tool_tip(title)
            case Qt.ItemDataRole.AccessibleTextRole if page:
                said = QCoreApplication.translate("OutlineModel", "{title}, page {page}")
                return said.format(title=title, page=page)
            case _ if role == PAGE_ROLE:
                return page
        return None
