"""The models that there are as a list for views."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from enum import IntEnum
from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from app.ui.models.model_row import ModelRow
from app.ui.models.model_words import fit_and_speed_text, fit_text, size_of, speed_text, state_text

AnyIndex = QModelIndex | QPersistentModelIndex


class CatalogueRole(IntEnum):
    """What the list tells of a model beside Qt's own roles."""

    ROW = Qt.ItemDataRole.UserRole + 1
    KIND = Qt.ItemDataRole.UserRole + 2
    """The second line: what else its title says, or its name where others have that title, and its size."""
    STATE = Qt.ItemDataRole.UserRole + 3
    """The third line: where it is."""
    FIT = Qt.ItemDataRole.UserRole + 4
    """The fourth line: whether it fits, and how fast it will be."""


class CatalogueModel(QAbstractListModel):
    """Models in the order in which they were given."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows: tuple[ModelRow, ...] = ()
        self._shared: set[str] = set()
        """Titles that several models have: their names tell them apart."""
        self._roles: dict[int, Callable[[ModelRow], Any]] = {
            Qt.ItemDataRole.DisplayRole: lambda row: row.entry.title,
            Qt.ItemDataRole.AccessibleTextRole: _spoken,
            CatalogueRole.ROW: lambda row: row,
            CatalogueRole.KIND: self._kind,
            CatalogueRole.STATE: state_text,
            CatalogueRole.FIT: lambda row: fit_and_speed_text(row.entry.fit),
        }

    def rowCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: N802, B008
        return 0 if parent.isValid() else len(self._rows)

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        told = self._roles.get(role)
        return told(self._rows[index.row()]) if told is not None and index.isValid() else None

    def row(self, name: str) -> ModelRow | None:
        """A model by its name."""
        return next((row for row in self._rows if row.entry.name == name), None)

    def index_of(self, name: str) -> QModelIndex:
        """The row of a model; invalid where there is none."""
        numbers = (number for number, row in enumerate(self._rows) if row.entry.name == name)
        return self.index(next(numbers, -1))

    def set_rows(self, rows: Sequence[ModelRow]) -> None:
        """Show these models; where they are the same ones in the same order, only what changed is told."""
        new = tuple(rows)
        old = self._rows
        titles = Counter(row.entry.title for row in new)
        shared = {title for title, count in titles.items() if count > 1}
        if [row.entry.name for row in old] != [row.entry.name for row in new] or shared != self._shared:
            self.beginResetModel()
            self._rows, self._shared = new, shared
            self.endResetModel()
            return
        self._rows = new
        for number, (before, now) in enumerate(zip(old, new, strict=True)):
            if before != now:
                self.dataChanged.emit(self.index(number), self.index(number))

    def _kind(self, row: ModelRow) -> str:
        entry = row.entry
        kind = entry.name if entry.title in self._shared else entry.title.partition(", ")[2]
        return " · ".join(text for text in (kind, size_of(entry)) if text)


def _spoken(row: ModelRow) -> str:
    entry = row.entry
    parts = (
        entry.title,
        entry.name,
        state_text(row),
        entry.problem,
        size_of(entry),
        fit_text(entry.fit),
        speed_text(entry.fit),
    )
    return ", ".join(part for part in parts if part)
