"""The lists of the left pane as views: one selected row, a click or Enter opens, the scroll stays when rows change."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QModelIndex, QObject, QPersistentModelIndex, QPoint, QSize, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QAbstractItemView, QFrame, QListView, QStyleOptionViewItem, QTreeView

from app.ui import theme
from app.ui.models.conversations import ConversationModel, ConversationRole
from app.ui.widgets.conversation_delegate import ConversationDelegate
from app.ui.widgets.row_paint import UNIT

AnyIndex = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True, slots=True)
class MenuWanted:
    """A context menu for a row, at a place on the screen."""

    index: QModelIndex
    place: QPoint


class RowKeys(QObject):
    """What the user does with a row of a view, by mouse or by keyboard."""

    chosen = Signal(QModelIndex)
    removed = Signal(QModelIndex)
    menu_wanted = Signal(object)
    """MenuWanted"""

    def __init__(self, view: QAbstractItemView) -> None:
        super().__init__(view)
        self._view = view
        view.installEventFilter(self)
        view.viewport().installEventFilter(self)
        view.clicked.connect(self.chosen)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        if event.type() == QEvent.Type.KeyPress and watched is self._view:
            return self._on_key(event)
        if event.type() == QEvent.Type.ContextMenu:
            return self._on_menu(event)
        return False

    def _on_key(self, event: QEvent) -> bool:
        assert isinstance(event, QKeyEvent)
        signals = {Qt.Key.Key_Return: self.chosen, Qt.Key.Key_Enter: self.chosen, Qt.Key.Key_Delete: self.removed}
        signal, index = signals.get(Qt.Key(event.key())), self._view.currentIndex()
        # Enter also comes here from the field in which a title is edited.
        if signal is None or not index.isValid() or self._view.state() == QAbstractItemView.State.EditingState:
            return False
        signal.emit(index)
        return True

    def _on_menu(self, event: QEvent) -> bool:
        assert isinstance(event, QContextMenuEvent)
        by_key = event.reason() == QContextMenuEvent.Reason.Keyboard
        index = self._view.currentIndex() if by_key else self._view.indexAt(event.pos())
        if not index.isValid():
            return False
        if by_key:
            self._view.scrollTo(index)
        row = self._view.visualRect(index)
        place = row.center() if by_key else event.pos()
        self.menu_wanted.emit(MenuWanted(index, self._view.viewport().mapToGlobal(place)))
        return True


def as_pane(view: QAbstractItemView, name: str) -> RowKeys:
    """Make a view a part of the pane it stands in, named for screen readers."""
    view.setAccessibleName(name)
    view.setFrameShape(QFrame.Shape.NoFrame)
    view.setProperty("focusRing", "own")
    view.viewport().setAutoFillBackground(False)
    view.setMouseTracking(True)
    view.viewport().setAttribute(Qt.WidgetAttribute.WA_Hover)
    view.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
    view.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
    view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    view.setTabKeyNavigation(False)
    theme.signals().changed.connect(view.viewport().update)
    return RowKeys(view)


class RowList(QListView):
    """Rows of one height under each other."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setUniformItemSizes(True)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.keys = as_pane(self, name)

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        return _one_row(self)

    def dataChanged(self, first: AnyIndex, last: AnyIndex, roles: Sequence[int] = ()) -> None:  # noqa: N802
        """Paint these rows again; QListView would lay out all of them, whose height cannot have changed."""
        QAbstractItemView.dataChanged(self, first, last, list(roles))

    def rows_height(self) -> int:
        """Pixels of all rows together."""
        rows = self.model().rowCount()
        return rows * self.sizeHintForRow(0) if rows else 0


class ConversationTree(QTreeView):
    """Days with their conversations; days are open until the user closes them."""

    def __init__(self, name: str, model: ConversationModel) -> None:
        super().__init__()
        self._closed: set[str] = set()
        self._arrow_pressed = False
        self._delegate = ConversationDelegate()
        self.setHeaderHidden(True)
        self.setUniformRowHeights(True)
        self.setRootIsDecorated(False)
        # The delegate indents, so that a selected row goes from edge to edge.
        self.setIndentation(0)
        self.setExpandsOnDoubleClick(False)
        self.setEditTriggers(QAbstractItemView.EditTrigger.EditKeyPressed)
        self.setItemDelegate(self._delegate)
        self.setModel(model)
        self.keys = as_pane(self, name)
        self._connect(model)

    def _connect(self, model: ConversationModel) -> None:
        model.layoutChanged.connect(self.open_days)
        self.collapsed.connect(lambda index: self._note(index, closed=True))
        self.expanded.connect(lambda index: self._note(index, closed=False))

    @property
    def painted_rows(self) -> int:
        """How many rows have been painted so far."""
        return self._delegate.painted_rows

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        return _one_row(self)

    def rows_height(self) -> int:
        """Pixels of all rows that are not closed away, together."""
        model = self.model()
        last = model.index(model.rowCount() - 1, 0)
        while self.isExpanded(last) and model.hasChildren(last):
            last = model.index(model.rowCount(last) - 1, 0, last)
        return self.visualRect(last).bottom() - self.visualRect(model.index(0, 0)).top() + 1

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        self._arrow_pressed = event.button() == Qt.MouseButton.LeftButton and self._is_arrow(event.position().toPoint())
        if self._arrow_pressed:
            index = self.indexAt(event.position().toPoint())
            self.setExpanded(index, not self.isExpanded(index))
        else:
            super().mousePressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        # The release after that press would count as a click on the row.
        if not self._arrow_pressed:
            super().mouseReleaseEvent(event)
        self._arrow_pressed = False

    def _is_arrow(self, place: QPoint) -> bool:
        index = self.indexAt(place)
        if index.data(ConversationRole.CONVERSATION) is None or not self.model().hasChildren(index):
            return False
        option = QStyleOptionViewItem()
        self.initViewItemOption(option)
        option.rect = self.visualRect(index)
        return self._delegate.arrow(option).contains(place)

    def open_days(self) -> None:
        """Show what stands under each day that the user has not closed."""
        model = self.model()
        for row in range(model.rowCount()):
            index = model.index(row, 0)
            if not self.isExpanded(index) and index.data(ConversationRole.DAY).key not in self._closed:
                self.expand(index)

    def _note(self, index: QModelIndex, *, closed: bool) -> None:
        day = index.data(ConversationRole.DAY)
        if day is not None:
            (self._closed.add if closed else self._closed.discard)(day.key)


@contextmanager
def steady(view: RowList | ConversationTree) -> Iterator[None]:
    """Keep what is seen where it is while rows come and go; at the very top, new rows push the others down."""
    bar = view.verticalScrollBar()
    before = _visible(view) if bar.value() > 0 else []
    yield
    if not before:
        return
    view.executeDelayedItemsLayout()
    moves = [view.visualRect(index).top() - top for index, top in before if index.isValid()]
    # The row that has moved least: one alone may have gone elsewhere in the list.
    bar.setValue(bar.value() + min(moves, key=abs, default=0))


def _visible(view: QAbstractItemView) -> list[tuple[QPersistentModelIndex, int]]:
    found = []
    middle, y = view.viewport().width() // 2, 0
    while y < view.viewport().height():
        index = view.indexAt(QPoint(middle, y))
        if not index.isValid():
            break
        row = view.visualRect(index)
        found.append((QPersistentModelIndex(index), row.top()))
        y = row.bottom() + 1
    return found


def _one_row(view: QAbstractItemView) -> QSize:
    return QSize(
        40 * UNIT, view.sizeHintForRow(0) if view.model() is not None and view.model().rowCount() else 16 * UNIT
    )
