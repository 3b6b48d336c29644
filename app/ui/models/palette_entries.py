"""What the command palette lists: commands and whatever else can be gone to, filtered by a few letters."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from app.ui.models.fuzzy_match import Query, Target, target
from app.ui.shortcuts import Command, Commands, key_texts, plain_text

AnyIndex = QModelIndex | QPersistentModelIndex

RECENT = 4.0
"""Added to the score of what was run last, less to what was before it; a letter at a word's start counts twice that."""

MAX_SCORED = 400
"""More texts than these are not compared with each other: one letter fits thousands, and the next one fewer."""
MAX_ROWS = 100


@dataclass(frozen=True, slots=True)
class PaletteEntry:
    """A row: a text to find it by, something about it, its key, and what it does."""

    text: str
    detail: str
    run: Callable[[], object]
    key: str = ""
    enabled: bool = True


class PaletteRole(IntEnum):
    """What the rows are asked for, beside Qt's own roles."""

    ENTRY = Qt.ItemDataRole.UserRole + 1


class PaletteModel(QAbstractListModel):
    """Entries that fit the letters typed, the best first; all of them while nothing is typed."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._all: list[tuple[PaletteEntry, Target]] = []
        self._n_recent = 0
        self._rows: list[PaletteEntry] = []

    def set_entries(self, entries: Iterable[PaletteEntry], *, n_recent: int) -> None:
        """Show these; the first `n_recent` are what was run last, the latest first."""
        self._all = [(entry, target(entry.text)) for entry in entries]
        self._n_recent = n_recent
        self.set_query("")

    def set_query(self, text: str) -> None:
        """Show what fits the letters."""
        query = Query(text)
        found = [
            (place, entry, entry_target)
            for place, (entry, entry_target) in enumerate(self._all)
            if query.matches(entry_target)
        ]
        if query.letters:
            found = sorted(found[:MAX_SCORED], key=lambda item: self._score(query, item[0], item[2]), reverse=True)
        self.beginResetModel()
        self._rows = [entry for _, entry, _ in found[:MAX_ROWS]]
        self.endResetModel()

    def entry(self, row: int) -> PaletteEntry:
        """The entry of a row."""
        return self._rows[row]

    def rowCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: B008, N802  Qt's signature
        """Rows that fit; a list has none below them."""
        return 0 if parent.isValid() else len(self._rows)

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Text, what a screen reader says, and the entry itself."""
        if not index.isValid() or index.row() >= len(self._rows):
            return None
        entry = self._rows[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return entry.text
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return ", ".join(part for part in (entry.text, entry.detail, entry.key) if part)
        return entry if role == PaletteRole.ENTRY else None

    def flags(self, index: AnyIndex) -> Qt.ItemFlag:
        """What cannot be run now is shown, and passed over by the arrow keys."""
        able = index.isValid() and self._rows[index.row()].enabled
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable if able else Qt.ItemFlag.NoItemFlags

    def _score(self, query: Query, place: int, entry_target: Target) -> float:
        recent = RECENT * (1 - place / self._n_recent) if place < self._n_recent else 0.0
        return query.score(entry_target) + recent


def command_entries(commands: Commands) -> tuple[tuple[PaletteEntry, ...], int]:
    """Commands as rows, those run last first, and how many these are."""
    recent = commands.recent()
    listed = [command.id for group in commands.groups() for command in group.commands if command.in_palette]
    ids: Sequence[str] = [*recent, *(command_id for command_id in listed if command_id not in recent)]
    return tuple(_entry(commands, commands.command(command_id)) for command_id in ids), len(recent)


def _entry(commands: Commands, command: Command) -> PaletteEntry:
    action = commands.action(command.id)
    keys = key_texts(action)
    return PaletteEntry(
        text=plain_text(action.text()),
        detail=command.group,
        run=action.trigger,
        key=keys[0] if keys else "",
        enabled=action.isEnabled(),
    )
