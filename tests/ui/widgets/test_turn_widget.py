"""Tests of one turn: what it shows, and what its buttons and links say."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QToolButton
from pytestqt.qtbot import QtBot

from app.tasks.model import Citation, Line
from app.ui.widgets.shown_turn import WRITING_KEY, BranchChosen, Edited, ShownTurn
from app.ui.widgets.turn_editor import MAX_CHARACTERS
from app.ui.widgets.turn_widget import TurnWidget, spoken

QUESTION = ShownTurn(1, "user", "How *large*?\n", 0.0, branch=2, branches=3)
ANSWER = ShownTurn(2, "assistant", "It is **16.4 MiB**.\n\n```\na  b\n```\n", 0.0, label="Found in the text")


@pytest.fixture
def widget(qtbot: QtBot) -> TurnWidget:
    """Shown, with its buttons."""
    made = TurnWidget()
    qtbot.addWidget(made)
    made.set_last(True)
    made.resize(400, 300)
    made.show()
    return made


def clipboard() -> str:
    """What was copied."""
    return QGuiApplication.clipboard().text()


def click(qtbot: QtBot, button: QToolButton) -> None:
    """With the left button."""
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def shown(widget: TurnWidget) -> list[QToolButton]:
    """The buttons that can be seen."""
    tools = widget.tools
    return [part for part in (tools.copy, tools.edit, tools.again, tools.fork) if not part.isHidden()]


def test_the_users_turn(widget: TurnWidget, qtbot: QtBot) -> None:
    """Words as typed; copy, edit, and the branches."""
    widget.set_turn(QUESTION)
    assert widget.body.toPlainText() == "How *large*?\n"
    assert shown(widget) == [widget.tools.copy, widget.tools.edit]
    assert widget.tools.switcher.text() == "2 of 3"
    with qtbot.waitSignal(widget.branch_chosen) as chosen:
        click(qtbot, widget.tools.switcher.next)
    assert chosen.args == [BranchChosen(1, 1)]


def test_the_models_turn(widget: TurnWidget, qtbot: QtBot) -> None:
    """Markdown; copy, write again, branch off; one branch has no switcher."""
    widget.set_turn(ANSWER)
    assert widget.body.toPlainText().startswith("It is 16.4 MiB.")
    assert shown(widget) == [widget.tools.copy, widget.tools.again, widget.tools.fork]
    assert widget.tools.switcher.isHidden()
    heard: list[tuple[str, int]] = []
    widget.regenerated.connect(lambda key: heard.append(("again", key)))
    widget.forked.connect(lambda key: heard.append(("fork", key)))
    click(qtbot, widget.tools.again)
    click(qtbot, widget.tools.fork)
    assert heard == [("again", 2), ("fork", 2)]


def test_copies_are_exact(widget: TurnWidget, qtbot: QtBot) -> None:
    """The Markdown of the turn, and the code of a block, character for character; lines one below the other."""
    widget.set_turn(ANSWER)
    click(qtbot, widget.tools.copy)
    assert clipboard() == ANSWER.text
    widget.body.link_activated.emit("copy:0")
    assert clipboard() == "a  b"
    widget.set_turn(ShownTurn(3, "assistant", "", 0.0, lines=(Line("One.", True), Line("Two.", False))))
    click(qtbot, widget.tools.copy)
    assert clipboard() == "One.\nTwo."


def test_chips_and_links_say_what_they_mean(widget: TurnWidget, qtbot: QtBot) -> None:
    """A chip its citation, a link its address; anything else nothing."""
    citation = Citation(57, "quote", 0, 5)
    widget.set_turn(ShownTurn(3, "assistant", "", 0.0, lines=(Line("One.", True, (citation,)),)))
    heard: list[object] = []
    widget.cited.connect(heard.append)
    widget.link_opened.connect(heard.append)
    for address in ("cite:0:0", "cite:0:1", "copy:7", "file:///etc/passwd", "https://example.org/"):
        widget.body.link_activated.emit(address)
    assert heard == [citation, "https://example.org/"]


def test_editing_in_place(widget: TurnWidget, qtbot: QtBot) -> None:
    """Ctrl+Enter says the new words; Esc leaves the old ones; the turn grows and shrinks."""
    widget.set_turn(QUESTION)
    before = widget.heightForWidth(400)
    heights: list[int] = []
    edits: list[Edited] = []
    widget.height_changed.connect(heights.append)
    widget.edited.connect(edits.append)
    click(qtbot, widget.tools.edit)
    field = widget.focusables()[0]
    assert widget.editing and widget.heightForWidth(400) > before and shown(widget) == []
    qtbot.keyClicks(field, "x")
    qtbot.keyClick(field, Qt.Key.Key_Escape)
    assert not widget.editing and edits == [] and widget.heightForWidth(400) == before
    click(qtbot, widget.tools.edit)
    field = widget.focusables()[0]
    qtbot.keyClicks(field, "And now?")
    qtbot.keyClick(field, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert edits == [Edited(1, "How *large*?\nAnd now?")] and not widget.editing
    assert heights == [1, 1, 1, 1]


def test_another_turn_ends_editing(widget: TurnWidget, qtbot: QtBot) -> None:
    """The widget is used again for it."""
    widget.set_turn(QUESTION)
    widget.start_editing()
    widget.set_turn(ANSWER)
    assert not widget.editing and not widget.body.isHidden()


def test_huge_texts_are_cut_and_not_edited_in_place(widget: TurnWidget, qtbot: QtBot) -> None:
    """Copied whole all the same; more is shown when it is asked for."""
    text = "word " * 200_000
    widget.set_turn(ShownTurn(1, "user", text, 0.0))
    assert len(widget.body.toPlainText()) < 10_000 and shown(widget) == [widget.tools.copy]
    assert len(text) > MAX_CHARACTERS
    click(qtbot, widget.tools.copy)
    assert clipboard() == text
    before = len(widget.body.toPlainText())
    widget.body.link_activated.emit("more:")
    assert before < len(widget.body.toPlainText()) < 3 * before


def test_an_answer_being_written_offers_nothing(widget: TurnWidget) -> None:
    """And is not read aloud at every word."""
    widget.set_turn(ShownTurn(WRITING_KEY, "assistant", "", 0.0))
    assert shown(widget) == [] and widget.body.toPlainText() == "…"
    name = widget.accessibleName()
    widget.set_turn(ShownTurn(WRITING_KEY, "assistant", "Some", 0.0))
    assert widget.accessibleName() == name and widget.body.toPlainText() == "Some"


def test_what_is_read_aloud() -> None:
    """Who says what; not more than a few sentences."""
    assert spoken(QUESTION) == "You: How *large*?\n"
    assert spoken(ShownTurn(2, "assistant", "x" * 1000, 0.0)) == "Model: " + "x" * 300 + "…"


def test_every_control_has_a_name(widget: TurnWidget) -> None:
    """Buttons of icons have a tip, too."""
    widget.set_turn(QUESTION)
    buttons = widget.findChildren(QToolButton)
    assert len(buttons) == 6
    assert all(button.accessibleName() and button.toolTip() for button in buttons)
    assert widget.accessibleName() and widget.body.accessibleName()


def test_buttons_appear_without_moving_anything(widget: TurnWidget) -> None:
    """Of the current turn, and of the last one always."""
    widget.set_turn(ANSWER)
    before = widget.heightForWidth(400)
    widget.set_last(False)
    assert shown(widget) == [] and widget.heightForWidth(400) == before
    widget.set_current(True)
    assert len(shown(widget)) == 3


def test_the_menu_does_what_the_buttons_do(widget: TurnWidget) -> None:
    """One entry for each."""
    widget.set_turn(QUESTION)
    menu = widget.tools.menu(widget)
    assert [action.text() for action in menu.actions()] == ["Copy", "Edit and ask again"]
    menu.actions()[0].trigger()
    assert clipboard() == QUESTION.text
