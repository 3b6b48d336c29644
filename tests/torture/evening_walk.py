"""The window of the evening's run: a seeded user who reads, asks, branches and deletes, round after round.

    python -m tests.torture.evening_walk FOLDER [FILES...] [--minutes 90] [--seed 1]

Every round has the same deeds in an order of its own, so that rounds can be compared. What happens is written to
FOLDER/walk.jsonl, one JSON object a line; nothing is waited for longer than its limit.
"""

from __future__ import annotations

import argparse
import gc
import json
import random
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QEventLoop, QObject, QTimer
from PySide6.QtWidgets import QDialog

from app.ui.controllers.document_room import DocumentRoom
from app.ui.widgets.notice_bar import NoticeKind
from benchmarks.window_desk import DeskWindow, desk_window
from tests.torture.evening_deeds import Deeds
from tests.torture.evening_watch import WALK

BEAT_MS = 10_000
LOOK_MS = 10
REST_S = 5.0
"""At the end of a round nothing is done for so long: the window has time for what it puts off."""


class Record:
    """What happens, for the process that watches."""

    def __init__(self, path: Path) -> None:
        self._stream = path.open("a", encoding="utf-8")
        self._lock = threading.Lock()

    def write(self, kind: str, **facts: Any) -> None:
        """One line, at once."""
        with self._lock:
            self._stream.write(json.dumps({"at": time.time(), "kind": kind, **facts}) + "\n")
            self._stream.flush()


class Walker:
    """Does deeds one after the other, each with a limit."""

    def __init__(self, desk: DeskWindow, record: Record) -> None:
        self.desk = desk
        self._record = record
        self._told: list[str] = []

    def wait(self, until: Callable[[], object], seconds: float) -> bool:
        """Run an event loop until something is so; whether it came to be.

        A loop of its own: what a deed wants deleted later is only deleted in a loop that was begun after it.
        """
        end = time.monotonic() + seconds
        came = False

        def look() -> None:
            nonlocal came
            self._hear()
            came = bool(until())
            if came or time.monotonic() > end:
                loop.quit()

        loop = QEventLoop()
        timer = QTimer()
        timer.timeout.connect(look)
        timer.start(LOOK_MS)
        loop.exec()
        timer.stop()
        return came

    def pause(self, seconds: float) -> None:
        """Look on for so long."""
        self.wait(lambda: False, seconds)

    def do(self, name: str, deed: Callable[[], bool]) -> None:
        """One deed, which says whether it ended."""
        began = time.monotonic()
        ended = deed()
        self._record.write("deed", what=name, seconds=round(time.monotonic() - began, 2), ended=ended)

    def _hear(self) -> None:
        """Errors stay in the bar until they are read: read them."""
        bar = self.desk.window.notices
        for notice in bar.notices:
            if notice.kind is not NoticeKind.INFO:
                self._record.write("told", text=notice.text, details=notice.details)
        if any(notice.kind is not NoticeKind.INFO for notice in bar.notices):
            bar.clear()


def walk(folder: Path, files: list[Path], minutes: float, seed: int) -> None:
    """Rounds until the time is over; the last one is ended."""
    source = random.Random(seed)
    record = Record(folder / WALK)
    _listen(record)
    end = time.monotonic() + 60 * minutes
    with desk_window(folder) as desk:
        beat = QTimer(desk.window)
        beat.timeout.connect(lambda: record.write("beat", **_state(desk)))
        beat.start(BEAT_MS)
        walker = Walker(desk, record)
        walker.do("the model is loaded", lambda: walker.wait(lambda: desk.controller.engine.is_ready, 180))
        record.write("beat", **_state(desk))
        number = 0
        while time.monotonic() < end:
            number += 1
            record.write("round", number=number, **_objects(desk))
            deeds = Deeds(walker, folder, files, source).all()
            for name, deed in deeds:
                walker.do(name, deed)
                walker.pause(source.uniform(0.0, 0.5))
            walker.do("rest", lambda: walker.wait(lambda: desk.jobs.idle and not desk.jobs._letters, 120))
            walker.pause(REST_S)
        record.write("closing")
    record.write("closed")


def _state(desk: DeskWindow) -> dict[str, Any]:
    """What only the process itself can count."""
    loaders = desk.controller.engine._loaders
    client = loaders[-1].generator if loaders else None
    return {
        "worker": getattr(client, "pid", None),
        "rooms": len(desk.controller.rooms.all),
        "document_rooms": sum(isinstance(room, DocumentRoom) for room in desk.controller.rooms.all),
        "threads": threading.active_count(),
        "shelf": len(desk.controller.shelf.documents),
        "conversations": len(desk.controller.shelf.conversations),
    }


def _objects(desk: DeskWindow) -> dict[str, int]:
    """Objects of Qt, and of Python after a collection: how many wait to be collected goes up and down for a long time.

    Once in a round: each of Qt's objects that is counted gets a wrapper, and PySide keeps those of objects that it did
    not make itself for long after they have gone. So wrappers are not among Python's; what they wrap is counted.
    """
    gc.collect()
    return {
        "live_objects": sum(not type(one).__module__.startswith("PySide6") for one in gc.get_objects()),
        "widgets": len(desk.application.allWidgets()),
        "top_levels": len(desk.application.topLevelWidgets()),
        "dialogs": len(desk.window.findChildren(QDialog)),
        "qobjects": len(desk.window.findChildren(QObject)),
    }


def _listen(record: Record) -> None:
    """Mistakes in callbacks and threads."""

    def failed(kind: type[BaseException], error: BaseException, trace: object) -> None:
        record.write("mistake", text=f"{kind.__name__}: {error}")
        sys.__excepthook__(kind, error, None)

    sys.excepthook = failed
    threading.excepthook = lambda args: failed(args.exc_type, args.exc_value or args.exc_type(), None)


def main() -> None:
    """See the module's docstring."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("files", type=Path, nargs="*")
    parser.add_argument("--minutes", type=float, default=90.0)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    walk(options.folder, options.files, options.minutes, options.seed)


if __name__ == "__main__":
    main()
