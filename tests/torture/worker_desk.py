"""The services on a folder with the starter model in a worker, what is asked of them, and whether it came out right."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.cli.context import Context
from app.core.errors import GriffinDeskError
from app.services.bookmarks import document_stream
from app.services.library import LibraryDocument
from app.services.restarts import Recovered
from app.services.summaries import SummaryResult
from app.tasks.model import Style
from app.worker.client import EngineClient
from benchmarks.recovery import desk

POLL_S = 0.02
SENTENCES = (
    "The {0} river carries silt from the hills to the plain, and the town of {0} lives by it.",
    "In {1} the council of {0} voted to build a bridge of stone, which cost {2} pounds.",
    "Most people in {0} mill grain, weave wool or keep bees; {2} of them fish.",
    "A flood in {1} took the old mill of {0} away and left a lake behind.",
)
QUESTION = "Tell me a long story about a river."


def write_text(path: Path, sections: int, *, source: random.Random, lines: int = 24) -> Path:
    """A text file of headed sections about towns that nobody knows."""
    parts = []
    for number in range(sections):
        town = "".join(source.choice(("ba", "ren", "mil", "to", "gar", "wes")) for _ in range(3)).capitalize()
        said = [source.choice(SENTENCES).format(town, 1700 + line, 7 * line) for line in range(lines)]
        parts.append(f"Chapter {number + 1}: {town}\n\n" + " ".join(said))
    path.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    return path


@dataclass
class Asked:
    """What came of one piece of work."""

    text: Any = None
    """Comparable with that of another run."""
    error: GriffinDeskError | None = None
    losses: int = 0
    ticks: list[float] = field(default_factory=list)
    """time.monotonic() at each sign of progress."""


class WorkerDesk:
    """One desk: asks for summaries and answers, and looks whether anything was lost."""

    def __init__(self, context: Context, client: EngineClient, item: LibraryDocument) -> None:
        self.context = context
        self.client = client
        self.item = item
        self.expected = Asked()

    def summary(self, on_progress: Callable[[], None] = lambda: None) -> Asked:
        """The document read anew and summarised."""
        asked = Asked()
        self.context.desk.states.forget(document_stream(self.item))
        try:
            for event in self.context.desk.summaries.run(self.item, self.client, style=Style.KEY_PASSAGES, fresh=True):
                if isinstance(event, Recovered):
                    asked.losses += 1
                    continue
                asked.ticks.append(time.monotonic())
                on_progress()
                if isinstance(event, SummaryResult):
                    asked.text = (event.lines, event.sections)
        except GriffinDeskError as error:
            asked.error = error
        return asked

    def answer(self, on_progress: Callable[[], None] = lambda: None) -> Asked:
        """A new conversation of one question; `text`: whether it is stored once, as it was shown."""
        asked = Asked()
        shown: list[str] = []

        def show(text: str) -> None:
            shown.append(text)
            asked.ticks.append(time.monotonic())
            on_progress()

        conversation = None
        try:
            conversation = self.context.desk.conversations.open(None, self.client)
            said = conversation.say(QUESTION, on_text=show, on_notice=lambda text: asked.__setattr__("losses", 1))
            turns = self.context.desk.conversations.tree(conversation.id).turns
            kept = [(turn.role, turn.text) for turn in turns]
            asked.text = kept == [("user", QUESTION), ("assistant", said.text)] and "".join(shown) == said.text
        except GriffinDeskError as error:
            asked.error = error
        finally:
            if conversation is not None:
                conversation.close()
        return asked

    @property
    def conversations(self) -> int:
        """How many are stored."""
        return len(self.context.desk.conversations.overview())


@contextmanager
def worker_desk(folder: Path, *, sections: int, seed: int) -> Iterator[WorkerDesk]:
    """A desk whose document has so many sections; it is read once, undisturbed."""
    file = write_text(folder / "towns.txt", sections, source=random.Random(seed))
    with desk(folder / "desk") as (context, client):
        made = WorkerDesk(context, client, context.desk.library.import_file(file))
        made.expected = made.summary()
        assert made.expected.error is None, made.expected.error
        yield made


class Watch:
    """Tells when a client's worker is another one than it was."""

    def __init__(self, client: EngineClient) -> None:
        self._client = client
        self._over = threading.Event()
        self.seen: list[tuple[float, int]] = []
        """When a worker was first seen, and its pid."""
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Look no more."""
        self._over.set()
        self._thread.join()

    def after(self, moment: float, stopped: int) -> float | None:
        """When another worker than the stopped one was first seen after a moment."""
        return next((at for at, pid in self.seen if at > moment and pid != stopped), None)

    def _look(self) -> None:
        before: int | None = None
        while not self._over.wait(POLL_S):
            pid = self._client.pid
            if pid is not None and pid != before:
                self.seen.append((time.monotonic(), pid))
            before = pid or before
