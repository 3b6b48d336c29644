"""Tests of the list of turns: few widgets for many turns, nothing moves under the reader, keys."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication, QLineEdit, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from app.tasks.model import Citation, Line
from app.ui import theme
from app.ui.widgets.rich_text import RichText
from app.ui.widgets.shown_turn import WRITING_KEY, Edited, ShownTurn
from app.ui.widgets.turn_list import TurnList
from app.ui.widgets.turn_widget import TurnWidget

Listing = Callable[[int], TurnList]


def turn(key: int, words: int = 0) -> ShownTurn:
    """The user's where the key is odd; of some words, other ones for each key."""
    role = "user" if key % 2 else "assistant"
    return ShownTurn(key, role, f"turn {key} " + "word " * (words or key * 37 % 150), 0.0)


@pytest.fixture
def listing(qtbot: QtBot) -> Listing:
    """Makes a shown list of so many turns, between two other fields."""
    kept: list[QWidget] = []

    def make(count: int) -> TurnList:
        window = QWidget()
        qtbot.addWidget(window)
        kept.append(window)
        column = QVBoxLayout(window)
        turns = TurnList()
        for part in (QLineEdit(), turns, QLineEdit()):
            column.addWidget(part)
        window.resize(600, 500)
        window.show()
        window.activateWindow()
        qtbot.waitUntil(window.isActiveWindow)
        turns.set_turns([turn(key) for key in range(1, count + 1)])
        return turns

    return make


def keys_in_view(turns: TurnList) -> list[int]:
    """Of all turns of which anything can be seen."""
    return [shown.key for index, shown in enumerate(turns.turns) if turns.top_of(index) is not None]


def places(turns: TurnList) -> dict[int, int]:
    """Where the widgets in view really are, by turn key."""
    return {widget.turn.key: widget.y() for widget in turns.live_widgets()}


def wheel(turns: TurnList, notches: int) -> None:
    """Over the middle of the view; positive is up."""
    here = QPointF(turns.viewport().rect().center())
    event = QWheelEvent(
        here,
        turns.viewport().mapToGlobal(here),
        QPoint(),
        QPoint(0, 120 * notches),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(turns.viewport(), event)


def test_two_thousand_turns_are_a_few_widgets(listing: Listing) -> None:
    """Wherever one scrolls to, and those in view follow each other without gaps."""
    turns = listing(2000)
    bar = turns.verticalScrollBar()
    assert keys_in_view(turns)[-1] == 2000
    for value in [*range(0, bar.maximum(), bar.maximum() // 40), *range(5000, 4000, -40)]:
        bar.setValue(value)
        widgets = sorted(turns.live_widgets(), key=QWidget.y)
        assert all(one.geometry().bottom() + 1 == two.y() for one, two in pairwise(widgets))
        assert widgets[0].y() <= 8 and widgets[-1].geometry().bottom() > turns.viewport().height() - 10
        assert [widget.turn.key for widget in widgets] == keys_in_view(turns)
        assert turns.widget_count() < 50
    assert len(turns.viewport().findChildren(TurnWidget)) < 80


def test_scrolling_moves_what_is_in_view_by_just_as_much(listing: Listing) -> None:
    """Although heights turn out to be others than estimated."""
    turns = listing(400)
    bar = turns.verticalScrollBar()
    for _ in range(150):
        before = places(turns)
        bar.setValue(bar.value() - 30)
        after = places(turns)
        assert {after[key] - before[key] for key in before if key in after} == {30}


def test_the_ends_can_be_reached(listing: Listing) -> None:
    """By wheel, without gaps."""
    turns = listing(30)
    for _ in range(400):
        wheel(turns, 1)
    assert turns.verticalScrollBar().value() == 0 and turns.top_of(0) == 8
    for _ in range(400):
        wheel(turns, -1)
    assert turns.following and turns.verticalScrollBar().value() == turns.verticalScrollBar().maximum()


def test_new_text_is_followed_at_the_end_only(listing: Listing) -> None:
    """Else not a pixel moves, and a button leads there."""
    turns = listing(20)
    turns.append(replace(turn(0), key=WRITING_KEY, text="a"))
    turns.replace(WRITING_KEY, ShownTurn(WRITING_KEY, "assistant", "word " * 400, 0.0))
    assert turns.following and turns.bottom_of(20) == turns.viewport().height() - 8 and turns.new_text.isHidden()
    wheel(turns, 3)
    wheel(turns, 20)
    before = places(turns)
    image = turns.viewport().grab().toImage()
    assert not turns.following
    turns.replace(WRITING_KEY, ShownTurn(WRITING_KEY, "assistant", "word " * 2000, 0.0))
    assert places(turns) == before and not turns.new_text.isHidden()
    turns.new_text.hide()
    assert turns.viewport().grab().toImage() == image
    turns.new_text.show()
    turns.new_text.click()
    assert turns.following and turns.new_text.isHidden() and keys_in_view(turns)[-1] == WRITING_KEY


def test_text_is_added_below_the_top_of_the_turn_being_read(listing: Listing) -> None:
    """The answer that is written fills the view; its words in view stay where they are."""
    turns = listing(4)
    turns.append(ShownTurn(WRITING_KEY, "assistant", "word " * 1500, 0.0))
    wheel(turns, 5)
    assert keys_in_view(turns) == [WRITING_KEY]
    top = turns.top_of(4)
    turns.replace(WRITING_KEY, ShownTurn(WRITING_KEY, "assistant", "word " * 3000, 0.0))
    assert turns.top_of(4) == top and not turns.following


def test_another_width_keeps_the_place(listing: Listing) -> None:
    """The first turn in view stays the first; at the end the end stays."""
    turns = listing(200)
    turns.show_turn(90)
    turns.window().resize(400, 500)
    assert turns.top_of(89) == 8
    turns.go_to_end()
    turns.window().resize(700, 450)
    assert turns.following and turns.bottom_of(199) == turns.viewport().height() - 8


def test_another_branch_stays_where_branches_part(listing: Listing) -> None:
    """Another conversation opens at its end."""
    turns = listing(60)
    turns.show_turn(20)
    turns.hold()
    shared = list(turns.turns[:21])
    turns.set_turns([*shared, *(turn(key) for key in range(200, 240))])
    assert turns.top_of(19) == 8
    turns.set_turns([turn(key) for key in range(300, 360)])
    assert turns.following and keys_in_view(turns)[-1] == 359


def test_a_turn_can_be_shown(listing: Listing) -> None:
    """At the top, marked; one that is not there changes nothing."""
    turns = listing(500)
    turns.show_turn(250)
    assert turns.top_of(249) == 8
    assert turns.widget_at(249).tools.copy.isVisible()
    before = places(turns)
    turns.show_turn(9999)
    assert places(turns) == before


def test_the_last_turn_can_be_dropped(listing: Listing) -> None:
    """An answer that came to nothing."""
    turns = listing(10)
    turns.append(ShownTurn(WRITING_KEY, "assistant", "a", 0.0))
    turns.drop_last()
    assert keys_in_view(turns)[-1] == 10 and turns.following and turns.index_of(WRITING_KEY) is None


def test_arrows_move_the_current_turn(listing: Listing, qtbot: QtBot) -> None:
    """Which has the focus and a name to be read; Home, End and the pages go far."""
    turns = listing(40)
    turns.setFocus(Qt.FocusReason.TabFocusReason)

    def press(key: Qt.Key) -> ShownTurn:
        qtbot.keyClick(QApplication.focusWidget(), key)
        focused = QApplication.focusWidget()
        assert isinstance(focused, TurnWidget) and focused.accessibleName().startswith(("You: ", "Model: "))
        assert turns.top_of(turns.index_of(focused.turn.key)) is not None
        return focused.turn

    assert press(Qt.Key.Key_Up).key == 39
    assert press(Qt.Key.Key_Up).key == 38
    assert press(Qt.Key.Key_Down).key == 39
    assert press(Qt.Key.Key_Home).key == 1
    assert press(Qt.Key.Key_Up).key == 1
    press(Qt.Key.Key_PageDown)
    assert press(Qt.Key.Key_PageDown).key > 2
    assert press(Qt.Key.Key_End).key == 40
    assert turns.following


def test_down_scrolls_through_a_turn_higher_than_the_view(listing: Listing, qtbot: QtBot) -> None:
    """Before it goes on to the next."""
    turns = listing(4)
    turns.set_turns([turn(1, 2000), turn(2, 5)])
    turns.setFocus(Qt.FocusReason.TabFocusReason)
    qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Home)
    seen = [turns.top_of(0)]
    while QApplication.focusWidget().turn.key == 1:
        qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Down)
        seen.append(turns.top_of(0))
    assert len(seen) > 4 and seen[0] == 8 and turns.bottom_of(1) is not None


def test_enter_goes_into_a_turn_and_esc_back(listing: Listing, qtbot: QtBot) -> None:
    """Tab goes over its chips and buttons, and leaves the list after them; Backtab comes back."""
    turns = listing(2)
    citation = Citation(57, "quote", 0, 5)
    lines = (Line("One.", True, (citation,)), Line("Two.", False))
    turns.set_turns([turn(1, 5), ShownTurn(2, "assistant", "", 0.0, lines=lines), turn(3, 5)])
    turns.setFocus(Qt.FocusReason.TabFocusReason)
    qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Up)
    widget = QApplication.focusWidget()
    assert isinstance(widget, TurnWidget) and widget.turn.key == 2
    qtbot.keyClick(widget, Qt.Key.Key_Return)
    assert isinstance(QApplication.focusWidget(), RichText)
    with qtbot.waitSignal(turns.cited) as cited:
        qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Return)
    assert cited.args == [citation]
    qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Escape)
    assert QApplication.focusWidget() is widget
    order = []
    for _ in range(5):
        qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
        order.append(QApplication.focusWidget())
    tools = widget.tools
    assert order[:4] == [widget.body, tools.copy, tools.again, tools.fork] and isinstance(order[4], QLineEdit)
    qtbot.keyClick(order[4], Qt.Key.Key_Backtab)
    assert QApplication.focusWidget() is widget
    qtbot.keyClick(widget, Qt.Key.Key_Backtab)
    assert isinstance(QApplication.focusWidget(), QLineEdit) and QApplication.focusWidget() is not order[4]


def test_enter_presses_the_button_with_the_focus(listing: Listing, qtbot: QtBot) -> None:
    """Not only Space does."""
    turns = listing(2)
    widget = turns.widget_at(1)
    widget.tools.again.setFocus()
    with qtbot.waitSignal(turns.regenerated) as again:
        qtbot.keyClick(widget.tools.again, Qt.Key.Key_Return)
    assert again.args == [2]


def test_an_edited_turn_is_kept_while_out_of_view(listing: Listing, qtbot: QtBot) -> None:
    """What was typed is there when one scrolls back."""
    turns = listing(300)
    turns.show_turn(299)
    widget = turns.widget_at(298)
    widget.start_editing()
    qtbot.keyClicks(widget.focusables()[0], "more")
    turns.show_turn(1)
    assert keys_in_view(turns)[0] == 1 and widget.y() < 0
    turns.show_turn(299)
    assert turns.widget_at(298) is widget and widget.editing
    with qtbot.waitSignal(turns.edited) as edited:
        qtbot.keyClick(widget.focusables()[0], Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert edited.args == [Edited(299, turn(299).text + "more")]


def test_other_colours_and_larger_text(listing: Listing, qapp: QApplication) -> None:
    """All that is in view is drawn anew, and higher."""
    turns = listing(100)
    turns.show_turn(50)
    bottom = turns.bottom_of(49)
    theme.apply(qapp, theme.Scheme.DARK, 1.5)
    qapp.processEvents()
    assert turns.top_of(49) == 8 and turns.bottom_of(49) > bottom
    assert all(one.geometry().height() == one.heightForWidth(one.width()) for one in turns.live_widgets())
