"""From Stop pressed to stopped: the window says so, and no lane waits for the model any more."""

from __future__ import annotations

import random
import statistics
import time
from pathlib import Path
from typing import Any

from app.core.paths import resources_dir
from app.ui.controllers.document_room import DocumentRoom
from app.ui.controllers.room import ChatRoom
from app.ui.widgets.shown_turn import AskMode, Said
from benchmarks.window_desk import DeskWindow, desk_window

SAMPLE = "sample/forests-and-waters.pdf"


def seconds_to_stop(folder: Path, rounds: int) -> dict[str, Any]:
    """Stops at random moments while a document is read, and while an answer is written."""
    moments = random.Random(5)
    with desk_window(folder) as desk:
        controller = desk.controller
        desk.wait(lambda: controller.engine.is_ready, 120, "the model")
        desk.open(resources_dir() / SAMPLE)
        room = controller.room
        assert isinstance(room, DocumentRoom)
        reading = [_stop_reading(desk, room, moments) for _ in range(rounds)]
        chat = controller.open_chat()
        writing = [_stop_writing(desk, chat, moments) for _ in range(rounds)]
    return {"reading": _figures(reading), "writing": _figures(writing), "target_s": 0.3}


def _stop_reading(desk: DeskWindow, room: DocumentRoom, moments: random.Random) -> float:
    desk.actions.summarise()
    desk.wait(lambda: bool(desk.controller.activity.rooms), 120, "the reading")
    desk.run(1.0 + moments.random() * 1.5)
    began = time.perf_counter()
    desk.actions.stop()
    desk.wait(lambda: not room.summary.running and desk.jobs.idle, 30, "the stop")
    return time.perf_counter() - began


def _stop_writing(desk: DeskWindow, chat: ChatRoom, moments: random.Random) -> float:
    """Answers that end by themselves before they are stopped are asked for again."""
    while True:
        chat.talk.say(Said("Tell a long story about a river.", AskMode.TALK))
        desk.run(0.7 + moments.random())
        if chat.talk.running:
            break
    began = time.perf_counter()
    chat.talk.stop()
    desk.wait(lambda: not chat.talk.running and desk.jobs.idle, 30, "the stop")
    return time.perf_counter() - began


def _figures(seconds: list[float]) -> dict[str, Any]:
    return {
        "seconds": [round(s, 3) for s in seconds],
        "median_s": round(statistics.median(seconds), 3),
        "largest_s": round(max(seconds), 3),
    }
