"""Conversations: asked, found, edited, made again, branched, stopped, and what was not sent."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from app.core.errors import WorkerLostError
from app.tasks.model import Citation
from app.ui.controllers.document_room import DocumentRoom
from app.ui.views.chat import ChatView
from app.ui.views.document import DocumentTab
from app.ui.widgets.shown_turn import AskMode, BranchChosen, Edited, Said
from tests.ui.desk_window import Desks, DeskWindow, write_book

ANSWER = "Birds eat seeds and small fish."


@pytest.fixture
def window(desks: Desks) -> DeskWindow:
    """With its model loaded and an empty chat in front."""
    made = desks.window()
    made.wait_ready()
    made.controller.open_chat()
    return made


def keys(view: ChatView) -> list[int]:
    return [turn.key for turn in view.list.turns]


def branches(view: ChatView) -> list[tuple[int, int]]:
    return [(turn.branch, turn.branches) for turn in view.list.turns]


def test_a_question_is_answered_word_by_word(window: DeskWindow, desks: Desks, qtbot: QtBot) -> None:
    """Typed and sent by keys; the figures of the answer reach the meters."""
    desks.generator.words_before_held = 2
    desks.generator.may_write.clear()
    view = window.chat.chat
    qtbot.keyClicks(view.composer.field, "What do birds eat?")
    qtbot.keyClick(view.composer.field, Qt.Key.Key_Return)
    window.wait(lambda: window.turns[-1:] == ["Birds eat"])
    assert window.status == "Answering" and window.button("Stop", view).isEnabled()
    desks.generator.may_write.set()
    window.wait(lambda: not window.chat.talk.running)
    assert window.turns == ["What do birds eat?", ANSWER] and window.status == "Ready"


def test_stopped_after_some_words_they_stay(window: DeskWindow, desks: Desks, qtbot: QtBot) -> None:
    """By Esc; they are a turn like any other."""
    desks.generator.words_before_held = 2
    desks.generator.may_write.clear()
    view = window.chat.chat
    window.chat.talk.say(Said("What do birds eat?", AskMode.TALK))
    window.wait(lambda: window.turns[-1:] == ["Birds eat"])
    qtbot.keyClick(view.composer.field, Qt.Key.Key_Escape)
    window.wait(lambda: not window.chat.talk.running)
    assert window.turns == ["What do birds eat?", "Birds eat"] and keys(view)[1] > 0
    assert "Stopping" not in window.texts(view)


@pytest.mark.parametrize("mode", list(AskMode))
def test_stopped_before_the_first_word_the_question_stays(
    window: DeskWindow, desks: Desks, tmp_path: Path, mode: AskMode
) -> None:
    """Also where the text is searched; nothing says that it is still stopping."""
    room = window.open(write_book(tmp_path, "rivers"))
    window.actions.show_ask()
    desks.generator.may_read.clear()
    room.talk.say(Said("Xylophone?", mode))
    window.wait(lambda: len(window.turns) == 2)
    room.talk.stop()
    window.wait(lambda: not room.talk.running)
    texts = window.texts(room.document_view)
    assert "Stopping" not in texts and window.turns[0] == "Xylophone?"
    if mode is AskMode.TALK:
        assert window.turns == ["Xylophone?"] and "Stopped before the first word; the question is kept" in texts


def test_stopped_while_another_is_answered_the_words_come_back(window: DeskWindow, desks: Desks) -> None:
    """A question that waits for its turn was not stored: it is in the composer again, at once."""
    desks.generator.may_write.clear()
    first = window.chat
    first.talk.say(Said("One", AskMode.TALK))
    window.wait(lambda: len(window.turns) == 2)
    second = window.controller.open_chat()
    assert second is not first
    second.talk.say(Said("Two", AskMode.TALK))
    second.talk.stop()
    window.wait(lambda: not second.talk.running)
    assert second.chat.draft == "Two" and window.turns == [] and first.talk.running
    desks.generator.may_write.set()
    window.wait(lambda: not first.talk.running)
    assert len(first.chat.list.turns) == 2


def test_found_in_the_text_with_pages(window: DeskWindow, tmp_path: Path) -> None:
    """Sentences with chips; a chip shows its page beside, with the quote marked."""
    window.window.resize(1700, 900)
    room = window.open(write_book(tmp_path, "rivers"))
    window.actions.show_ask()
    window.say("What does rivers2 run?", AskMode.FIND)
    view = room.document_view.chat
    assert view is not None
    citation = view.list.turns[1].lines[0].citations[0]
    assert citation.page == 3
    view.cited.emit(citation)
    assert room.document_view.tab is DocumentTab.ASK and room.document_view.text_pages.isVisible()
    assert room.document_view.text_pages.current_page == 3


def test_edit_and_branches(window: DeskWindow, desks: Desks) -> None:
    """An edited question is a branch beside; one goes over and back without the model."""
    view = window.chat.chat
    window.say("One")
    window.say("Two")
    view.edited.emit(Edited(keys(view)[2], "Two again"))
    window.wait(lambda: not window.chat.talk.running)
    assert window.turns == ["One", ANSWER, "Two again", ANSWER] and branches(view)[2] == (2, 2)
    desks.generator.may_read.clear()
    view.branch_chosen.emit(BranchChosen(keys(view)[2], -1))
    window.wait(lambda: window.turns[2] == "Two")
    window.rest()
    assert [len(one.branches) for one in window.controller.shelf.conversations] == [2]
    view.branch_chosen.emit(BranchChosen(keys(view)[2], 1))
    window.wait(lambda: window.turns[2] == "Two again")


def test_asked_while_a_branch_is_gone_to_the_words_come_back(window: DeskWindow) -> None:
    """Else they would follow on the branch that is left."""
    view = window.chat.chat
    window.say("One")
    view.edited.emit(Edited(keys(view)[0], "One again"))
    window.wait(lambda: not window.chat.talk.running)
    view.branch_chosen.emit(BranchChosen(keys(view)[0], -1))
    window.chat.talk.say(Said("Two", AskMode.TALK))
    assert view.draft == "Two" and not window.chat.talk.running
    window.wait(lambda: window.turns == ["One", ANSWER])


def test_regenerate(window: DeskWindow, desks: Desks) -> None:
    """Another answer beside the first; stopped before its first word, the first is still there."""
    view = window.chat.chat
    window.say("What do birds eat?")
    first = keys(view)[1]
    desks.generator.may_write.clear()
    view.regenerated.emit(first)
    window.wait(lambda: window.turns[1:] == [""])
    window.chat.talk.stop()
    window.wait(lambda: not window.chat.talk.running)
    assert keys(view)[1] == first and window.turns[1] == ANSWER
    desks.generator.may_write.set()
    desks.generator.reply = lambda text: "Fish."
    view.regenerated.emit(first)
    window.wait(lambda: not window.chat.talk.running)
    assert window.turns == ["What do birds eat?", "Fish."] and branches(view)[1] == (2, 2)


def test_an_answer_is_made_again_as_it_was_made(window: DeskWindow, tmp_path: Path) -> None:
    """What was found in the text is looked for again, whatever the composer says by now."""
    room = window.open(write_book(tmp_path, "rivers"))
    window.say("What does rivers2 run?", AskMode.FIND)
    view = room.document_view.chat
    assert view is not None
    view.composer.mode.setCurrentIndex(1)
    view.regenerated.emit(keys(view)[1])
    window.wait(lambda: not room.talk.running)
    assert view.list.turns[1].lines and branches(view)[1] == (2, 2)


def test_fork(window: DeskWindow) -> None:
    """A conversation of its own, with the turns so far."""
    window.say("One")
    window.say("Two")
    window.chat.chat.forked.emit(keys(window.chat.chat)[1])
    window.wait(lambda: len(window.controller.shelf.conversations) == 2)
    fork = next(one for one in window.controller.shelf.conversations if one.title == "One (fork)")
    assert fork.turns == 2
    assert window.notices == ["The copy stands in the list of conversations."]


def test_switching_while_it_writes(window: DeskWindow, desks: Desks) -> None:
    """The answer comes where it was asked for; New chat gives another one, not the one that is busy."""
    desks.generator.may_write.clear()
    busy = window.chat
    busy.talk.say(Said("One", AskMode.TALK))
    other = window.controller.open_chat()
    assert other is not busy
    desks.generator.may_write.set()
    window.wait(lambda: not busy.talk.running)
    assert [turn.text for turn in busy.chat.list.turns] == ["One", ANSWER] and window.turns == []
    assert window.controller.open_chat(busy.talk.conversation_id) is busy
    assert window.controller.open_chat() is other


def test_a_worker_that_dies_while_it_answers(window: DeskWindow, desks: Desks) -> None:
    """The answer is made by the next one, and is there once."""
    original, calls = desks.generator.generate, [0]

    def generate(*arguments: object, **options: object) -> object:
        calls[0] += 1
        if calls[0] == 1:
            raise WorkerLostError("the model's process stopped")
        return original(*arguments, **options)  # type: ignore[arg-type]

    desks.generator.generate = generate  # type: ignore[method-assign, assignment]
    window.say("One")
    assert window.turns == ["One", ANSWER]


def test_conversations_on_a_document_are_not_all_kept_open(window: DeskWindow, tmp_path: Path) -> None:
    """Those looked at longest ago are closed, but never one with words that were not sent."""
    room = window.open(write_book(tmp_path, "rivers"))
    first = room.document_view.chat
    assert isinstance(room, DocumentRoom) and first is not None
    first.draft = "not sent"
    ids: list[str | None] = []
    for number in range(6):
        room.show_conversation(None)
        if room.document_view.chat is first:
            first.draft = "not sent"
        window.say(f"Question {number}")
        ids.append(room.talk.conversation_id)
    assert len(room.talks) <= 5
    room.show_conversation(ids[1])
    window.wait(lambda: window.turns[:1] == ["Question 1"])


def test_a_turn_on_another_branch_is_gone_to(window: DeskWindow) -> None:
    """As from a search: its branch is taken, and the turn is in sight."""
    view = window.chat.chat
    window.say("One")
    old = keys(view)[0]
    view.edited.emit(Edited(old, "One again"))
    window.wait(lambda: not window.chat.talk.running)
    window.chat.talk.look_up(show_turn=old)
    window.wait(lambda: window.turns == ["One", ANSWER])


def test_drafts_survive_the_end(window: DeskWindow, desks: Desks, tmp_path: Path) -> None:
    """Of a new chat, of a stored one, and of a document; what was sent does not come back."""
    window.say("One")
    stored = window.chat.talk.conversation_id
    window.chat.chat.draft = "to the first"
    window.controller.open_chat().chat.draft = "to a new one"
    path = write_book(tmp_path, "rivers")
    window.open(path).document_view.chat.draft = "to the document"  # type: ignore[union-attr]
    window.end()
    window = desks.window()
    assert window.paths.drafts.stat().st_mode & 0o077 == 0
    window.rest()
    assert window.controller.open_chat(stored).chat.draft == "to the first"
    assert window.controller.open_chat().chat.draft == "to a new one"
    assert window.open(path).document_view.chat.draft == "to the document"  # type: ignore[union-attr]
    chat = window.controller.open_chat(stored)
    chat.chat.draft = ""
    window.end()
    window = desks.window()
    window.rest()
    assert window.controller.open_chat(stored).chat.draft == ""


def test_settings_hold_for_the_next_question(window: DeskWindow, desks: Desks) -> None:
    """Sampling and system prompt need no new start."""
    window.say("One")
    window.controller.preferences.save({"temperature": 0.125, "system_prompt": "Answer in rhymes."})
    window.say("Two")
    assert [sampling.temperature for sampling in desks.generator.samplings][-1] == 0.125
    window.controller.open_chat()
    window.say("Three")
    told = [desks.generator.text(ids) for ids in desks.generator.states.values()]
    assert any("Answer in rhymes." in text and "Three" in text for text in told)


def test_links_go_nowhere_while_offline(window: DeskWindow) -> None:
    """The address is copied instead."""
    from PySide6.QtGui import QGuiApplication

    window.chat.chat.link_opened.emit("https://example.org/")
    assert QGuiApplication.clipboard().text() == "https://example.org/"
    assert window.status == "Offline: the address was copied, not opened"


def test_a_citation_of_a_page_that_is_not_there(window: DeskWindow, tmp_path: Path) -> None:
    """The nearest page, and a note that reads the quote."""
    room = window.open(write_book(tmp_path, "rivers"))
    room.show_citation(Citation(99, "what it should say", 0, 5))
    assert room.document_view.text_pages.current_page == 4
    assert room.document_view.text_pages.frame.note.text.endswith("what it should say")


def test_a_base_model_is_told_before_the_first_word(desks: Desks) -> None:
    """An empty conversation says that the model completes; one that converses has nothing said of it."""
    desks.generator.info = replace(desks.generator.info, is_chat=False)
    window = desks.window()
    window.wait_ready()
    window.controller.open_chat()
    told = "This model completes text: it was not trained to converse, so it goes on from what you write."
    hint = window.chat.chat.hint
    assert [label.text() for label in hint.findChildren(QLabel) if label.isVisible()][1] == told
    window.controller.engine.ready.emit(replace(desks.generator.info, is_chat=True))
    assert told not in [label.text() for label in hint.findChildren(QLabel) if label.isVisible()]
