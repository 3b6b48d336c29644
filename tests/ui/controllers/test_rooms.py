"""What is open: how much of it is kept, and what the status line and meters say of it."""

from __future__ import annotations

from pathlib import Path

from app.ui.controllers.rooms import KEPT_ROOMS
from app.ui.jobs import Lane
from app.ui.widgets.shown_turn import AskMode, Said
from tests.ui.desk_window import Desks, write_book


def test_rooms_looked_at_longest_ago_are_closed(desks: Desks, tmp_path: Path) -> None:
    """But never one in which something runs or is written."""
    window = desks.window()
    window.wait_ready()
    running = window.open(write_book(tmp_path, "rivers"))
    desks.generator.may_read.clear()
    window.actions.summarise()
    written = window.controller.open_chat()
    written.chat.draft = "not sent"
    gone: list[int] = []
    others = []
    for number in range(KEPT_ROOMS):
        others.append(window.open(write_book(tmp_path, f"book{number}", 1)))
        others[-1].view.destroyed.connect(lambda _, number=number: gone.append(number))
    window.rest_but(Lane.READING)
    rooms = window.controller.rooms.all
    assert len(rooms) == KEPT_ROOMS and running in rooms and written in rooms
    assert others[0] not in rooms and others[1] not in rooms and others[-1] is window.controller.room
    assert window.window.centre.count() == KEPT_ROOMS + 1  # the home page
    window.wait(lambda: gone == [0, 1])
    desks.generator.may_read.set()
    window.wait(lambda: "## Summary" in running.summary.markdown)


def test_answers_that_come_for_a_closed_room(desks: Desks, tmp_path: Path) -> None:
    """Nobody is there to hear them: nothing fails."""
    window = desks.window()
    window.wait_ready()
    room = window.open(write_book(tmp_path, "rivers"))
    desks.generator.may_write.clear()
    room.talk.say(Said("What runs?", AskMode.TALK))
    window.actions.summarise()
    window.actions.show_pages()
    window.wait(lambda: room.talk.conversation_id is not None)
    assert window.controller.activity.rooms == (room,)
    window.controller.rooms.forget_document(room.item.document_id)
    assert window.controller.room is None and window.controller.activity.rooms == ()
    desks.generator.may_write.set()
    window.rest()
    assert window.status == "Ready" and window.notices == []


def test_stopping_everything(desks: Desks, tmp_path: Path) -> None:
    """The status line's button stops answer and reading, and forgets a paused one."""
    window = desks.window()
    window.wait_ready()
    room = window.open(write_book(tmp_path, "rivers", 6))
    desks.generator.may_read.clear()
    window.actions.summarise()
    room.talk.say(Said("What runs?", AskMode.TALK))
    window.wait(lambda: room.talk.conversation_id is not None)
    window.actions.go_home()
    window.button("Stop", window.window.status).click()
    window.wait(lambda: window.controller.activity.rooms == ())
    assert window.status == "Ready" and not room.summary.running
    window.controller.show_room(room)
    window.actions.summarise()
    window.wait(lambda: window.controller.activity.rooms)
    window.actions.pause_or_resume()
    window.wait(lambda: room.summary.paused and not window.controller.activity.rooms)
    window.button("Stop", window.window.status).click()
    assert window.status == "Ready" and not room.summary.paused


def test_the_status_line_says_how_far_it_is(desks: Desks, tmp_path: Path) -> None:
    """Page and title of what is read, then that it answers, then that it is at rest; the list shows it too."""
    window = desks.window()
    window.wait_ready()
    said: list[str] = []
    room = window.open(write_book(tmp_path, "rivers", 6))
    window.controller.activity.changed.connect(lambda: said.append(window.status))
    desks.generator.may_read.clear()
    window.actions.summarise()
    assert said == ["Waiting to read rivers"]
    room.summary.reading.connect(lambda reading: said.append(window.status) if reading else None)
    desks.generator.may_read.set()
    window.wait(lambda: "## Summary" in room.summary.markdown)
    window.rest()
    assert any(text.startswith("Reading rivers, page ") and text.endswith(" of 6") for text in said)
    assert said[-1] == "Ready"


def test_commands_are_enabled_for_what_is_in_front(desks: Desks, tmp_path: Path) -> None:
    """Nothing can be stopped while nothing runs."""
    window = desks.window()
    window.wait_ready()
    action = window.actions.commands.action
    assert not action("summarise").isEnabled() and not action("stop").isEnabled() and not action("export").isEnabled()
    room = window.open(write_book(tmp_path, "rivers", 6))
    assert action("summarise").isEnabled() and action("export").isEnabled()
    desks.generator.may_read.clear()
    action("summarise").trigger()
    assert action("stop").isEnabled()
    action("stop").trigger()
    window.wait(lambda: not room.summary.running and not action("stop").isEnabled())
    window.actions.new_chat()
    assert not action("summarise").isEnabled() and action("export").isEnabled()
