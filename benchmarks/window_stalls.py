"""Stalls of the window's event loop while a long document is read and a user does what users do."""

from __future__ import annotations

import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

from app.ui.controllers.document_room import DocumentRoom
from app.ui.controllers.room import ChatRoom
from app.ui.widgets.shown_turn import AskMode, Said
from benchmarks.window_desk import DeskWindow, desk_window
from benchmarks.window_loop import BareLoop, LoopTimer, figures

QUESTIONS = ("How is a vector made?", "What does the function plot do?", "How are missing values marked?")


def stalls(folder: Path, file: Path, minutes: float) -> dict[str, Any]:
    """Delays of a 10 ms timer in the window and in a bare loop beside it, and when the window's were longest."""
    bare = BareLoop()
    with desk_window(folder) as desk:
        timer = LoopTimer()
        timer.start(sampled=True)
        marks: list[tuple[float, str]] = []
        _use(desk, file, minutes, marks)
        timer.stop()
        ticks = timer.ticks
        tokens = desk.controller.activity.tokens_read
    control = bare.finish()
    return {
        "file": file.name,
        "window": figures(ticks),
        "bare_loop": figures(control),
        "longest": _longest(ticks, marks, timer.suspects),
        "by_phase": _by_phase(ticks, marks),
        "tokens_read": tokens,
        "torch_imported": "torch" in sys.modules,
    }


def _use(desk: DeskWindow, file: Path, minutes: float, marks: list[tuple[float, str]]) -> None:
    def mark(phase: str) -> None:
        marks.append((time.time(), phase))

    controller, window = desk.controller, desk.window
    mark("start")
    desk.wait(lambda: controller.engine.is_ready, 120, "the model")
    mark("import")
    desk.open(file)
    room = controller.room
    assert isinstance(room, DocumentRoom)
    mark("summary begins")
    desk.run(2)
    desk.actions.summarise()
    desk.wait(lambda: bool(controller.activity.rooms), 300, "the reading")
    end = time.monotonic() + 60 * minutes
    chat = None
    round_ = 0
    while time.monotonic() < end:
        mark("reading, notes in front")
        desk.run(8)
        mark("pages in front, scrolled")
        desk.actions.show_pages()
        desk.run(2)
        for _ in range(10):
            bar = room.document_view.pages.canvas.verticalScrollBar()
            bar.setValue(bar.value() + bar.maximum() // 37)
            desk.run(0.4)
        mark("asked about the document")
        desk.actions.show_ask()
        desk.run(0.5)
        room.talk.say(Said(QUESTIONS[round_ % len(QUESTIONS)], AskMode.FIND))
        desk.wait(lambda: not room.talk.running, 300, "the answer")
        mark("chat beside the reading")
        chat = controller.open_chat(chat.talk.conversation_id if chat is not None else None)
        desk.run(0.5)
        chat.talk.say(Said("Explain what a statistical model is.", AskMode.TALK))
        desk.wait(partial(_quiet, chat), 300, "the chat")
        mark("library and search")
        for letters in ("f", "fu", "ful", "full", ""):
            window.sidebar.search.setText(letters)
            desk.run(0.3)
        controller.show_room(room)
        desk.actions.show_summary()
        round_ += 1
    mark("end")


def _quiet(chat: ChatRoom) -> bool:
    return not chat.talk.running


def _phase(at: float, marks: list[tuple[float, str]]) -> str:
    return next((phase for since, phase in reversed(marks) if since <= at), "before")


def _longest(
    ticks: list[tuple[float, float]], marks: list[tuple[float, str]], suspects: list[tuple[float, list[str]]]
) -> list[dict[str, Any]]:
    worst = sorted(ticks, key=lambda tick: -tick[1])[:15]
    begin = ticks[0][0] if ticks else 0.0
    found = []
    for at, delay in worst:
        elsewhere = [where for when, where in suspects if abs(when - at) < 0.01]
        found.append(
            {
                "at_s": round(at - begin, 1),
                "ms": round(delay, 1),
                "phase": _phase(at, marks),
                "elsewhere": elsewhere[0] if elsewhere else [],
            }
        )
    return found


def _by_phase(ticks: list[tuple[float, float]], marks: list[tuple[float, str]]) -> dict[str, Any]:
    phases: dict[str, list[tuple[float, float]]] = {}
    for tick in ticks:
        phases.setdefault(_phase(tick[0], marks), []).append(tick)
    return {phase: figures(found) for phase, found in phases.items()}
