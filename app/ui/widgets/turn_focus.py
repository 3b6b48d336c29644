"""The keyboard in a list of turns: which turn is the current one, into it and out again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractButton, QApplication, QWidget

from app.ui.widgets.rich_text import RichText
from app.ui.widgets.turn_widget import TurnWidget

if TYPE_CHECKING:
    from app.ui.widgets.turn_list import TurnList

_SHARE_OF_PAGE = 0.85
_SHARE_OF_STEP = 0.3


class TurnFocus(QObject):
    """Moves the focus between the list, its current turn, and what is inside that turn."""

    def __init__(self, turns: TurnList) -> None:
        # A child, so that it hears of no focus after the list is gone.
        super().__init__(turns)
        self._list = turns
        self._key: int | None = None
        self._marked = False
        self._leaving = False

    def current(self) -> int | None:
        """The place of the current turn."""
        return None if self._key is None else self._list.index_of(self._key)

    def forget(self) -> None:
        """No turn is current any more, unless it is still there."""
        self._marked = False
        if self.current() is None:
            self._key = None

    def rename(self, old: int, new: int) -> None:
        """The turn has another key now."""
        if self._key == old:
            self._key = new

    def mark(self, index: int) -> None:
        """Make a turn current and show that the user was brought to it."""
        self._key, self._marked = self._list.turns[index].key, True
        self.show()

    def show(self) -> None:
        """Show which turn is current."""
        inside = self._focused() is not None
        for widget in self._list.live_widgets():
            current = widget.turn.key == self._key
            widget.set_current(current and (inside or self._marked), current and self._marked)

    def moved(self, old: QWidget | None, new: QWidget | None) -> None:
        """The focus went elsewhere in the program."""
        if new is None or self._leaving:
            return
        if new is self._list:
            self._enter()
        widget = self._turn_of(new)
        if widget is not None:
            self._marked = self._marked and widget.turn.key == self._key
            self._key = widget.turn.key
        if widget is not None or (old is not None and self._list.isAncestorOf(old)):
            self.show()

    def step(self, forward: bool) -> bool:
        """Tab: to the next part of the current turn; False where the list is to be left."""
        focused = self._list.window().focusWidget()
        widget = self._turn_of(focused)
        if widget is None or focused is None:
            return False
        order = [widget, *widget.focusables()]
        # A field's own child may hold the focus.
        place = next((i for i, part in enumerate(order) if i and (part is focused or part.isAncestorOf(focused))), 0)
        place += 1 if forward else -1
        if 0 <= place < len(order):
            self._take(order[place], forward)
            return True
        # The list stands for all of it in the window's own order.
        self.take_back()
        return False

    def take_back(self) -> None:
        """From a turn to the list itself."""
        self._leaving = True
        self._list.setFocus(Qt.FocusReason.TabFocusReason)
        self._leaving = False

    def key(self, event: QKeyEvent) -> bool:
        """Whether the key meant something here."""
        if not self._list.turns or event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier:
            return False
        match Qt.Key(event.key()):
            case Qt.Key.Key_Down:
                self._move(1)
            case Qt.Key.Key_Up:
                self._move(-1)
            case Qt.Key.Key_PageDown:
                self._page(1)
            case Qt.Key.Key_PageUp:
                self._page(-1)
            case Qt.Key.Key_Home:
                self._go(0)
            case Qt.Key.Key_End:
                self._go(len(self._list.turns) - 1)
                self._list.go_to_end()
            case Qt.Key.Key_Return | Qt.Key.Key_Enter:
                return self._go_in()
            case Qt.Key.Key_Escape:
                return self._go_out()
            case _:
                return False
        return True

    def _focused(self) -> TurnWidget | None:
        return self._turn_of(QApplication.focusWidget())

    def _turn_of(self, widget: QWidget | None) -> TurnWidget | None:
        while widget is not None and widget is not self._list:
            if isinstance(widget, TurnWidget):
                return widget if self._list.isAncestorOf(widget) else None
            widget = widget.parentWidget()
        return None

    def _enter(self) -> None:
        index = self.current()
        if index is None or self._list.top_of(index) is None:
            last = len(self._list.turns) - 1
            index = last if self._list.following else self._list.first_in_view()
        widget = self._list.widget_at(index) if index >= 0 else None
        if widget is not None:
            widget.setFocus(Qt.FocusReason.OtherFocusReason)

    def _take(self, part: QWidget, forward: bool) -> None:
        if isinstance(part, RichText):
            part.enter(forward)
        else:
            part.setFocus(Qt.FocusReason.TabFocusReason if forward else Qt.FocusReason.BacktabFocusReason)

    def _move(self, by: int) -> None:
        index = self.current()
        if index is None:
            index = self._list.first_in_view()
        view = self._list.viewport().height()
        top, bottom = self._list.top_of(index), self._list.bottom_of(index)
        # Of a turn higher than the view, the rest is shown before the next turn is.
        if by > 0 and bottom is not None and bottom > view and top is not None and top <= view // 2:
            self._list.scroll_by(min(int(view * _SHARE_OF_STEP), bottom - view + 8))
        elif by < 0 and top is not None and top < 0:
            self._list.scroll_by(-min(int(view * _SHARE_OF_STEP), 8 - top))
        else:
            self._go(index + by)

    def _go(self, index: int) -> None:
        index = max(0, min(index, len(self._list.turns) - 1))
        self._key, self._marked = self._list.turns[index].key, False
        self._list.bring_into_view(index)
        widget = self._list.widget_at(index)
        if widget is not None:
            widget.setFocus(Qt.FocusReason.OtherFocusReason)
        self.show()

    def _page(self, by: int) -> None:
        self._list.scroll_by(by * int(self._list.viewport().height() * _SHARE_OF_PAGE))
        index = self.current()
        if index is None or self._list.top_of(index) is None:
            index = self._list.first_in_view()
            self._key, self._marked = self._list.turns[index].key, False
            widget = self._list.widget_at(index)
            if widget is not None:
                widget.setFocus(Qt.FocusReason.OtherFocusReason)
        self.show()

    def _go_in(self) -> bool:
        focused = QApplication.focusWidget()
        if isinstance(focused, QAbstractButton):
            focused.click()
            return True
        widget = self._focused()
        if widget is None or focused is not widget or not widget.focusables():
            return False
        self._take(widget.focusables()[0], True)
        return True

    def _go_out(self) -> bool:
        widget = self._focused()
        if widget is None or QApplication.focusWidget() is widget:
            return False
        widget.setFocus(Qt.FocusReason.OtherFocusReason)
        return True
