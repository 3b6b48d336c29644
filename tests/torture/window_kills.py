"""The window is killed in the middle of its work; the next start must find all that the last one showed as done."""

from __future__ import annotations

import json
import random
import signal
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psutil

from tests.torture.programs import Started, left_over, temporary_files
from tests.torture.reader_faults import write_pdf
from tests.torture.trial import Ground, Row
from tests.torture.worker_desk import write_text

KILLS = 30
DRAFTS_S = 5.0
"""LOOK_MS of app/ui/controllers/drafts.py, which cannot be imported without Qt; a test compares the two."""
GONE_S = 30.0
"""After which no process of a killed program may be left."""
SOON_S = 2.0
"""What began less than this before the kill may not have been kept as begun."""
LONGEST_WORK_S = 16.0
START_S = 300.0


def window_kills(ground: Ground) -> Iterator[Row]:
    """Half of the kills hit the window's process alone, half its whole group."""
    source = random.Random(ground.seed)
    folder = ground.folder / "window"
    folder.mkdir()
    files = [write_text(folder / f"towns{n}.txt", 12, source=source) for n in range(3)]
    files.append(write_pdf(folder / "pages.pdf"))
    kills = max(2, ground.count(KILLS))
    wrong: Counter[str] = Counter()
    seen: Counter[str] = Counter()
    for number in range(kills):
        shown = _killed(folder, files, number, source, wrong)
        seen += Counter(turns=len(shown["turns"]), readings=len(shown["reading"]), drafts=bool(shown["draft"]))
        found = _next_start(folder, wrong)
        for fault in faults(shown, found, folder / "desk" / "library.sqlite"):
            wrong[fault] += 1
        ground.say(f"{number + 1} kills; {dict(seen)}; wrong: {dict(wrong) or 'nothing'}")
    yield Row(
        what=f"the window killed {kills} times at random moments of importing, reading, chatting and writing",
        aim="the next start finds all that was shown as done; no process after 10 s, no unfinished file",
        found=f"{seen['turns']} turns, {seen['readings']} readings under way and {seen['drafts']} drafts were shown; "
        + (", ".join(f"{count} times {what}" for what, count in wrong.items()) or "nothing lost or left"),
        held=not wrong,
        figures={"seen": dict(seen), "wrong": dict(wrong)},
    )


def _killed(folder: Path, files: list[Path], number: int, source: random.Random, wrong: Counter[str]) -> dict[str, Any]:
    """Use the window until it is killed; what it showed last."""
    command = ["tests.torture.driven_window", folder / "desk", str(source.randrange(10**6)), *files]
    program = Started(command, folder, f"used{number}")
    try:
        time.sleep(source.uniform(0.5, LONGEST_WORK_S))
        if program.process.poll() is not None:
            wrong["the window ended by itself"] += 1
        family = program.family()
        killed_at = time.time()
        program.send(signal.SIGKILL, group=bool(number % 2))
        program.process.wait()
        for process in left_over(family, GONE_S):
            wrong[f"a process was left: {_name(process)}"] += 1
    finally:
        program.kill()
    return {**last_line(program.out), "killed_at": killed_at}


def _next_start(folder: Path, wrong: Counter[str]) -> dict[str, Any]:
    """What a window that is only looked at shows before it closes."""
    program = Started(["tests.torture.driven_window", folder / "desk", "0", "--look"], folder, "looked")
    ended = program.end(START_S)
    if ended.code != 0 or ended.lines:
        wrong[f"the next start: code {ended.code}, {ended.lines[-1:]}"] += 1
    if left := temporary_files(folder):
        wrong[f"left over: {left[0].name}"] += 1
    shown = last_line(ended.out)
    lines = [json.loads(line) for line in ended.out.splitlines()]
    shown["taken_up"] = {key for line in lines for key in line["reading"]}
    return shown


def last_line(out: str) -> dict[str, Any]:
    """What the window showed last; the line that the kill cut off does not count."""
    whole = [line for line in out.splitlines(keepends=True) if line.endswith("\n")]
    empty: dict[str, Any] = {"documents": [], "turns": [], "sections": {}, "reading": {}, "draft": {}, "drafts": {}}
    return {**empty, **json.loads(whole[-1])} if whole else empty


def faults(shown: dict[str, Any], found: dict[str, Any], library: Path) -> Iterator[str]:
    """What was shown as done before the kill and is not there."""
    if not library.exists():
        if shown["documents"] or shown["turns"]:
            yield "no library"
        return
    with closing(sqlite3.connect(library)) as db:
        if db.execute("PRAGMA integrity_check").fetchone()[0] != "ok":
            yield "integrity_check"
        turns = db.execute("SELECT conversation_id, id, role, text FROM turns").fetchall()
        sections = db.execute("SELECT count(*) FROM summary_parts").fetchone()[0]
    if any(turns.count(tuple(turn)) != 1 for turn in shown["turns"]):
        yield "a turn is lost or doubled"
    if sections < max(shown["sections"].values(), default=0):
        yield "a section is lost"
    if not set(shown["documents"]) <= set(found["documents"]):
        yield "a document is lost"
    draft = shown["draft"]
    kept = bool(draft) and shown["killed_at"] - draft["since"] > DRAFTS_S + SOON_S
    if kept and draft["text"] not in found["drafts"].get(draft["key"], ""):
        yield "a draft is lost"
    long_since = {key for key, since in shown["reading"].items() if shown["killed_at"] - since > SOON_S}
    if not long_since <= found["taken_up"]:
        yield "a reading is not gone on with"


def _name(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())[-60:]
    except psutil.Error:
        return "gone meanwhile"
