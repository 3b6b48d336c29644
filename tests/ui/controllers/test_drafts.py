"""What is written and not sent: kept while it is, and forgotten once it is sent."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.ui.controllers.room import ChatRoom
from app.ui.jobs import Lane
from app.ui.views.chat import ChatView
from app.ui.views.document import DocumentTab
from tests.ui.desk_window import Desks, DeskWindow, write_book


@pytest.fixture
def window(desks: Desks) -> DeskWindow:
    """With its model loaded."""
    made = desks.window()
    made.wait_ready()
    return made


def send(qtbot: QtBot, window: DeskWindow, view: ChatView) -> None:
    """What is written there, by the key, until it is answered."""
    room = window.controller.room
    talk = window.chat.talk if isinstance(room, ChatRoom) else window.document.talk
    qtbot.keyClick(view.composer.field, Qt.Key.Key_Return)
    window.wait(lambda: talk.conversation_id is not None and not talk.running)


def test_a_sent_question_is_no_draft_of_the_next_chat(window: DeskWindow, desks: Desks, qtbot: QtBot) -> None:
    """Neither at once nor after the next look or start."""
    view = window.controller.open_chat().chat
    view.draft = "What do birds eat?"
    window.controller.drafts.look()
    send(qtbot, window, view)
    again = window.controller.open_chat()
    assert again.chat is not view and again.chat.draft == ""
    window.controller.drafts.look()
    window.end()
    window = desks.window()
    window.rest()
    assert window.controller.open_chat().chat.draft == ""


def test_a_draft_of_the_run_before_is_forgotten_when_it_is_sent(window: DeskWindow, desks: Desks, qtbot: QtBot) -> None:
    """Also where nobody has looked since it was shown."""
    window.controller.open_chat().chat.draft = "What do birds eat?"
    window.end()
    window = desks.window()
    window.wait_ready()
    view = window.controller.open_chat().chat
    assert view.draft == "What do birds eat?"
    send(qtbot, window, view)
    assert window.controller.open_chat().chat.draft == ""
    window.end()
    window = desks.window()
    window.rest()
    assert window.controller.open_chat().chat.draft == ""


def test_a_question_sent_to_a_document_is_no_draft_of_its_next_talk(
    window: DeskWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    """What is written for that one is its own, and that for the stored one goes by its id."""
    room = window.open(write_book(tmp_path, "rivers"))
    room.show_tab(DocumentTab.ASK)
    view = room.document_view.chat
    assert view is not None
    view.draft = "What runs?"
    window.controller.drafts.look()
    send(qtbot, window, view)
    stored = room.talk.conversation_id
    view.draft = "And then?"
    room.show_conversation(None)
    assert room.document_view.chat is not view and room.document_view.chat.draft == ""  # type: ignore[union-attr]
    room.document_view.chat.draft = "Something else"  # type: ignore[union-attr]
    window.controller.drafts.look()
    assert window.controller.drafts.draft(room.key) == "Something else"
    assert window.controller.drafts.draft(str(stored)) == "And then?"


def test_what_is_not_shown_is_kept(window: DeskWindow, desks: Desks, tmp_path: Path) -> None:
    """By a run that opens something else only."""
    path = write_book(tmp_path, "rivers")
    window.open(path).document_view.chat.draft = "to the document"  # type: ignore[union-attr]
    window.end()
    window = desks.window()
    window.rest()
    window.controller.open_chat().chat.draft = "to a new one"
    window.controller.drafts.look()
    window.end()
    window = desks.window()
    window.rest()
    assert window.open(path).document_view.chat.draft == "to the document"  # type: ignore[union-attr]
    assert window.controller.open_chat().chat.draft == "to a new one"


def test_a_run_that_ends_at_once_keeps_what_was_looked_at(window: DeskWindow, desks: Desks) -> None:
    """The lane that was to write it has something else to do, and ends before it comes to that."""
    busy = threading.Event()
    window.jobs.submit(Lane.QUICK, lambda task: busy.wait(0.5))
    window.controller.open_chat().chat.draft = "Just written"
    window.controller.drafts.look()
    window.end()
    window = desks.window()
    window.rest()
    assert window.controller.open_chat().chat.draft == "Just written"


@pytest.mark.parametrize("content", [b"\xff\xfe", b"[" * 100_000, b'{"chat": "half', b'["a list"]'])
def test_what_cannot_be_understood_is_kept_aside(desks: Desks, content: bytes) -> None:
    """The next drafts are kept all the same, and a second damaged file has a name of its own."""
    for number in (1, 2):
        file = desks.folder / "data" / "drafts.json"
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(content)
        window = desks.window()
        window.rest()
        window.controller.open_chat().chat.draft = f"Written after {number}"
        window.controller.drafts.look()
        window.end()
        assert file.with_name(f"drafts.damaged-{number}.json").read_bytes() == content
        assert f"Written after {number}" in file.read_text("utf-8")
