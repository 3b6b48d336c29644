"""What is stored, under fire: full and read-only disks, other processes, damage to every file of the data folder."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from benchmarks.report import ROOT
from tests.torture import full_disk, held_library
from tests.torture.damaged_library import SIDES, Base, Case, backups_case, library_case, running_case, side_case
from tests.torture.damaged_states import Begun, drafts_case, settings_case, states_case
from tests.torture.held_library import FOR_EVER
from tests.torture.stored_library import fill
from tests.torture.trial import Ground, Row

LONGEST_S = 1800.0
BUSY_S = 5.0


def run(ground: Ground) -> Iterator[Row]:
    """All rows."""
    quiet = logging.NullHandler()  # else warnings of the program go to standard error
    logging.getLogger().addHandler(quiet)
    try:
        yield from _disk_rows(ground)
        work = ground.folder / "work"
        fill(ground.folder / "filled")
        base = Base.of(ground.folder / "filled")
        begun = Begun.on(ground.folder / "begun", work)
        yield from _held_rows(ground, base, begun, work)
        yield from _damage_rows(ground, base, begun, work)
    finally:
        logging.getLogger().removeHandler(quiet)


def _disk_rows(ground: Ground) -> Iterator[Row]:
    if not full_disk.can_mount():
        ground.say("no small disk can be mounted here (Linux with root or user namespaces is needed): no rows for it")
        return
    step = max(1, round(1 / ground.scale))
    ground.say(f"a disk that fills up, every {step}. page in turn")
    tries = [full_disk.Tried(**line) for line in _lines(full_disk.command(ground.folder / "full", step), ground)]
    full = [one for one in tries if not one.deed.endswith("read-only") and "give way" not in one.deed]
    told = Counter(one.how for one in full)
    yield row(
        f"the disk is full at each write in turn: {len(full_disk.DEEDS)} deeds",
        "one sentence, nothing confirmed is lost, done once there is room",
        [Case(f"{one.deed}, {one.pages} pages", one.how, one.faults) for one in full],
        f"{len(full)} tries, {told['told']} refused, {told['done']} done",
    )
    yield row(
        "a disk that is read-only",
        "one sentence, nothing lost, done once it can be written",
        [Case(one.deed, one.how, one.faults) for one in tries if one.deed.endswith("read-only")],
    )
    yield row(
        "saved states fill the disk",
        "they give way to what cannot be made anew",
        [Case(f"{one.deed}: {one.said}", one.how, one.faults) for one in tries if "give way" in one.deed],
    )


def _held_rows(ground: Ground, base: Base, begun: Begun, work: Path) -> Iterator[Row]:
    ground.say("another process holds the library")
    cases = [
        held_library.library_case(base, work, deed, seconds, BUSY_S)
        for deed in held_library.DEEDS
        for seconds in (1.0, FOR_EVER)
    ]
    if ground.scale >= 1:
        cases.append(held_library.library_case(base, work, "a talk", 30.0, BUSY_S))
    cases.append(held_library.states_case(begun, work))
    aim = "a second is waited for, else one sentence; nothing lost, done once it is free"
    yield row("another process holds library or states for 1 s, 30 s, for ever", aim, cases)
    cases = [side_case(base, work, name) for name in SIDES]
    yield row("killed, and log, index or journal lost or another's", "the library's own content is there", cases)


def _damage_rows(ground: Ground, base: Base, begun: Begun, work: Path) -> Iterator[Row]:
    seed = ground.seed
    count = ground.count(420)
    ground.say(f"{count} damaged libraries")
    yield row(
        f"{count} damaged libraries, a sound backup beside them",
        "restored with a sentence, or all rows kept; the damaged file kept aside",
        (library_case(base, work, seed, number) for number in range(count)),
    )
    count = ground.count(140)
    yield row(
        f"{count} damaged libraries with damaged backups",
        "the newest sound backup; without one it is said, and nothing changed",
        (backups_case(base, work, seed, number) for number in range(count)),
    )
    ground.say("damage under the open library")
    yield row(
        f"pages of {count} libraries destroyed while they are open",
        "one sentence, and the next start restores",
        (running_case(base, work, seed, number) for number in range(count)),
    )
    count = ground.count(280)
    ground.say(f"{count} damaged files of saved states")
    yield row(
        f"{count} damaged files of saved states",
        "the same answer and summary, the reason in the log",
        (states_case(begun, work, seed, number) for number in range(count)),
    )
    count = ground.count(210)
    yield row(
        f"{count} damaged settings.toml",
        "understood, or one sentence that names the file, which stays",
        (settings_case(work, seed, number) for number in range(count)),
    )
    yield row(
        f"{count} damaged drafts.json",
        "understood, or kept aside; new drafts are kept",
        (drafts_case(work, seed, number) for number in range(count)),
    )
    places = ground.folder / "places"
    places.mkdir()
    command = [sys.executable, "-m", "tests.torture.damaged_window", str(places), str(seed), str(count)]
    yield row(
        f"{count} damaged window.ini",
        "the window begins, and keeps its places again",
        [Case(**line) for line in _lines(command, ground)],
    )


def row(what: str, aim: str, cases: Iterable[Case], found: str = "") -> Row:
    """One row of many cases."""
    cases = list(cases)
    faults = [f"{case.what}: {fault}" for case in cases for fault in case.faults]
    how = Counter(case.how for case in cases)
    told = found or ", ".join(f"{number} {name or 'broken'}" for name, number in how.most_common())
    by_kind: dict[str, Counter[str]] = {}
    for case in cases:
        by_kind.setdefault(case.what, Counter())[case.how] += 1
    figures = {"faults": faults[:20], "how": dict(how), "by_kind": {k: dict(v) for k, v in list(by_kind.items())[:40]}}
    return Row(what, aim, f"{told}; {len(faults)} faults", bool(cases) and not faults, figures)


def _lines(command: Sequence[str], ground: Ground) -> list[dict[str, object]]:
    """What a program prints, a line of JSON each; one that fails or hangs is a fault of its own."""
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        out, error = process.communicate(timeout=LONGEST_S)
    except subprocess.TimeoutExpired:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        out, error = process.communicate()
        error += "\nhung"
    lines = [json.loads(line) for line in out.splitlines() if line.startswith("{")]
    if process.returncode != 0 or "Traceback" in error:
        ground.say(error[-2000:])
        raise RuntimeError(f"{command[2]} ended with {process.returncode}: {error.strip().splitlines()[-1][:200]}")
    return lines
