"""Conversations as a tree for views: day, conversation, branch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import IntEnum
from itertools import groupby
from typing import Any

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal

from app.core.text import folded
from app.services.shelf_rows import ShelfBranch, ShelfConversation
from app.ui.models.day_groups import DayGroup, day_group
from app.ui.models.title_filter import TitleFilter

AnyIndex = QModelIndex | QPersistentModelIndex

# A view asks for them for each row of a new layout; an enum's | is slow.
_DAY_FLAGS = Qt.ItemFlag.ItemIsEnabled
_BRANCH_FLAGS = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemNeverHasChildren
_CONVERSATION_FLAGS = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsEditable


@dataclass(frozen=True, slots=True)
class Renamed:
    """The user has given a conversation another title."""

    id: str
    title: str


@dataclass(frozen=True, slots=True)
class ConversationChosen:
    """The user opens a conversation: at a turn, or where it was left (None)."""

    conversation_id: str
    turn_id: int | None = None


class ConversationRole(IntEnum):
    """What the model tells of a row beside Qt's own roles."""

    CONVERSATION = Qt.ItemDataRole.UserRole + 1
    """A branch tells the conversation it belongs to, a day none."""
    BRANCH = Qt.ItemDataRole.UserRole + 2
    NAME = Qt.ItemDataRole.UserRole + 3
    """The first line."""
    DETAIL = Qt.ItemDataRole.UserRole + 4
    """The second line."""
    DAY = Qt.ItemDataRole.UserRole + 5
    """The `DayGroup` of a heading."""


@dataclass(frozen=True, slots=True)
class _Day:
    """A heading with the conversations under it, whose indexes hold its `owner`."""

    group: DayGroup
    owner: int
    rows: tuple[ShelfConversation, ...]


class ConversationModel(QAbstractItemModel):
    """Conversations under the day of their last change, newest first, less those that the filter hides.

    An index holds what it belongs to: 0 a day, `2 n` a conversation of the day numbered n, `2 n + 1` a branch of the
    conversation numbered n. Numbers stay with their day or conversation as long as the model lives.
    """

    renamed = Signal(object)
    """Renamed: the user's; the model shows the new title at once."""

    def __init__(self, today: Callable[[], date] = date.today, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._today = today
        self._shown_on = today()
        self._all: dict[str, ShelfConversation] = {}
        self._folded: dict[str, str] = {}
        self._dates: dict[str, date] = {}
        self._filter = TitleFilter()
        self._days: tuple[_Day, ...] = ()
        self._numbers: dict[str, int] = {}
        self._by_owner: dict[int, _Day] = {}
        self._day_rows: dict[int, int] = {}
        self._places: dict[int, tuple[int, int]] = {}
        self._shown = 0

    def rowCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: N802, B008
        if not parent.isValid():
            return len(self._days)
        owner = parent.internalId()
        if owner == 0:
            return len(self._days[parent.row()].rows)
        return len(self._by_owner[owner].rows[parent.row()].branches) if owner % 2 == 0 else 0

    def hasChildren(self, parent: AnyIndex = QModelIndex()) -> bool:  # noqa: N802, B008
        return self.rowCount(parent) > 0

    def columnCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: N802, B008
        return 1

    def index(self, row: int, column: int, parent: AnyIndex = QModelIndex()) -> QModelIndex:  # noqa: B008
        if column != 0 or row < 0 or row >= self.rowCount(parent):
            return QModelIndex()
        if not parent.isValid():
            return self.createIndex(row, 0, 0)
        if parent.internalId() == 0:
            return self.createIndex(row, 0, self._days[parent.row()].owner)
        return self.createIndex(row, 0, 2 * self._numbers[self._at(parent).id] + 1)

    def parent(self, child: AnyIndex) -> QModelIndex:  # type: ignore[override]
        owner = child.internalId() if child.isValid() else 0
        if owner == 0:
            return QModelIndex()
        if owner % 2 == 0:
            return self.createIndex(self._day_rows[owner], 0, 0)
        day, row = self._places[owner // 2]
        return self.createIndex(row, 0, self._days[day].owner)

    def flags(self, index: AnyIndex) -> Qt.ItemFlag:
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        owner = index.internalId()
        return _DAY_FLAGS if owner == 0 else _CONVERSATION_FLAGS if owner % 2 == 0 else _BRANCH_FLAGS

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        conversation, branch = self.conversation(index), self.branch(index)
        if role == ConversationRole.CONVERSATION:
            return conversation
        if role == ConversationRole.BRANCH:
            return branch
        if conversation is None:
            return self._day_data(index, role) if index.isValid() else None
        return self._conversation_data(conversation, branch, role)

    def setData(self, index: AnyIndex, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:  # noqa: N802
        conversation = self.conversation(index)
        title = " ".join(str(value).split())
        if role != Qt.ItemDataRole.EditRole or conversation is None or self.branch(index) is not None or not title:
            return False
        if title != conversation.title:
            named = replace(conversation, title=title)
            self.set_conversations([named if row.id == named.id else row for row in self._all.values()])
            self.renamed.emit(Renamed(conversation.id, title))
        return True

    @property
    def total(self) -> int:
        """How many conversations there are, hidden ones too."""
        return len(self._all)

    @property
    def shown(self) -> int:
        """How many conversations the filter lets through."""
        return self._shown

    def conversation(self, index: AnyIndex) -> ShelfConversation | None:
        """The conversation of a row or of the branch in it."""
        if not index.isValid() or index.internalId() == 0:
            return None
        return self._at(index if index.internalId() % 2 == 0 else self.parent(index))

    def branch(self, index: AnyIndex) -> ShelfBranch | None:
        """The branch of a row."""
        if not index.isValid() or index.internalId() % 2 == 0:
            return None
        return self._at(self.parent(index)).branches[index.row()]

    def index_of(self, conversation_id: str) -> QModelIndex:
        """The row of a conversation; invalid where there is none or the filter hides it."""
        place = self._places.get(self._numbers.get(conversation_id, -1))
        return QModelIndex() if place is None else self.index(place[1], 0, self.index(place[0], 0))

    def set_conversations(self, conversations: Sequence[ShelfConversation]) -> None:
        """Show these conversations; rows that stay keep their selection and stay open."""
        before = self._all
        newest_first = sorted(conversations, key=lambda conversation: -conversation.updated_at)
        self._all = {conversation.id: conversation for conversation in newest_first}
        self._folded = {
            key: self._folded[key] if key in before and before[key].title == row.title else folded(row.title)
            for key, row in self._all.items()
        }
        self._dates = {key: datetime.fromtimestamp(row.updated_at).date() for key, row in self._all.items()}
        self._show()

    def set_filter(self, wanted: TitleFilter) -> None:
        """Hide conversations whose title lacks one of the words."""
        if wanted != self._filter:
            self._filter = wanted
            self._show()

    def refresh_days(self) -> None:
        """Bring the headings up to date if another day has begun."""
        if self._today() != self._shown_on:
            self._show()

    def _show(self) -> None:
        self._shown_on = self._today()
        shown = [row for key, row in self._all.items() if self._filter.accepts(self._folded[key])]
        groups = {day: day_group(day, self._shown_on) for day in set(self._dates.values())}
        days = tuple(
            _Day(group, 2 * self._number_of(f"day {group.key}"), tuple(rows))
            for group, rows in groupby(shown, key=lambda row: groups[self._dates[row.id]])
        )
        if [_keys(day) for day in days] == [_keys(day) for day in self._days]:
            before, self._days = self._days, days
            self._by_owner = {day.owner: day for day in days}
            self._tell_changes(before)
        else:
            self._rearrange(days)
        self._shown = len(shown)

    def _tell_changes(self, before: tuple[_Day, ...]) -> None:
        for place, (old, new) in enumerate(zip(before, self._days, strict=True)):
            heading = self.index(place, 0)
            if old.group != new.group:
                self.dataChanged.emit(heading, heading)
            for row, (was, now) in enumerate(zip(old.rows, new.rows, strict=True)):
                if was == now:
                    continue
                index = self.index(row, 0, heading)
                self.dataChanged.emit(index, index)
                if was.branches != now.branches and now.branches:
                    self.dataChanged.emit(self.index(0, 0, index), self.index(len(now.branches) - 1, 0, index))

    def _rearrange(self, days: tuple[_Day, ...]) -> None:
        # One new layout instead of moves row by row: a tree view lays all its rows out anew after each of those.
        self.layoutAboutToBeChanged.emit()
        before = self.persistentIndexList()
        kept = [(self.conversation(index), self.branch(index), index.row()) for index in before]
        headings = [0 if row is not None else self._days[place].owner for row, _, place in kept]
        self._days = days
        self._by_owner = {day.owner: day for day in days}
        self._day_rows = {day.owner: place for place, day in enumerate(days)}
        self._places = {
            self._number_of(row.id): (place, at) for place, day in enumerate(days) for at, row in enumerate(day.rows)
        }
        after = [
            self._heading(heading) if conversation is None else self._kept(conversation, branch)
            for heading, (conversation, branch, _) in zip(headings, kept, strict=True)
        ]
        self.changePersistentIndexList(before, after)
        self.layoutChanged.emit()

    def _number_of(self, key: str) -> int:
        return self._numbers.setdefault(key, len(self._numbers) + 1)

    def _heading(self, owner: int) -> QModelIndex:
        row = self._day_rows.get(owner)
        return QModelIndex() if row is None else self.index(row, 0)

    def _kept(self, conversation: ShelfConversation, branch: ShelfBranch | None) -> QModelIndex:
        index = self.index_of(conversation.id)
        if branch is None or not index.isValid():
            return index
        turns = [other.turn_id for other in self._at(index).branches]
        return self.index(turns.index(branch.turn_id), 0, index) if branch.turn_id in turns else QModelIndex()

    def _at(self, index: AnyIndex) -> ShelfConversation:
        return self._by_owner[index.internalId()].rows[index.row()]

    def _day_data(self, index: AnyIndex, role: int) -> Any:
        day = self._days[index.row()]
        match role:
            case Qt.ItemDataRole.DisplayRole | ConversationRole.NAME:
                return day.group.title
            case Qt.ItemDataRole.AccessibleTextRole:
                return f"{day.group.title}, {self.tr('%Ln conversation(s)', '', len(day.rows))}"
            case ConversationRole.DAY:
                return day.group
        return None

    def _conversation_data(self, conversation: ShelfConversation, branch: ShelfBranch | None, role: int) -> Any:
        match role:
            case Qt.ItemDataRole.DisplayRole if branch is not None:
                return self.tr("{branch}: {words}").format(
                    branch=self._number(conversation, branch), words=branch.last_text
                )
            case Qt.ItemDataRole.DisplayRole | Qt.ItemDataRole.EditRole:
                return conversation.title
            case ConversationRole.NAME:
                return self._name(conversation, branch)
            case ConversationRole.DETAIL:
                return self._detail(conversation, branch)
            case Qt.ItemDataRole.AccessibleTextRole:
                told = [self._name(conversation, branch), *self._detail(conversation, branch).split(" · ")]
                return ", ".join(text for text in told if text)
        return None

    def _name(self, conversation: ShelfConversation, branch: ShelfBranch | None) -> str:
        if branch is None:
            return conversation.title
        number = self._number(conversation, branch)
        return f"{number} · {self.tr('in use')}" if branch.in_use else number

    def _number(self, conversation: ShelfConversation, branch: ShelfBranch) -> str:
        number, count = conversation.branches.index(branch) + 1, len(conversation.branches)
        return self.tr("Branch {number} of {count}").format(number=number, count=count)

    def _detail(self, conversation: ShelfConversation, branch: ShelfBranch | None) -> str:
        if branch is not None:
            return branch.last_text
        turns = self.tr("%Ln turn(s)", "", conversation.turns)
        if not conversation.document_title:
            return turns
        return f"{turns} · {self.tr('About {title}').format(title=conversation.document_title)}"


def _keys(day: _Day) -> tuple[str, tuple[tuple[str, tuple[int, ...]], ...]]:
    return day.group.key, tuple((row.id, tuple(branch.turn_id for branch in row.branches)) for row in day.rows)
