"""An open document: the conversations on it."""

from __future__ import annotations

from pathlib import Path

from app.ui.controllers.document_room import KEPT_TALKS
from tests.ui.desk_window import Desks, write_book


def test_the_conversation_in_front_is_deleted_beside_others_with_drafts(desks: Desks, tmp_path: Path) -> None:
    """A new one takes its place; those in which something is written stay."""
    window = desks.window()
    window.wait_ready()
    room = window.open(write_book(tmp_path, "rivers", 1))
    window.say("Question 0")
    for number in range(1, KEPT_TALKS):
        room.document_view.chat.draft = f"Draft {number}"  # type: ignore[union-attr]
        room.show_conversation(None)
        window.say(f"Question {number}")
    assert len(room.talks) == KEPT_TALKS
    front = room.talk.conversation_id
    assert front is not None
    room.forget_conversation(front)
    assert front not in {talk.conversation_id for talk in room.talks.values()}
    assert room.talk.conversation_id is None
    assert [view.draft for view in room.talks] == ["Draft 1", "Draft 2", "Draft 3", ""]
