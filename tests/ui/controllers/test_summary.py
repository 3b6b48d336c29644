"""A document's summary: begun, waiting, paused, gone on with, stopped, failed, shown again."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from pytestqt.qtbot import QtBot

from app.core.errors import WorkerLostError
from app.tasks.model import Style
from app.ui.controllers.document_room import DocumentRoom
from app.ui.views.summary import ReadingShown, SummaryWish
from tests.ui.desk_window import Desks, DeskWindow, write_book

CHAPTERS = 8
READS_A_SECTION = 7
"""At least as many as the model is asked for; a section more may come of it, never all."""


@pytest.fixture
def window(desks: Desks) -> DeskWindow:
    """With its model loaded."""
    made = desks.window()
    made.wait_ready()
    return made


def sections_written(room: DocumentRoom) -> int:
    return len(room.summary._sections)


def hold_after(desks: Desks, sections: int) -> None:
    """Let the model read as much as so many sections and stand still then, however busy the machine is."""
    desks.generator.may_read.clear()
    desks.generator.reads_before_held = READS_A_SECTION * sections


def pause_after_some(desks: Desks, window: DeskWindow, room: DocumentRoom) -> int:
    """Begin, and pause when something is written; how many sections are."""
    hold_after(desks, 2)
    window.actions.summarise()
    window.wait(lambda: sections_written(room) >= 2)
    window.actions.pause_or_resume()
    window.wait(lambda: room.summary.paused and window.jobs.idle)
    window.rest()
    desks.generator.may_read.set()
    return sections_written(room)


def test_a_summary_is_made_shown_and_found_again(window: DeskWindow, desks: Desks, tmp_path: Path) -> None:
    """Also by the next start, and copied as Markdown."""
    room = window.open(write_book(tmp_path, "rivers", CHAPTERS))
    window.actions.copy_summary()
    assert window.status == "There is no summary yet"
    window.actions.summarise()
    window.wait(lambda: "## Summary" in room.summary.markdown)
    window.rest()
    made = room.summary.markdown
    window.actions.copy_summary()
    assert QGuiApplication.clipboard().text() == made
    window.end()
    window = desks.window()
    room = window.open(tmp_path / "rivers.txt")
    window.wait(lambda: room.summary.markdown)
    assert room.summary.markdown == made
    assert window.button("Make anew", room.document_view).isVisible()
    room.summary.export(tmp_path / "rivers.md")
    window.wait(lambda: window.notices)
    assert (tmp_path / "rivers.md").read_text() == made


def test_the_one_begun_second_waits_and_says_so(window: DeskWindow, desks: Desks, tmp_path: Path) -> None:
    """Stopped while it waits, it ends at once, though the other reads on."""
    desks.generator.may_read.clear()
    rivers = window.open(write_book(tmp_path, "rivers", CHAPTERS))
    window.actions.summarise()
    window.wait(lambda: not window.jobs.idle)
    seas = window.open(write_book(tmp_path, "seas", CHAPTERS))
    window.actions.summarise()
    assert "Waiting: another document is being read" in window.texts(seas.document_view.summary)
    assert window.controller.activity.rooms == (rivers, seas)
    seas.summary.stop()
    window.wait(lambda: not seas.summary.running and window.controller.activity.rooms == (rivers,))
    assert window.button("Summarise", seas.document_view).isVisible()
    desks.generator.may_read.set()
    window.wait(lambda: "## Summary" in rivers.summary.markdown)


def test_pause_and_resume(window: DeskWindow, desks: Desks, tmp_path: Path) -> None:
    """What is written stays, the status line offers to go on, and it goes on from there."""
    room = window.open(write_book(tmp_path, "rivers", CHAPTERS))
    desks.generator.may_read.clear()
    window.actions.summarise()
    window.wait(lambda: window.controller.activity.rooms)
    window.button("Pause", window.window.status).click()
    window.wait(lambda: room.summary.paused and not window.controller.activity.rooms)
    assert window.status == "rivers" and "· Paused" in window.texts(window.window.status)
    assert window.actions.commands.action("pause").isEnabled()
    desks.generator.may_read.set()
    window.button("Resume", window.window.status).click()
    window.wait(lambda: "## Summary" in room.summary.markdown)
    window.rest()
    assert window.status == "Ready"


def test_resumed_before_it_has_come_to_rest(window: DeskWindow, desks: Desks, tmp_path: Path) -> None:
    """The end of the first run is not taken for the end of the second."""
    room = window.open(write_book(tmp_path, "rivers", CHAPTERS))
    desks.generator.may_read.clear()
    window.actions.summarise()
    window.wait(lambda: not window.jobs.idle)
    room.summary.pause()
    room.summary.resume()
    assert room.summary.running and not room.summary.paused
    window.wait(lambda: room.summary.running)
    assert window.button("Pause", room.document_view.summary).isVisible()
    desks.generator.may_read.set()
    window.wait(lambda: "## Summary" in room.summary.markdown and not room.summary.running)


def test_what_is_done_before_the_pause_is_not_paused(window: DeskWindow, tmp_path: Path) -> None:
    """It had ended, and nobody had been told of that yet."""
    room = window.open(write_book(tmp_path, "rivers", 2))
    window.actions.summarise()
    window.wait(lambda: sections_written(room) > 0)
    deadline = time.monotonic() + 10
    while not window.jobs.idle and time.monotonic() < deadline:
        time.sleep(0.01)  # the lane goes on, the event loop does not
    room.summary.pause()
    window.rest()
    assert window.button("Make anew", room.document_view).isVisible()
    assert not room.summary.paused and window.status == "Ready"


def test_stopped_it_can_be_made_in_another_style(window: DeskWindow, desks: Desks, tmp_path: Path) -> None:
    """What was written in the first style is kept, and gone on with when that is chosen again."""
    room = window.open(write_book(tmp_path, "rivers", CHAPTERS))
    written = pause_after_some(desks, window, room)
    assert written >= 2
    window.button("Stop", room.document_view.summary).click()
    assert not room.summary.paused and window.status == "Ready"
    room.summary.begin(SummaryWish(Style.BRIEF, fresh=False))
    window.wait(lambda: "*Summary (brief)" in room.summary.markdown and not room.summary.running)
    room.summary.begin(SummaryWish(Style.KEY_PASSAGES, fresh=False))
    window.wait(lambda: "*Summary (key-passages)" in room.summary.markdown and not room.summary.running)


def begin_and_stop(desks: Desks, window: DeskWindow, room: DocumentRoom, wish: SummaryWish, sections: int) -> int:
    """Stopped when so many are written, and at rest again; how many are."""
    written = 0
    hold_after(desks, sections)
    room.summary.begin(wish)

    def note(reading: object) -> None:
        nonlocal written
        if reading is None:
            written = sections_written(room)

    room.summary.reading.connect(note)
    window.wait(lambda: sections_written(room) >= sections)
    room.summary.stop()
    window.wait(lambda: not room.summary.running and window.jobs.idle)
    window.rest()
    room.summary.reading.disconnect(note)
    desks.generator.may_read.set()
    return written


def note_on_newer(window: DeskWindow, room: DocumentRoom) -> str:
    return next((text for text in window.texts(room.document_view.summary) if text.startswith("A newer one")), "")


def sections_noted(note: str) -> int:
    """How many are written by it: those that were told of, and perhaps one that was kept just before the stop."""
    found = re.search(r": (\d+) of ", note)
    return int(found[1]) if found else 0


@pytest.mark.parametrize(("style", "fresh"), [(Style.KEY_PASSAGES, True), (Style.BRIEF, False)])
def test_what_was_made_shows_again_where_its_successor_is_stopped(
    window: DeskWindow, desks: Desks, tmp_path: Path, style: Style, fresh: bool
) -> None:
    """Made anew or in another style; before its first section, and after some; in this run, and in the next."""
    path = write_book(tmp_path, "rivers", CHAPTERS)
    room = window.open(path)
    window.actions.summarise()
    window.wait(lambda: "## Summary" in room.summary.markdown and not room.summary.running)
    made = room.summary.markdown
    begin_and_stop(desks, window, room, SummaryWish(style, fresh), 0)
    assert room.summary.markdown == made and note_on_newer(window, room) == ""
    assert window.button("Make anew", room.document_view).isVisible()
    written = begin_and_stop(desks, window, room, SummaryWish(style, fresh), 2)
    assert room.summary.markdown == made
    assert sections_noted(note_on_newer(window, room)) >= written
    window.end()
    window = desks.window()
    window.wait_ready()
    room = window.open(path)
    window.wait(lambda: room.summary.markdown)
    assert room.summary.markdown == made
    assert sections_noted(note_on_newer(window, room)) >= written
    begun: list[int] = []
    told = room.summary._view.set_note
    room.summary._view.set_note = lambda text: (begun.append(1) if text.startswith("Going on") else None, told(text))  # type: ignore
    room.summary.begin(SummaryWish(style, fresh))
    window.wait(lambda: f"*Summary ({style})" in room.summary.markdown and not room.summary.running)
    assert begun and note_on_newer(window, room) == ""


def test_made_anew_paused_and_then_stopped(window: DeskWindow, desks: Desks, tmp_path: Path) -> None:
    """What was made before shows again."""
    room = window.open(write_book(tmp_path, "rivers", CHAPTERS))
    window.actions.summarise()
    window.wait(lambda: "## Summary" in room.summary.markdown and not room.summary.running)
    made = room.summary.markdown
    desks.generator.may_read.clear()
    window.button("Make anew", room.document_view).click()
    room.summary.pause()
    window.wait(lambda: not room.summary.running and window.jobs.idle)
    window.rest()
    assert room.summary.paused and room.summary.markdown == ""
    window.button("Stop", room.document_view.summary).click()
    window.wait(lambda: room.summary.markdown == made)


def test_esc_stops_the_reading_in_front(window: DeskWindow, desks: Desks, qtbot: QtBot, tmp_path: Path) -> None:
    """And no other."""
    desks.generator.may_read.clear()
    rivers = window.open(write_book(tmp_path, "rivers", CHAPTERS))
    window.actions.summarise()
    window.wait(lambda: not window.jobs.idle)
    window.actions.new_chat()
    qtbot.keyClick(window.window, Qt.Key.Key_Escape)
    assert rivers.summary.running
    window.controller.show_room(rivers)
    qtbot.keyClick(rivers.document_view.tabs.tabBar(), Qt.Key.Key_Escape)
    assert not rivers.summary.running
    window.wait(lambda: not window.controller.activity.rooms)


def test_a_worker_that_dies_is_one_notice_and_it_goes_on(window: DeskWindow, desks: Desks, tmp_path: Path) -> None:
    """No dialog, no failure; the summary is whole."""
    room = window.open(write_book(tmp_path, "rivers", CHAPTERS))
    original, calls = desks.generator.read, [0]

    def read(*arguments: object, **options: object) -> object:
        calls[0] += 1
        if calls[0] == 6:
            raise WorkerLostError("the model's process stopped")
        return original(*arguments, **options)  # type: ignore[arg-type]

    desks.generator.read = read  # type: ignore[method-assign, assignment]
    window.actions.summarise()
    window.wait(lambda: "## Summary" in room.summary.markdown and not room.summary.running)
    assert window.notices == ["The model's process stopped; it was started again and goes on from what was kept."]


def test_a_failure_is_told_where_it_happened_and_in_one_notice(
    window: DeskWindow, desks: Desks, tmp_path: Path
) -> None:
    """With the details to be copied; it can be begun again."""
    room = window.open(write_book(tmp_path, "rivers", CHAPTERS))
    original = desks.generator.read

    def read(*arguments: object, **options: object) -> object:
        raise MemoryError

    desks.generator.read = read  # type: ignore[method-assign, assignment]
    window.actions.summarise()
    window.wait(lambda: window.notices)
    window.rest()
    assert window.notices == ["There is not enough memory; close other programs."]
    assert "there is not enough memory; close other programs" in window.texts(room.document_view.summary)
    window.button("Copy details").click()
    assert "MemoryError" in QGuiApplication.clipboard().text()
    desks.generator.read = original  # type: ignore[method-assign]
    window.actions.summarise()
    window.wait(lambda: "## Summary" in room.summary.markdown)


def test_progress_that_goes_back_has_no_rate(window: DeskWindow, desks: Desks, tmp_path: Path) -> None:
    """Where another worker goes on from further back, no negative figures are shown."""
    from app.ui.controllers.summary_lane import Progress

    room = window.open(write_book(tmp_path, "rivers", CHAPTERS))
    shown: list[ReadingShown] = []
    room.summary.reading.connect(shown.append)
    for at, tokens in ((0.0, 100), (5.0, 600), (6.0, 50), (8.0, 250)):
        room.summary._told([Progress(1, tokens, 1000, at)])
    assert [reading.tokens_per_second for reading in shown] == [0.0, 100.0, 0.0, 100.0]
    assert shown[2].seconds_left is None and shown[3].seconds_left == 7.5
