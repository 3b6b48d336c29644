"""2,000 library entries and a conversation of 2,000 turns: opening them, and the frames while they are scrolled."""

from __future__ import annotations

import hashlib
import time
from pathlib import Path
from typing import Any

from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QAbstractScrollArea

from app.core.paths import DataPaths
from app.storage.conversations import ConversationStore, NewTurn
from app.storage.database import Database
from app.storage.documents import DocumentStore, PageRecord, PassageRecord, Reading, SectionRecord
from benchmarks.window_desk import DeskWindow, desk_window

DOCUMENTS, TURNS = 2_000, 2_000
WORDS = (
    "The river carries water from the mountains to the sea, and with it sand, silt and whatever it can move; "
    "where it slows down it lays them down again."
)
MARKDOWN = "\n\n- one point\n- **another**\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n```python\nprint(1)\n```\n"


def large(folder: Path) -> dict[str, Any]:
    """Seconds to open, and the frames of a scroll through all of it: painting included."""
    _fill(folder)
    with desk_window(folder) as desk:
        controller, window = desk.controller, desk.window
        began = time.perf_counter()
        desk.wait(lambda: len(controller.shelf.documents) == DOCUMENTS, 60, "the library")
        library_s = time.perf_counter() - began
        desk.wait(lambda: controller.engine.is_ready, 120, "the model")
        desk.run(2)
        library = _scroll(desk, window.sidebar.documents)
        search = _typing(desk)
        began = time.perf_counter()
        chat = controller.open_chat("long")
        desk.wait(lambda: len(chat.chat.list.turns) == TURNS, 60, "the conversation")
        desk.application.processEvents()
        open_s = time.perf_counter() - began
        turns = _scroll(desk, chat.chat.list)
    return {
        "documents": DOCUMENTS,
        "turns": TURNS,
        "library_shown_s": round(library_s, 3),
        "conversation_open_s": round(open_s, 3),
        "library_scroll": library,
        "library_filter": search,
        "conversation_scroll": turns,
        "target": {"frame_ms": 50, "open_s": 0.3},
    }


def _fill(folder: Path) -> None:
    paths = DataPaths(folder / "desk")
    paths.create()
    with Database.open(paths.library) as database:
        documents = DocumentStore(database)
        for number in range(DOCUMENTS):
            documents.save(_document(number), path=f"/nowhere/{number}.pdf", nbytes=1000, now=1000.0 + number)
        turns = [_turn(number) for number in range(TURNS)]
        ConversationStore(database).insert_tree(
            "long", turns, title="A long conversation", model_name="starter", now=2000.0
        )


def _document(number: int) -> Reading:
    title = f"Report {number} on the rivers of region {number % 97}"
    return Reading(
        document_id=hashlib.sha256(title.encode()).hexdigest(),
        page_range="",
        reader_version="4",
        title=title,
        format="pdf",
        page_kind="page",
        warnings=(),
        pages=(PageRecord(1, WORDS, ""),),
        sections=(SectionRecord(title, 1, 0, len(WORDS), 1, 1),),
        passages=(PassageRecord(0, WORDS, 0, len(WORDS), 1, 1, 0),),
    )


def _turn(number: int) -> NewTurn:
    text = f"{WORDS} " * (1 + number % 5) + (MARKDOWN if number % 10 == 1 else "")
    role = "user" if number % 2 == 0 else "assistant"
    return NewTurn(None if number == 0 else number - 1, role, text, "", 1000.0 + number)


def _scroll(desk: DeskWindow, area: QAbstractScrollArea) -> dict[str, Any]:
    """In jumps from the top to the bottom, then line by line upwards."""
    bar = area.verticalScrollBar()
    frames: list[float] = []

    def frame(value: int) -> None:
        # A hand on the mouse, as whoever scrolls has it there.
        place = QPointF(5.0 + len(frames) % 20, 5.0)
        hand = (Qt.MouseButton.NoButton, Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier)
        desk.application.postEvent(area.viewport(), QMouseEvent(QEvent.Type.MouseMove, place, place, *hand))
        began = time.perf_counter()
        bar.setValue(value)
        desk.application.processEvents()
        frames.append((time.perf_counter() - began) * 1000)
        desk.run(0.005)

    steps = 150
    for step in range(steps + 1):
        frame(bar.minimum() + (bar.maximum() - bar.minimum()) * step // steps)
    for step in range(60):
        frame(max(bar.minimum(), bar.maximum() - 60 * step))
    return _figures(frames)


def _typing(desk: DeskWindow) -> dict[str, Any]:
    frames = []
    for text in ("r", "re", "rep", "report 1", "report 19", "", "zz", ""):
        began = time.perf_counter()
        desk.window.sidebar.search.setText(text)
        desk.application.processEvents()
        frames.append((time.perf_counter() - began) * 1000)
        desk.run(0.3)
    return _figures(frames)


def _figures(frames: list[float]) -> dict[str, Any]:
    ordered = sorted(frames)
    return {
        "frames": len(frames),
        "median_ms": round(ordered[len(ordered) // 2], 1),
        "p99_ms": round(ordered[int(0.99 * (len(ordered) - 1))], 1),
        "largest_ms": round(ordered[-1], 1),
    }
