"""Another process keeps the library, or the file of saved states, to itself: for a second, for long, for ever."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from app.core.errors import GriffinDeskError
from app.core.paths import DataPaths
from tests.services.desk import Desk
from tests.torture.damaged_library import Base, Case
from tests.torture.damaged_states import Begun, gone_on
from tests.torture.stored_library import add, content, copied, desk, summarise, talk

_HOLD = """
import sqlite3, sys, time
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("BEGIN EXCLUSIVE")
print("held", flush=True)
if sys.argv[2] == "0":
    sys.stdin.read()
else:
    time.sleep(float(sys.argv[2]))
db.execute("ROLLBACK")
"""
FOR_EVER = 0.0
MOST_TRIES = 20


@contextmanager
def held(database: Path, seconds: float) -> Iterator[None]:
    """Another process has it in an exclusive transaction, for so long, or while the block runs (FOR_EVER)."""
    process = subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(database), f"{seconds:g}"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        yield
    finally:
        process.communicate()


def _summarise(made: Desk) -> object:
    entry = made.services.shelf.documents(None)[0]
    item = made.library.by_id(entry.document_id, entry.page_range)
    assert item is not None
    return summarise(made, item, fresh=True)


DEEDS: dict[str, Callable[[Desk], object]] = {
    "a document imported": lambda made: add(made, "held"),
    "a summary": _summarise,
    "a talk": lambda made: talk(made, None, "Is it free?"),
}


def library_case(base: Base, work: Path, deed: str, seconds: float, busy_timeout_s: float) -> Case:
    """A second is waited for; else one sentence says who has it, nothing is lost, and it is done once it is free."""
    folder = copied(base.folder, work)
    library = DataPaths(folder).library
    case = Case(f"{deed}, {f'for {seconds:g} s' if seconds else 'for ever'}")
    tries = 0
    with desk(folder, busy_timeout_s=busy_timeout_s) as made:
        with held(library, seconds):
            while case.how != "done" and tries < (1 if seconds == FOR_EVER else MOST_TRIES):
                tries += 1
                _attempt(case, made, deed)
        if case.how == "done" and seconds == FOR_EVER:
            case.faults.append("done, though it was held")
        first = f"done the {tries}. time" if case.how == "done" else "told"
        if case.how != "done":
            _attempt(case, made, deed)
        if case.how != "done":
            case.faults.append("not done once it was free")
    now = content(library)
    lost = [table for table in now if not base.whole[table] <= now[table] and "summ" not in table]
    case.faults += [f"rows of {table} are lost" for table in lost]
    case.how = first
    return case


def _attempt(case: Case, made: Desk, deed: str) -> None:
    try:
        DEEDS[deed](made)
        case.how = "done"
    except GriffinDeskError as error:
        case.how = "told"
        if error.code != "locked" or "\n" in error.message:
            case.faults.append(f"{error.code}: {error.message}")
    except Exception as error:
        case.how = "mistake"
        case.faults.append(f"{type(error).__name__}: {error}")


def states_case(begun: Begun, work: Path) -> Case:
    """The file of saved states is held for ever: talk and summary come to the same, and take longer."""
    folder = copied(begun.folder, work)
    case = Case("saved states, for ever", "the same")
    with held(DataPaths(folder).snapshots, FOR_EVER):
        try:
            answer, summary, _ = gone_on(folder, begun.conversation)
        except Exception as error:
            case.faults.append(f"{type(error).__name__}: {error}")
            return case
    if (answer, summary.lines, summary.sections) != (begun.answer, begun.summary.lines, begun.summary.sections):
        case.faults.append("another answer, or another summary")
    return case
