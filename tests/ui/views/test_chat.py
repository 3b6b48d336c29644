"""Tests of the chat: a conversation comes, is written, edited and branched."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QPushButton
from pytestqt.qtbot import QtBot

from app.tasks.model import Citation, Line
from app.ui.views.chat import AskMode, BranchChosen, ChatView, Edited, Said, ShownTurn
from app.ui.widgets.shown_turn import WRITING_KEY

CITATION = Citation(57, "quote", 0, 5)
TURNS = (
    ShownTurn(1, "user", "How large?", 0.0, branch=1, branches=2),
    ShownTurn(2, "assistant", "", 0.0, lines=(Line("4 m.", True, (CITATION,)),)),
    ShownTurn(3, "user", "Why?", 0.0),
    ShownTurn(4, "assistant", "See [this](https://example.org/).", 0.0),
)


@pytest.fixture
def chat(qtbot: QtBot) -> ChatView:
    """Shown, of the size it has in a small window."""
    view = ChatView()
    qtbot.addWidget(view)
    view.resize(600, 700)
    view.show()
    view.activateWindow()
    qtbot.waitUntil(view.isActiveWindow)
    return view


def last_text(chat: ChatView) -> str:
    """What the last turn shows."""
    widget = chat.list.widget_at(len(chat.list.turns) - 1)
    assert widget is not None
    return widget.body.toPlainText()


def test_an_empty_conversation_teaches(chat: ChatView, qtbot: QtBot) -> None:
    """An example fills the composer and is not sent; the first turn takes the hint's place."""
    heard: list[Said] = []
    chat.said.connect(heard.append)
    chat.set_hint("Ask about it", ("What is it?", "Who wrote it?"))
    assert chat.hint.isVisible()
    examples = chat.hint.findChildren(QPushButton)
    assert [example.accessibleName() for example in examples] == ["What is it?", "Who wrote it?"]
    qtbot.mouseClick(examples[1], Qt.MouseButton.LeftButton)
    assert chat.draft == "Who wrote it?" and QApplication.focusWidget() is chat.composer.field and heard == []
    qtbot.keyClick(chat.composer.field, Qt.Key.Key_Return)
    assert heard == [Said("Who wrote it?", AskMode.TALK)]
    chat.append(ShownTurn(1, "user", "Who wrote it?", 0.0))
    assert chat.list.isVisible() and not chat.hint.isVisible()
    chat.set_turns(())
    assert chat.hint.isVisible()


def test_an_answer_is_written(chat: ChatView, qtbot: QtBot) -> None:
    """Piece by piece as Markdown, then as it is stored."""
    chat.set_turns(TURNS)
    chat.begin_answer(ShownTurn(WRITING_KEY, "assistant", "", 0.0))
    assert last_text(chat) == "…"
    for piece in ("It is ", "**lar", "ge**."):
        chat.add_text(piece)
    qtbot.waitUntil(lambda: last_text(chat) == "It is large.")
    chat.end_answer(ShownTurn(5, "assistant", "It is **large**.", 0.0, label="Written"))
    assert [turn.key for turn in chat.list.turns] == [1, 2, 3, 4, 5] and last_text(chat) == "It is large."


def test_an_answer_that_comes_to_nothing_goes(chat: ChatView) -> None:
    """And text that comes late is not shown anywhere."""
    chat.set_turns(TURNS)
    chat.begin_answer(ShownTurn(WRITING_KEY, "assistant", "", 0.0))
    chat.add_text("a")
    chat.end_answer(None)
    chat.add_text("late")
    assert [turn.key for turn in chat.list.turns] == [1, 2, 3, 4]
    chat.begin_answer(ShownTurn(WRITING_KEY, "assistant", "", 0.0))
    chat.begin_answer(ShownTurn(WRITING_KEY, "assistant", "", 0.0))
    assert [turn.key for turn in chat.list.turns] == [1, 2, 3, 4, WRITING_KEY]


def test_another_conversation_is_not_written_into(chat: ChatView, qtbot: QtBot) -> None:
    """The user has opened another one while the answer comes."""
    chat.set_turns(TURNS)
    chat.begin_answer(ShownTurn(WRITING_KEY, "assistant", "", 0.0))
    chat.add_text("a")
    other = (ShownTurn(8, "user", "other", 0.0),)
    chat.set_turns(other)
    chat.add_text("b")
    chat._stream.flush()
    assert tuple(chat.list.turns) == other


def test_streaming_while_scrolled_up_moves_nothing(chat: ChatView, qtbot: QtBot) -> None:
    """To the pixel, while hundreds of pieces come; the button leads to the end."""
    long = [ShownTurn(key, "user" if key % 2 else "assistant", "word " * 80, 0.0) for key in range(1, 41)]
    chat.set_turns(long)
    chat.begin_answer(ShownTurn(WRITING_KEY, "assistant", "", 0.0))
    chat.list.scroll_by(-500)
    before = {widget.turn.key: widget.geometry() for widget in chat.list.live_widgets()}
    first = chat.list.first_in_view()
    for _ in range(20):
        for _ in range(20):
            chat.add_text("some **more** words\n\n")
        chat._stream.flush()
        assert {widget.turn.key: widget.geometry() for widget in chat.list.live_widgets()} == before
    assert chat.list.first_in_view() == first and chat.list.new_text.isVisible()
    qtbot.mouseClick(chat.list.new_text, Qt.MouseButton.LeftButton)
    assert chat.list.following and last_text(chat).count("more") == 400


def test_what_the_user_does_is_said(chat: ChatView, qtbot: QtBot) -> None:
    """Chips, links, branches, editing, writing again and branching off."""
    chat.set_turns(TURNS)
    heard: list[object] = []
    for signal in (chat.cited, chat.link_opened, chat.branch_chosen, chat.edited, chat.regenerated, chat.forked):
        signal.connect(heard.append)
    first, second, third, fourth = (chat.list.widget_at(index) for index in range(4))
    second.body.link_activated.emit("cite:0:0")
    fourth.body.link_activated.emit("https://example.org/")
    qtbot.mouseClick(first.tools.switcher.next, Qt.MouseButton.LeftButton)
    third.start_editing()
    qtbot.keyClicks(third.focusables()[0], " Tell")
    qtbot.mouseClick(third.focusables()[2], Qt.MouseButton.LeftButton)
    qtbot.mouseClick(fourth.tools.again, Qt.MouseButton.LeftButton)
    qtbot.mouseClick(fourth.tools.fork, Qt.MouseButton.LeftButton)
    assert heard == [CITATION, "https://example.org/", BranchChosen(1, 1), Edited(3, "Why? Tell"), 4, 4]
    qtbot.mouseClick(fourth.tools.copy, Qt.MouseButton.LeftButton)
    assert QGuiApplication.clipboard().text() == TURNS[3].text


def test_esc_stops_from_anywhere(chat: ChatView, qtbot: QtBot) -> None:
    """From the composer and from the list, while an answer is written only."""
    stops: list[bool] = []
    chat.stopped.connect(lambda: stops.append(True))
    chat.set_turns(TURNS)
    chat.focus_composer()
    qtbot.keyClick(chat.composer.field, Qt.Key.Key_Escape)
    chat.set_writing(True)
    qtbot.keyClick(chat.composer.field, Qt.Key.Key_Escape)
    chat.list.setFocus()
    qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Escape)
    assert stops == [True, True]


def test_drafts_status_and_modes(chat: ChatView) -> None:
    """What is not sent stays through other turns; the line of status comes and goes."""
    chat.draft = "half a thou"
    chat.set_turns(TURNS)
    chat.set_status("Reading the document again: 43 %")
    assert chat.draft == "half a thou" and chat._status.isVisible()
    chat.set_status("")
    assert not chat._status.isVisible()
    chat.set_document(True)
    assert chat.composer.mode.isVisible()


def test_a_turn_is_replaced_and_shown(chat: ChatView) -> None:
    """By its key; unknown keys change nothing."""
    chat.set_turns(TURNS)
    chat.replace(4, ShownTurn(4, "assistant", "Because.", 0.0))
    chat.replace(99, ShownTurn(99, "assistant", "Nowhere", 0.0))
    chat.show_turn(99)
    assert last_text(chat) == "Because." and len(chat.list.turns) == 4


def test_the_column_is_one(chat: ChatView) -> None:
    """The words, the line of status and the composer have the same edges, in narrow and wide windows."""
    chat.set_turns(TURNS)
    chat.set_status("Reading")
    for width in (420, 900, 1600):
        chat.resize(width, 700)
        QApplication.processEvents()
        widget = chat.list.widget_at(0)
        words = widget.body.parentWidget()
        left = words.mapTo(chat, words.rect().topLeft()).x()
        composer = chat.composer
        assert composer.mapTo(chat, composer.rect().topLeft()).x() == pytest.approx(left, abs=1)
        assert composer.width() == pytest.approx(words.width(), abs=2)
