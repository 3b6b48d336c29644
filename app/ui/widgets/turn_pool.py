"""The few turn widgets that stand for all turns of a list: those in view, and some to be used again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable

from app.ui.widgets.shown_turn import ShownTurn
from app.ui.widgets.turn_widget import TurnWidget

_SPARE = 16
_CACHED_HEIGHTS = 20_000


class TurnPool:
    """Widgets by turn key. A spare one keeps what it shows, should the user scroll back to it."""

    def __init__(self, make: Callable[[], TurnWidget], take_focus: Callable[[], None]) -> None:
        self._make = make
        self._take_focus = take_focus
        self._live: dict[int, TurnWidget] = {}
        self._spare: OrderedDict[int, TurnWidget] = OrderedDict()
        self._heights: dict[tuple[int, int], int] = {}

    def live(self) -> dict[int, TurnWidget]:
        """Those in view."""
        return self._live

    def count(self) -> int:
        """All widgets there are."""
        return len(self._live) + len(self._spare)

    def show(self, turn: ShownTurn) -> TurnWidget:
        """The widget of a turn, now in view."""
        widget = self._live.get(turn.key)
        if widget is None:
            widget = self._spare.pop(turn.key, None)
            if widget is None:
                widget = self._spare.popitem(last=False)[1] if self._spare else self._make()
            self._live[turn.key] = widget
        widget.set_turn(turn)
        return widget

    def height(self, turn: ShownTurn, width: int) -> int:
        """Of a turn in view, in pixels."""
        known = self._heights.get((turn.key, width))
        if known is None:
            known = self._live[turn.key].heightForWidth(width)
            if len(self._heights) >= _CACHED_HEIGHTS:
                self._heights.clear()
            self._heights[turn.key, width] = known
        return known

    def known_height(self, key: int, width: int) -> int | None:
        """Of a turn that was measured before at this width."""
        return self._heights.get((key, width))

    def keep(self, keys: Iterable[int]) -> None:
        """Put away what is not among these, in use or focused."""
        wanted = set(keys)
        for key in [key for key in self._live if key not in wanted]:
            widget = self._live[key]
            if not widget.editing and not _holds_focus(widget):
                self._put_away(key)

    def stray(self, keys: Iterable[int]) -> list[TurnWidget]:
        """Those that are kept though out of view."""
        shown = set(keys)
        return [widget for key, widget in self._live.items() if key not in shown]

    def forget(self, key: int) -> None:
        """The turn has changed: measure it again."""
        for known in [known for known in self._heights if known[0] == key]:
            del self._heights[known]

    def rename(self, old: int, new: int) -> None:
        """The turn has another key now."""
        if old in self._live and new not in self._live:
            self._live[new] = self._live.pop(old)

    def retain(self, keys: Iterable[int]) -> None:
        """Other turns: put away the widgets of those that are gone, and forget all heights."""
        wanted = set(keys)
        for key in [key for key in self._live if key not in wanted]:
            self._put_away(key)
        self._heights.clear()

    def refresh(self) -> None:
        """Colours or the size of text have changed."""
        self._heights.clear()
        for widget in self._spare.values():
            widget.deleteLater()
        self._spare.clear()
        for widget in self._live.values():
            widget.refresh()

    def _put_away(self, key: int) -> None:
        widget = self._live.pop(key)
        if _holds_focus(widget):
            self._take_focus()
        widget.hide()
        widget.set_current(False)
        if len(self._spare) < _SPARE:
            self._spare[key] = widget
        else:
            widget.deleteLater()


def _holds_focus(widget: TurnWidget) -> bool:
    focused = widget.window().focusWidget()
    return focused is not None and (focused is widget or widget.isAncestorOf(focused))
