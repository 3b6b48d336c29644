"""What a user does in the window while there is no network: `python -m tests.torture.offline_window PART FOLDER`.

Run by the trial in a process that it watches. PART is `work` (the window's own controllers, driven as a user would),
`look` (the same without a summary, for a second screen) or `start` (two real starts, the second handing its file over).
Prints one JSON object: what was done, and what the window said.
"""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from app.core.paths import DataPaths, resources_dir
from tests.torture.network_watch import Seen, seen
from tests.torture.programs import wait

STEP_S = 240.0
SAMPLE = "sample/forests-and-waters.pdf"
TEXT = "sample/forests-and-waters.txt"
REPOSITORY = "google/recurrentgemma-2b-it"
ONLY_WHEN_ASKED = frozenset({"keyring"})
"""Packages that are loaded for the token alone."""


def work(folder: Path, *, summarise: bool) -> dict[str, Any]:
    """Read, summarise, ask, talk and look at everything; then, and only then, ask for a download."""
    from app.ui.controllers.document_room import DocumentRoom
    from app.ui.models import model_row as wishes
    from app.ui.widgets.shown_turn import AskMode, Said
    from benchmarks.window_desk import desk_window

    done: list[str] = []
    with desk_window(folder) as desk:
        controller, actions = desk.controller, desk.actions
        told: list[str] = []
        controller.models.noticed.connect(lambda notice: told.append(notice.text))
        desk.wait(lambda: controller.engine.is_ready, STEP_S, "the model")
        desk.open(resources_dir() / SAMPLE)
        room = controller.room
        assert isinstance(room, DocumentRoom)
        done.append("open")
        if summarise:
            actions.summarise()
            desk.wait(lambda: bool(controller.activity.rooms), STEP_S, "the reading")
            desk.wait(lambda: not room.summary.running, STEP_S, "the summary")
            if room.summary.markdown.strip():
                done.append("summarise")
        actions.show_ask()
        for words, mode in (("What do forests do for water?", AskMode.FIND), ("What is it about?", AskMode.TALK)):
            if mode is AskMode.TALK and not summarise:
                continue
            room.talk.say(Said(words, mode))
            desk.wait(lambda: not room.talk.running and desk.jobs.idle, STEP_S, "the answer")
            done.append(mode.value)
        actions.show_pages()
        desk.run(1.0)
        bar = room.document_view.pages.canvas.verticalScrollBar()
        for step in range(1, 6):
            bar.setValue(step * bar.maximum() // 5)
            desk.run(0.2)
        done.append("pages")
        chat = controller.open_chat()
        chat.talk.say(Said("Tell me about a river.", AskMode.TALK))
        desk.run(2.0)
        chat.talk.stop()
        desk.wait(lambda: not chat.talk.running and desk.jobs.idle, STEP_S, "the chat")
        done.append("chat")
        for name in ("show_settings", "show_about", "show_palette", "show_shortcuts"):
            getattr(actions, name)()
            desk.run(0.5)
            _close_dialogs(desk.application)
            done.append(name.removeprefix("show_"))
        actions.choose_model()
        desk.run(3.0)
        models = {entry.name: entry.repository for entry in controller.models.catalogue.entries}
        _close_dialogs(desk.application)
        done.append("models")
        before = seen(folder)
        controller.models.do(wishes.Get(next(name for name, found in models.items() if found == REPOSITORY)))
        desk.wait(lambda: bool(told), STEP_S, "what came of the download")
    return {"done": done, "models": sorted(models), "told": told, "asked_before": _asked(before)}


def start(folder: Path) -> dict[str, Any]:
    """The program as its users start it: with a file, then again with another one, which the first takes over."""
    paths = DataPaths(folder / "desk")
    command = [sys.executable, "-m", "app", "window", "--data-dir", str(paths.root)]
    first = subprocess.Popen([*command, str(resources_dir() / SAMPLE)], stdin=subprocess.DEVNULL)
    try:
        opened = wait(lambda: _documents(paths) == 1, STEP_S)
        second = subprocess.run([*command, str(resources_dir() / TEXT)], timeout=STEP_S, check=False)
        both = wait(lambda: _documents(paths) == 2, STEP_S)
        first.send_signal(signal.SIGTERM)
        code = first.wait(STEP_S)
    finally:
        first.kill()
    done = [word for word, was in (("start", opened), ("hand over", both and second.returncode == 0)) if was]
    return {"done": [*done, *(["end"] if code == 0 else [])]}


def _documents(paths: DataPaths) -> int:
    if not paths.library.is_file():
        return 0
    with closing(sqlite3.connect(f"file:{paths.library}?mode=ro", uri=True)) as database:
        try:
            return int(database.execute("SELECT count(*) FROM documents").fetchone()[0])
        except sqlite3.OperationalError:
            return 0


def _asked(found: Seen) -> list[str]:
    """What was asked of the network, or loaded to ask for a token, before any download."""
    return [*found.attempts, *(f"{name} was loaded" for name in sorted(found.packages & ONLY_WHEN_ASKED))]


def _close_dialogs(application: Any) -> None:
    from PySide6.QtWidgets import QDialog

    for widget in application.topLevelWidgets():
        if isinstance(widget, QDialog) and widget.isVisible():
            widget.reject()
    application.processEvents()


PARTS: dict[str, Callable[[Path], dict[str, Any]]] = {
    "work": lambda folder: work(folder, summarise=True),
    "look": lambda folder: work(folder, summarise=False),
    "start": start,
}


def main() -> int:
    """One part, its outcome on standard output."""
    part, folder = sys.argv[1], Path(sys.argv[2])
    print(json.dumps(PARTS[part](folder)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
