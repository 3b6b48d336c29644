"""The real window, used by a script: `python -m tests.torture.driven_window DATA_DIR SEED [FILE...]`.

It starts as a user starts it and prints, one line of JSON after the other, what the window shows as done: whoever kills
it knows what must not be lost. It never ends by itself. With `--look` it uses nothing: it prints what it finds and ends
once what it finds stands still.
"""

from __future__ import annotations

import json
import random
import sys
import time
from pathlib import Path
from typing import Any

from PySide6.QtCore import QTimer

from app.ui import application
from app.ui.controllers.document_room import DocumentRoom
from app.ui.controllers.room import ChatRoom
from app.ui.controllers.window import WindowController
from app.ui.views.summary import SummaryWish
from app.ui.widgets.shown_turn import WRITING_KEY, AskMode, Said

TICK_MS = 100
SETTLED_TICKS = 30
QUESTIONS = ("What do rivers carry?", "Name three uses of water.", "Tell me a short story.", "Why do forests matter?")


class Use:
    """One use of a window: what is done at each tick, and what is shown."""

    def __init__(self, controller: WindowController, files: list[Path], source: random.Random) -> None:
        self._controller = controller
        self._files = files
        self._source = source
        self._chat: ChatRoom | None = None
        self._told = ""
        self._draft: dict[str, Any] = {}
        self._reading_since: dict[str, float] = {}
        self._timer = QTimer(controller)
        self._timer.timeout.connect(self._tick)
        self._timer.start(TICK_MS)

    def _tick(self) -> None:
        self._act()
        self._tell()

    def _act(self) -> None:
        chance = self._source.random()
        if self._files and chance < 0.2:
            self._controller.imports.open_files((self._files.pop(),))
        elif chance < 0.3:
            rooms = [room for room in self._controller.rooms.all if isinstance(room, DocumentRoom)]
            for room in rooms:
                if not room.summary.running and not self._reading_since:
                    room.summary.begin(SummaryWish(None, fresh=self._source.random() < 0.5))
        elif chance < 0.4:
            if self._chat is None:
                self._chat = self._controller.open_chat()
            elif not self._chat.talk.running:
                self._chat.talk.say(Said(self._source.choice(QUESTIONS), AskMode.TALK))
        elif chance < 0.42 and self._chat is not None and self._chat.talk.conversation_id and not self._draft:
            text = f"A thought of {self._source.random():.6f} that is not sent yet"
            self._chat.chat.draft = text
            self._draft = {"key": self._chat.talk.conversation_id, "text": text, "since": time.time()}

    def _tell(self) -> None:
        facts = self.facts()
        told = json.dumps(facts)
        if told != self._told:
            self._told = told
            print(told, flush=True)

    def facts(self) -> dict[str, Any]:
        """What the window shows now."""
        documents = [room for room in self._controller.rooms.all if isinstance(room, DocumentRoom)]
        for room in documents:
            if not room.summary.running:
                self._reading_since.pop(room.key, None)
            else:
                self._reading_since.setdefault(room.key, time.time())
        chats = [room for room in self._controller.rooms.all if isinstance(room, ChatRoom)]
        return {
            "documents": sorted(row.key for row in self._controller.shelf.documents if row.document_id),
            "turns": [
                [chat.talk.conversation_id, turn.key, turn.role, turn.text]
                for chat in chats
                for turn in chat.talk._shown
                if turn.key != WRITING_KEY
            ],
            "sections": {room.key: len(room.summary._sections) for room in documents},
            "reading": dict(self._reading_since),
            "draft": self._draft,
        }


class Look(Use):
    """Looks what there is, and closes the window when it is at rest."""

    def __init__(self, controller: WindowController, files: list[Path], source: random.Random) -> None:
        super().__init__(controller, files, source)
        self._ticks = 0

    def _act(self) -> None:
        self._ticks += 1
        if self._ticks >= SETTLED_TICKS and self._controller.engine.is_ready:
            self._controller.window.close()

    def facts(self) -> dict[str, Any]:
        """Also the drafts that were kept."""
        keys = [row.id for row in self._controller.shelf.conversations]
        drafts = {key: self._controller.drafts._drafts.get(key, "") for key in keys}
        return {**super().facts(), "drafts": {key: text for key, text in drafts.items() if text}}


def main() -> int:
    """Run the window."""
    look = "--look" in sys.argv
    folder, seed, *files = [word for word in sys.argv[1:] if word != "--look"]
    start = WindowController.start
    kept: list[Use] = []

    def started(controller: WindowController, given: tuple[Path, ...] = ()) -> None:
        start(controller, given)
        kept.append((Look if look else Use)(controller, [Path(file) for file in files], random.Random(int(seed))))

    WindowController.start = started  # type: ignore[method-assign]
    return application.run(["--data-dir", folder])


if __name__ == "__main__":
    sys.exit(main())
