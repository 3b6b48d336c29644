"""The clock is set back and forwards between starts: is anything lost, deleted or shown wrongly?"""

from __future__ import annotations

import datetime
import json
import random
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from app.storage.backup_files import KEPT_BACKUPS
from tests.torture.programs import Ended, Started
from tests.torture.trial import Ground, Row
from tests.torture.worker_desk import write_text

DAY_S = 86_400.0
YEAR_1970 = datetime.datetime(1970, 1, 2, tzinfo=datetime.UTC)
YEAR_2100 = datetime.datetime(2100, 1, 1, tzinfo=datetime.UTC)


class Machine:
    """One folder and a clock that can be set; what went wrong with each start."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.folder = folder
        self.wrong: Counter[str] = Counter()
        self._shift_s = 0.0

    def set(self, moment: datetime.datetime) -> None:
        """The clock, to about this moment."""
        self._shift_s = moment.timestamp() - time.time()

    def days_later(self, days: float) -> None:
        """From where the clock stands; may be negative."""
        self._shift_s += days * DAY_S

    def now(self) -> None:
        """Right again."""
        self._shift_s = 0.0

    @property
    def today(self) -> datetime.date:
        """By its clock."""
        return datetime.datetime.fromtimestamp(time.time() + self._shift_s).date()

    def run(self, *words: str, stdin: str = "") -> Ended:
        """A command at that time."""
        command = ["tests.torture.shifted_program", str(self._shift_s), *words]
        ended = Started(command, self.folder, "command", stdin=stdin).end()
        if ended.code != 0:
            self.wrong[f"{words[0]} in {self.today.year}: {ended.problem or ended.told[0]}"] += 1
        return ended

    def listed(self) -> list[dict[str, Any]]:
        """All conversations and summaries, as they are listed."""
        ended = self.run("sessions", "list", "--json")
        found = json.loads(ended.out) if ended.code == 0 else {}
        rows = found if isinstance(found, list) else next(iter(found.values()), [])
        return [row for row in rows if isinstance(row, dict)]

    @property
    def backups(self) -> list[str]:
        """The days of the copies."""
        return sorted(
            path.stem.removeprefix("library-") for path in (self.folder / "desk" / "backups").glob("*.sqlite")
        )


def clocks(ground: Ground) -> Iterator[Row]:
    """Copies of the library, then conversations and readings."""
    yield backups(Machine(ground.folder / "backups"))
    yield conversations(Machine(ground.folder / "talks"), random.Random(ground.seed))


def backups(machine: Machine) -> Row:
    """A week of starts with the right date, ten days in 2100, then days with the right date again."""
    for _ in range(KEPT_BACKUPS):
        machine.run("library", "list")
        machine.days_later(1)
    machine.set(YEAR_2100)
    for _ in range(10):
        machine.run("library", "list")
        machine.days_later(1)
    machine.set(YEAR_1970)
    machine.run("library", "list")
    machine.now()
    machine.days_later(KEPT_BACKUPS)
    right: list[str] = []
    for _ in range(KEPT_BACKUPS - 1):
        machine.run("library", "list")
        right.append(machine.today.isoformat())
        machine.days_later(1)
    kept = machine.backups
    missing = sorted(set(right) - set(kept))
    return Row(
        what=f"{KEPT_BACKUPS} starts on days that follow each other, ten in 2100, one in 1970, then six days more",
        aim="each start works; the last days with the right date each have their copy",
        found=f"{len(kept)} copies; {len(missing)} of the last {len(right)} days without one; "
        + (", ".join(machine.wrong) or "all starts well"),
        held=not missing and not machine.wrong,
        figures={"kept": kept, "missing": missing, "wrong": dict(machine.wrong)},
    )


def conversations(machine: Machine, source: random.Random) -> Row:
    """Chats and a summary begun at four times; afterwards nothing is gone, and all of it goes on."""
    file = write_text(machine.folder / "towns.txt", 3, source=source)
    titles = {"2100": YEAR_2100, "1970": YEAR_1970, "now": None, "yesterday": None}
    for title, moment in titles.items():
        machine.now() if moment is None else machine.set(moment)
        if title == "yesterday":
            machine.days_later(-1)
        machine.run("chat", stdin=f"What happened in the year {title}?\n")
        machine.run("summarize", str(file), "--fresh" if title == "2100" else "--json")
        machine.run("sessions", "list")
    machine.now()
    rows = machine.listed()
    chats = [row for row in rows if "year" in json.dumps(row)]
    for row in chats:
        machine.run("chat", "--session", str(row.get("id")), stdin="And then?\n")
    shown = machine.run("sessions", "list").out
    odd = [line for line in shown.splitlines() if " -" in line and "ago" in line]
    lost = len(titles) - len(chats)
    return Row(
        what="chats and a summary in 2100, 1970, now and yesterday, one after the other",
        aim="nothing crashes, nothing is lost, each can be gone on with",
        found=f"{lost} of {len(titles)} conversations lost, {len(odd)} odd times shown; "
        + (", ".join(f"{count} times {what}" for what, count in machine.wrong.items()) or "all starts well"),
        held=not lost and not odd and not machine.wrong,
        figures={"odd": odd, "wrong": dict(machine.wrong)},
    )
