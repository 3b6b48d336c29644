"""A conversation of any length: only the turns in view are widgets, and nothing moves that the user is reading."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtGui import QAccessible, QFontMetrics, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractScrollArea, QApplication, QFrame, QPushButton, QWidget

from app.ui import theme
from app.ui.widgets.accessible_role import set_role
from app.ui.widgets.shown_turn import ShownTurn
from app.ui.widgets.turn_column import column_width, estimated_height
from app.ui.widgets.turn_focus import TurnFocus
from app.ui.widgets.turn_heights import TurnHeights
from app.ui.widgets.turn_placement import PADDING, TurnPlacement
from app.ui.widgets.turn_pool import TurnPool
from app.ui.widgets.turn_widget import TurnWidget


class TurnList(QAbstractScrollArea):
    """Turns one below the other, in a column of readable width."""

    edited = Signal(object)
    regenerated = Signal(int)
    forked = Signal(int)
    branch_chosen = Signal(object)
    cited = Signal(object)
    link_opened = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(self.tr("Conversation"))
        set_role(self, QAccessible.Role.List)
        self.viewport().setBackgroundRole(self.palette().ColorRole.Base)
        self._turns: list[ShownTurn] = []
        self._index: dict[int, int] = {}
        self._place = TurnPlacement()
        self._pool = TurnPool(self._made, lambda: self._focus.take_back())
        self._placing = False
        self.new_text = QPushButton(self.tr("↓ New text"), self)
        self.new_text.hide()
        self._focus = TurnFocus(self)
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._connect()

    def _connect(self) -> None:
        self.new_text.clicked.connect(self.go_to_end)
        self._later.timeout.connect(self._measure_again)
        theme.signals().changed.connect(self._refresh)
        QApplication.instance().focusChanged.connect(self._focus.moved)  # type: ignore[union-attr]

    def _made(self) -> TurnWidget:
        widget = TurnWidget(self.viewport())
        widget.edited.connect(self.edited)
        widget.regenerated.connect(self.regenerated)
        widget.forked.connect(self.forked)
        widget.branch_chosen.connect(self._branch_chosen)
        widget.cited.connect(self.cited)
        widget.link_opened.connect(self.link_opened)
        widget.height_changed.connect(self._height_changed)
        return widget

    # What is shown

    @property
    def turns(self) -> Sequence[ShownTurn]:
        """All turns, first to last."""
        return self._turns

    def set_turns(self, turns: Sequence[ShownTurn]) -> None:
        """Show a conversation at its end; another branch of the one shown stays where the branches part."""
        same = self._place.first < len(turns) and bool(self._turns) and turns[0].key == self._turns[0].key
        self._turns = list(turns)
        self._index = {turn.key: index for index, turn in enumerate(turns)}
        self._pool.retain(self._index)
        self._focus.forget()
        if not same:
            self._place.following = True
        self._measure_again()

    def append(self, turn: ShownTurn) -> None:
        """One more turn; the user sees it."""
        self._index[turn.key] = len(self._turns)
        self._turns.append(turn)
        self._place.heights.append(self._estimate(turn, self._column()[1], self.fontMetrics()))
        self.go_to_end()

    def replace(self, key: int, turn: ShownTurn) -> None:
        """Another text, or another key, for a turn. KeyError where there is none."""
        index = self._index.pop(key)
        self._index[turn.key] = index
        self._turns[index] = turn
        self._pool.forget(key)
        self._pool.rename(key, turn.key)
        self._focus.rename(key, turn.key)
        if turn.key not in self._pool.live():
            self._place.heights[index] = self._estimate(turn, self._column()[1], self.fontMetrics())
        if not self._place.following:
            self.new_text.setVisible(index == len(self._turns) - 1 and self._place.end_is_below())
        self._lay_out()

    def drop_last(self) -> None:
        """Take the last turn off."""
        turn = self._turns.pop()
        del self._index[turn.key]
        self._place.heights.pop()
        self._pool.forget(turn.key)
        self._pool.retain(self._index)
        self._lay_out()

    # Where it is shown

    @property
    def following(self) -> bool:
        """Whether the end is in view, and stays so while text is added."""
        return self._place.following

    def go_to_end(self) -> None:
        """Show the end, and follow it."""
        self._place.following = True
        self._lay_out()

    def hold(self) -> None:
        """Stay here, whatever is added."""
        self._place.following = False

    def show_turn(self, key: int) -> None:
        """Bring a turn to the top and mark it; nothing where there is none."""
        index = self._index.get(key)
        if index is not None:
            self._go_to(index, PADDING)
            self._focus.mark(index)

    def bring_into_view(self, index: int) -> None:
        """Scroll as little as shows the turn; of one higher than the view, its beginning."""
        height = self.viewport().height()
        top = self._place.tops.get(index)
        if top is None:
            self._go_to(index, PADDING if index <= self._place.first else height - PADDING - self._place.heights[index])
            top = self._place.tops.get(index, PADDING)
        below = top + self._place.heights[index] - (height - PADDING)
        if top < PADDING or below > 0:
            self._go_to(index, max(PADDING, top - below) if top >= PADDING else PADDING)

    def scroll_by(self, pixels: int) -> None:
        """Move the view down."""
        bar = self.verticalScrollBar()
        bar.setValue(bar.value() + pixels)

    def top_of(self, index: int) -> int | None:
        """Where in the view a turn begins; None where it is out of view."""
        return self._place.tops.get(index)

    def bottom_of(self, index: int) -> int | None:
        """Where in the view a turn ends; None where it is out of view."""
        return self._place.bottom(index)

    def index_of(self, key: int) -> int | None:
        """The place of a turn."""
        return self._index.get(key)

    def first_in_view(self) -> int:
        """The first turn of which anything can be seen."""
        return self._place.first

    def widget_at(self, index: int) -> TurnWidget | None:
        """The widget of a turn in view."""
        return self._pool.live().get(self._turns[index].key) if index < len(self._turns) else None

    def live_widgets(self) -> list[TurnWidget]:
        """The widgets of all turns in view."""
        return list(self._pool.live().values())

    def widget_count(self) -> int:
        """All turn widgets there are, in view or spare."""
        return self._pool.count()

    def _go_to(self, index: int, top: int) -> None:
        self._place.go_to(index, top)
        self._lay_out()

    def _column(self) -> tuple[int, int]:
        """Left edge and width: the same with and without a scroll bar, and in the middle of the whole."""
        bar = self.verticalScrollBar().sizeHint().width()
        width = max(80, min(column_width(self.fontMetrics()), self.width() - 2 * (bar + PADDING)))
        return (self.width() - width) // 2, width

    def _estimate(self, turn: ShownTurn, width: int, metrics: QFontMetrics) -> int:
        known = self._pool.known_height(turn.key, width)
        return known if known is not None else estimated_height(turn, width, metrics)

    def _measure_again(self) -> None:
        width, metrics = self._column()[1], self.fontMetrics()
        self._place.heights = TurnHeights(self._estimate(turn, width, metrics) for turn in self._turns)
        self._lay_out()

    def _height_changed(self, key: int) -> None:
        self._pool.forget(key)
        index = self._index.get(key)
        top = None if index is None else self._place.tops.get(index)
        if index is not None and top is not None:
            # What the user acts on stays under the pointer.
            self._place.go_to(index, top)
        self._lay_out()

    def _lay_out(self) -> None:
        if self._placing:
            return
        self._placing = True
        try:
            left, width = self._column()
            self._place.lay_out(self.viewport().height(), lambda index: self._measured(index, width))
            self._put_widgets(left, width)
            self._set_bar()
        finally:
            self._placing = False
        if self._place.following:
            self.new_text.hide()
        self._focus.show()

    def _measured(self, index: int, width: int) -> int:
        self._pool.show(self._turns[index])
        return self._pool.height(self._turns[index], width)

    def _put_widgets(self, left: int, width: int) -> None:
        keys = [self._turns[index].key for index in self._place.tops]
        self._pool.keep(keys)
        for index, top in self._place.tops.items():
            widget = self._pool.show(self._turns[index])
            widget.set_last(index == len(self._turns) - 1)
            widget.setGeometry(left, top, width, self._place.heights[index])
            widget.show()
        for widget in self._pool.stray(keys):
            widget.move(left, -widget.height() - self.height())

    def _set_bar(self) -> None:
        bar = self.verticalScrollBar()
        height = self.viewport().height()
        bar.setPageStep(height)
        bar.setSingleStep(self.fontMetrics().lineSpacing())
        bar.setRange(0, max(0, self._place.total() - height))
        bar.setValue(self._place.value())

    # Events

    def scrollContentsBy(self, dx: int, dy: int) -> None:  # noqa: N802
        """The bar was moved: by little, the turns in view move by as much; by more, to what should be there."""
        if self._placing or not self._turns:
            return
        if abs(dy) <= self.viewport().height():
            self._place.scroll(dy)
        else:
            self._place.jump(self.verticalScrollBar().value())
            self._pool.keep(())
        self._lay_out()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Another width: all heights are new, the place stays."""
        size = self.new_text.sizeHint()
        self.new_text.setGeometry(
            (self.width() - size.width()) // 2, self.height() - size.height() - PADDING, *size.toTuple()
        )
        self._measure_again()

    def _refresh(self) -> None:
        self._pool.refresh()
        self._later.start(0)

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        """Text of another size."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._refresh()

    def _branch_chosen(self, chosen: object) -> None:
        self.hold()
        self.branch_chosen.emit(chosen)

    def focusNextPrevChild(self, forward: bool) -> bool:  # noqa: N802
        """Tab goes over the current turn's links and buttons, then on."""
        if self._focus.step(forward):
            return True
        return super().focusNextPrevChild(forward)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Keys move between turns, into one and back."""
        if not self._focus.key(event):
            event.ignore()
