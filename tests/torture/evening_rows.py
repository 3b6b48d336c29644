"""The judgement on an evening at the window: what has grown, what did not end, what was left behind."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from app.core.paths import DataPaths
from app.storage.snapshot_schema import MAX_LOG_BYTES, PAGE_BYTES
from tests.torture.evening_watch import WALK, Growth, Look, Taken, growth, last, records, sizes, timeline
from tests.torture.trial import Row

MIB = 1 << 20
MOST_GROWTH = 0.05
MOST_THINGS = 0.1
FEWEST_ROUNDS = 8
"""Below, what is counted once a round is not judged."""
COUNTED = {
    "widgets": "widgets",
    "top_levels": "top levels",
    "qobjects": "qobjects",
    "live_objects": "live Python objects",
}
"""What a walk counts once a round -> its name in the row."""
BUDGET_BYTES = 256 * MIB

KNOWN = re.compile(
    r"library\.sqlite|snapshots\.sqlite|settings\.toml|drafts\.json|backups/library-\d{4}-\d\d-\d\d\.sqlite|"
    r"logs/griffin-desk\.log(\.\d)?|thumbnails/[^/]+\.\w+|([^/]+/)?[^/]+\.lock|locks/[^/]+"
)
"""What a closed window leaves in its data folder."""


def rows(folder: Path, looks: Sequence[Look], code: int | None, left: Sequence[str]) -> Iterator[Row]:
    """The judgement on a walk that has ended; `code` is None where it had to be killed."""
    walk = records(folder / WALK)
    minutes = looks[-1].minute if looks else 0.0
    rounds = [line for line in walk if line["kind"] == "round"]
    what = f"{minutes:.0f} minutes in the window, {len(rounds)} rounds"
    yield memory_row(f"{what}: the window's process", [(look.minute, look.window) for look in looks])
    row = memory_row(f"{what}: the model's process", [(look.minute, look.worker) for look in looks])
    row.figures["timeline"] = timeline(looks)
    yield row
    yield things_row(what, looks, walk)
    yield deeds_row(what, walk, code)
    yield told_row(folder, walk)
    yield budget_row(looks)
    yield left_row(folder, left)
    yield sound_row(folder / "desk")


def memory_row(what: str, taken: Sequence[tuple[float, Taken | None]]) -> Row:
    """Does the memory of its own grow?"""
    found = {
        name: growth([(minute, getattr(one, name) / MIB) for minute, one in taken if one is not None])
        for name in ("own", "rss", "share")
    }
    own = found["own"]
    figures = {name: _figures(one) for name, one in found.items()}
    aim = f"memory of its own late at most {MOST_GROWTH:.0%} above that of minutes 10 to 20"
    if own is None:
        return Row(what, aim, "too few looks", False, dict(figures))
    text = f"{own.early:.0f} MiB early, {own.late:.0f} MiB late ({own.share:+.1%}), {own.an_hour:+.1f} MiB an hour"
    return Row(what, aim, text, own.share <= MOST_GROWTH, dict(figures))


def things_row(what: str, looks: Sequence[Look], walk: Sequence[dict[str, Any]]) -> Row:
    """Open files, threads, processes, widgets and objects, in the window's process and the model's."""
    series: dict[str, list[tuple[float, float]]] = {
        "the window's open files": [(look.minute, look.window.files) for look in looks if look.window],
        "its threads": [(look.minute, look.window.threads) for look in looks if look.window],
        "the model's open files": [(look.minute, look.worker.files) for look in looks if look.worker],
        "its threads (model)": [(look.minute, look.worker.threads) for look in looks if look.worker],
        "other processes": [(look.minute, len(look.others)) for look in looks],
        "temporary files": [(look.minute, look.temporary) for look in looks],
    }
    rounds = [line for line in walk if line["kind"] == "round"]
    if len(rounds) >= FEWEST_ROUNDS:
        for name in ("widgets", "top_levels", "qobjects", "live_objects"):
            series[COUNTED[name]] = _points(rounds, name)
    found = {name: growth(points) for name, points in series.items()}
    grown = [name for name, one in found.items() if one is None or one.late > one.early * (1 + MOST_THINGS) + 2]
    text = ", ".join(f"{name} {one.early:.0f} to {one.late:.0f}" for name, one in found.items() if one is not None)
    aim = "as many files, threads, processes, widgets and objects late as early"
    return Row(what, aim, text, not grown, {name: _figures(one) for name, one in found.items()})


def _points(lines: Sequence[dict[str, Any]], name: str) -> list[tuple[float, float]]:
    return [((line["at"] - lines[0]["at"]) / 60, float(line[name])) for line in lines]


def deeds_row(what: str, walk: Sequence[dict[str, Any]], code: int | None) -> Row:
    """Did all that was begun come to an end?"""
    deeds = [line for line in walk if line["kind"] == "deed"]
    unended = [line for line in deeds if not line["ended"]]
    closed = bool(last(walk, "closed")) and code == 0
    text = f"{len(deeds)} deeds, {len(unended)} without an end; {'closed' if closed else f'ended with {code}'}"
    figures = {
        "deeds": {name: sum(line["what"] == name for line in deeds) for name in sorted({d["what"] for d in deeds})},
        "unended": unended[:20],
        "longest_s": max((line["seconds"] for line in deeds), default=0),
    }
    held = closed and bool(deeds) and not unended
    return Row(what, "every deed ends, and the window closes", text, held, figures)


def told_row(folder: Path, walk: Sequence[dict[str, Any]]) -> Row:
    """Errors that the user was told, mistakes in callbacks, tracebacks in the log and on standard error."""
    told = [line for line in walk if line["kind"] in ("told", "mistake")]
    logs = "".join(path.read_text("utf-8", "replace") for path in sorted((folder / "desk" / "logs").glob("*.log*")))
    said = (folder / "said.txt").read_text("utf-8", "replace") if (folder / "said.txt").is_file() else ""
    traces = [*re.findall(r"([^\n]*)\nTraceback", logs), *re.findall(r"([^\n]*)\n?Traceback", said)]
    warned = re.findall(r" (?:WARNING|ERROR) \d+ (.*)", logs)
    text = f"{len(told)} errors told, {len(traces)} tracebacks, {len(warned)} warnings in the log"
    figures = {
        "told": told[:20],
        "traces": traces[:20],
        "warnings": warned[:20],
        "log_bytes": len(logs),
        "said": said[-2000:],
    }
    what = "what was told and logged meanwhile"
    return Row(what, "no error told, no traceback, in the log either", text, not told and not traces, figures)


def budget_row(looks: Sequence[Look]) -> Row:
    """The file of saved states, with its log, against the settings' budget."""
    main = max((look.sizes.get("snapshots.sqlite", 0) for look in looks), default=0)
    log = max((look.sizes.get("snapshots.sqlite-wal", 0) for look in looks), default=0)
    # The budget is for states: tables around them take one page in a hundred. What is left of the log beside them is
    # cut back, but for a while it holds a state that is saved and the pages that are moved for it.
    held = 0 < main <= BUDGET_BYTES * 1.01 + 8 * PAGE_BYTES and log <= 3 * MAX_LOG_BYTES
    text = f"file at most {main / MIB:.0f} MiB, its log at most {log / MIB:.0f} MiB"
    what = f"saved states with a budget of {BUDGET_BYTES // MIB} MiB"
    return Row(what, "the file never above its budget", text, held, {"file_bytes": main, "log_bytes": log})


def left_row(folder: Path, left: Sequence[str]) -> Row:
    """What is there once the window is closed."""
    unknown = [name for name in sizes(folder / "desk") if not KNOWN.fullmatch(name)]
    temporary, exports = sorted(sizes(folder / "temporary")), sorted(sizes(folder / "exports"))
    text = f"{len(unknown)} unknown files, {len(temporary)} temporary ones, {len(left)} processes"
    figures = {"unknown": unknown[:20], "temporary": temporary[:20], "exports": exports[:20], "processes": list(left)}
    held = not (unknown or temporary or exports or left)
    return Row("the window closed", "no file, no process left behind", text, held, figures)


def sound_row(desk: Path) -> Row:
    """SQLite's own check of all databases."""
    paths = DataPaths(desk)
    databases = [paths.library, paths.snapshots, *sorted(paths.backups.glob("*.sqlite"))]
    found = {path.name: _check(path) for path in databases}
    text = ", ".join(f"{name}: {answer}" for name, answer in found.items())
    held = len(found) >= 3 and all(answer == "ok" for answer in found.values())
    return Row("the databases afterwards", "integrity_check: ok", text, held, dict(found))


def _check(path: Path) -> str:
    if not path.is_file():
        return "absent"
    try:
        with closing(sqlite3.connect(path)) as db:
            bad = db.execute("PRAGMA foreign_key_check").fetchall()
            return str(db.execute("PRAGMA integrity_check").fetchone()[0]) if not bad else f"{len(bad)} foreign keys"
    except sqlite3.Error as error:
        return str(error)


def _figures(found: Growth | None) -> dict[str, float] | None:
    if found is None:
        return None
    return {
        "early": round(found.early, 2),
        "late": round(found.late, 2),
        "growth": round(found.share, 4),
        "an_hour": round(found.an_hour, 2),
    }
