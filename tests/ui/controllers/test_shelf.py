"""The lists on the left, and what is done from them."""

from __future__ import annotations

import json
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from app.services.shelf_rows import DocumentState
from app.ui.controllers.room import ChatRoom
from app.ui.dialogs.removal import RemovalQuestion
from app.ui.models.conversations import ConversationChosen
from tests.ui.desk_window import Desks, DeskWindow, write_book


def titles(window: DeskWindow) -> list[str]:
    return [one.title for one in window.controller.shelf.conversations]


def talked(desks: Desks, text: str = "Where do rivers end?") -> DeskWindow:
    """A window with one chat that has been answered."""
    window = desks.window()
    window.controller.open_chat()
    window.say(text)
    window.rest()
    return window


def ask_to_remove(window: DeskWindow) -> None:
    """Press Delete on the first document."""
    pane = window.window.sidebar.documents
    pane.setFocus()
    pane.setCurrentIndex(pane.model().index(0, 0))
    QTest.keyClick(pane, Qt.Key.Key_Delete)


def remove_document(window: DeskWindow) -> None:
    """And say that it is meant."""
    ask_to_remove(window)
    window.button("Remove").click()


def test_a_conversation_is_named_and_marked(desks: Desks) -> None:
    """Once its first turn is kept, in list and title."""
    window = talked(desks)
    assert titles(window) == ["Where do rivers end?"]
    assert window.window.windowTitle() == "Where do rivers end? – Griffin Desk"
    assert window.window.sidebar.conversations.selectionModel().hasSelection()
    window.controller.show_room(None)
    assert window.window.windowTitle() == "Griffin Desk"
    assert not window.window.sidebar.conversations.selectionModel().hasSelection()


def test_rename_duplicate_search(desks: Desks) -> None:
    """Each is seen in the lists."""
    window = talked(desks)
    shelf = window.controller.shelf
    first = shelf.conversations[0].id
    shelf.rename(first, "Rivers")
    window.wait(lambda: titles(window) == ["Rivers"])
    assert window.window.windowTitle() == "Rivers – Griffin Desk"
    shelf.duplicate(first)
    window.wait(lambda: sorted(titles(window)) == ["Rivers", "Rivers (fork)"])
    hits: list[object] = []
    shelf.found.connect(hits.append)
    shelf.search("sea")
    shelf.search("seeds")  # the last search counts
    window.wait(lambda: hits)
    window.rest()
    (found,) = hits
    assert found.words == "seeds" and {hit.conversation_id for hit in found.hits} >= {first}  # type: ignore[attr-defined]


def test_deleting_can_be_undone(desks: Desks) -> None:
    """The room closes with it; the notice brings it back."""
    window = talked(desks)
    conversation_id = window.controller.shelf.conversations[0].id
    window.window.sidebar.conversation_deleted.emit(conversation_id)
    window.wait(lambda: titles(window) == [])
    assert window.controller.room is None and window.controller.rooms.all == ()
    window.button("Undo").click()
    window.wait(lambda: titles(window) == ["Where do rivers end?"])


def test_a_deleted_conversation_on_a_document_closes_there(desks: Desks, tmp_path: Path) -> None:
    """The document stays open, with an empty conversation."""
    window = desks.window()
    room = window.open(write_book(tmp_path, "rivers"))
    window.say("What runs?")
    window.rest()
    window.window.sidebar.conversation_deleted.emit(room.talk.conversation_id)
    assert room.talk.conversation_id is None and len(room.talks) == 1 and window.turns == []
    window.wait(lambda: titles(window) == [])


def test_conversations_open_where_they_belong(desks: Desks, tmp_path: Path) -> None:
    """One on a document beside it, whatever else is opened at that moment; one on none by itself."""
    window = desks.window()
    rivers = window.open(write_book(tmp_path, "rivers"))
    window.say("What runs?")
    on_rivers = rivers.talk.conversation_id
    window.controller.open_chat()
    window.say("Hello")
    chat = window.chat.talk.conversation_id
    window.end()
    window = desks.window()
    shelf, chosen = window.controller.shelf, window.window.sidebar.conversation_chosen
    # Before the first look at the library, and while another document comes in.
    chosen.emit(ConversationChosen(chat or ""))
    window.wait(lambda: isinstance(window.controller.room, ChatRoom) and window.turns)
    assert window.turns[0] == "Hello"
    window.wait(lambda: shelf.documents)
    window.controller.imports.open_file(write_book(tmp_path, "seas"))
    chosen.emit(ConversationChosen(on_rivers or ""))
    window.wait(lambda: len(window.controller.rooms.all) == 3)
    window.rest()
    talks = {room.title: room.talk.conversation_id for room in window.controller.rooms.all}  # type: ignore[attr-defined]
    assert talks["rivers"] == on_rivers and talks["seas"] is None


def test_a_conversation_whose_document_is_gone(desks: Desks, tmp_path: Path) -> None:
    """It can still be read, and gone on with."""
    window = desks.window()
    room = window.open(write_book(tmp_path, "rivers"))
    window.say("What runs?")
    window.rest()
    conversation_id = room.talk.conversation_id or ""
    remove_document(window)
    window.wait(lambda: window.controller.shelf.documents == [] and window.jobs.idle)
    assert window.controller.room is None
    window.window.sidebar.conversation_chosen.emit(ConversationChosen(conversation_id))
    window.wait(lambda: isinstance(window.controller.room, ChatRoom) and window.turns)
    window.say("And then?")
    assert len(window.turns) == 4 and window.notices == []


def test_a_document_is_removed_only_when_it_is_meant(desks: Desks, tmp_path: Path) -> None:
    """Delete asks, and Cancel leaves document and room as they were; the window goes on meanwhile."""
    window = desks.window()
    room = window.open(write_book(tmp_path, "rivers"))
    window.rest()
    ask_to_remove(window)
    question = window.window.findChild(RemovalQuestion)
    assert question.text().startswith("Remove rivers from the library?")
    window.wait(question.defaultButton().hasFocus)
    QTest.keyClick(question.defaultButton(), Qt.Key.Key_Return)
    window.wait(lambda: window.window.findChild(RemovalQuestion) is None)
    window.rest()
    assert len(window.controller.shelf.documents) == 1 and window.controller.room is room
    remove_document(window)
    window.wait(lambda: window.controller.shelf.documents == [] and window.jobs.idle)
    assert window.controller.room is None and room.path.exists()


def test_a_refused_file_goes_without_a_question(desks: Desks, tmp_path: Path) -> None:
    """There is nothing to lose."""
    path = tmp_path / "bad.txt"
    path.write_text("bad")
    window = desks.window()
    window.controller.imports.open_file(path)
    window.wait(lambda: [row.state for row in window.controller.shelf.documents] == [DocumentState.REFUSED])
    window.rest()
    ask_to_remove(window)
    assert window.window.findChild(RemovalQuestion) is None
    window.wait(lambda: window.controller.shelf.documents == [])


def test_removing_a_document_while_it_is_read(desks: Desks, tmp_path: Path) -> None:
    """The reading stops and the status line forgets it."""
    window = desks.window()
    window.wait_ready()
    room = window.open(write_book(tmp_path, "rivers", 12))
    window.rest()
    desks.generator.may_read.clear()
    window.actions.summarise()
    window.wait(lambda: window.controller.activity.rooms == (room,))
    remove_document(window)
    window.rest()
    assert window.controller.activity.rooms == () and window.controller.shelf.documents == []
    assert window.status == "Ready" and window.notices == []
    desks.generator.may_read.set()
    window.open(write_book(tmp_path, "seas"))
    window.actions.summarise()
    window.wait(lambda: window.document.summary.markdown and not window.document.summary.running)


def test_a_conversation_is_exported(desks: Desks, tmp_path: Path) -> None:
    """To read as Markdown, with all branches as JSON; where it cannot be written one line says so."""
    window = talked(desks)
    shelf = window.controller.shelf
    conversation_id = shelf.conversations[0].id
    for name in ("talk.md", "talk.json"):
        shelf.export(conversation_id, tmp_path / name)
    window.wait(lambda: len(window.notices) == 2)
    assert "Birds eat seeds" in (tmp_path / "talk.md").read_text()
    assert json.loads((tmp_path / "talk.json").read_text())
    shelf.export(conversation_id, tmp_path / "nowhere" / "talk.md")
    window.wait(lambda: len(window.notices) == 3)
    assert "cannot be written" in window.notices[0]


def test_recent_documents_say_when(desks: Desks, tmp_path: Path) -> None:
    """On the home page, with what has become of them."""
    window = desks.window()
    window.wait_ready()
    window.open(write_book(tmp_path, "rivers"))
    window.actions.summarise()
    window.wait(lambda: [row.state for row in window.controller.shelf.documents] == [DocumentState.READ])
    window.actions.go_home()
    row = window.button("rivers, read, Today", window.window.home)
    row.click()
    window.wait(lambda: window.controller.room is not None)
