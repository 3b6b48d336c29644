"""An evening at the window: 90 minutes of reading, asking, branching and deleting; does anything grow or stay behind?

The window is the real one, on a screen of Qt's own, with the real worker and the starter model (evening_walk.py). It is
looked at from outside every ten seconds (evening_watch.py). Rounds have the same deeds, so that the middle of memory
in a late stretch can be held against an early one; see `growth`.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil

from benchmarks.report import ROOT
from tests.torture.evening_rows import BUDGET_BYTES, rows
from tests.torture.evening_watch import WALK, Watch, last, records
from tests.torture.programs import environment
from tests.torture.trial import Ground, Row

SHORT = (
    "layout-parser-paper-with-empty-pages.pdf",
    "multi-column-2p.pdf",
    "slideshow_mostly_good_some_pages_should_get_filtered.pdf",
)
LONG = "r-doc-pdf__R-lang.pdf"
CLOSING_S = 1200.0
"""The last round and the end of the window may take so long."""
SAY_S = 60.0


def run(ground: Ground) -> Iterator[Row]:
    """One evening."""
    desk = ground.folder / "desk"
    desk.mkdir()
    (desk / "settings.toml").write_text(f"snapshot_budget_bytes = {BUDGET_BYTES}\n", encoding="utf-8")
    files = _files(ground)
    around = environment(ground.folder)
    wanted = ("--minutes", str(ground.minutes), "--seed", str(ground.seed))
    ground.say(f"{ground.minutes:g} minutes with {', '.join(file.name for file in files)}")
    with (ground.folder / "said.txt").open("wb") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.torture.evening_walk", *map(str, (ground.folder, *files)), *wanted],
            cwd=ground.folder,
            env=around,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            start_new_session=True,
        )
    watch = Watch(process.pid, desk, ground.folder / WALK, Path(around["TMPDIR"]))
    code: int | None = None
    try:
        code = _wait(process, ground)
    finally:
        watch.close()
        left = _end(process, watch.seen.values())
    yield from rows(ground.folder, watch.looks, code, left)


def _files(ground: Ground) -> list[Path]:
    """Short documents, and at the end a long one that is read in parts."""
    sample = ROOT / "resources" / "sample"
    found = [] if ground.data is None else [ground.data / "pdfs" / name for name in SHORT]
    found = [sample / "forests-and-waters.pdf", *(path for path in found if path.is_file())]
    if len(found) < 2:
        found.append(sample / "forests-and-waters.txt")
    long = None if ground.data is None else ground.data / "pdfs" / LONG
    if long is None or not long.is_file():
        long = ground.folder / "long.txt"
        text = (sample / "forests-and-waters.txt").read_text(encoding="utf-8")
        long.write_text("\n\n".join(f"Book {number}\n\n{text}" for number in range(1, 9)), encoding="utf-8")
    return [*found, long]


def _wait(process: subprocess.Popen[bytes], ground: Ground) -> int | None:
    """Its exit code; None where it takes far too long."""
    waited = 0.0
    while waited < 60 * ground.minutes + CLOSING_S:
        with suppress(subprocess.TimeoutExpired):
            return process.wait(SAY_S)
        waited += SAY_S
        walk = records(ground.folder / WALK)
        deeds = sum(line["kind"] == "deed" for line in walk)
        ground.say(f"round {last(walk, 'round').get('number', 0)}, {deeds} deeds, last: {last(walk, 'deed')}")
    return None


def _end(process: subprocess.Popen[bytes], seen: Iterable[psutil.Process]) -> list[str]:
    """End what is left of the window's processes; their command lines."""
    _, alive = psutil.wait_procs(list(seen), timeout=10)
    left = []
    for one in alive:
        with suppress(psutil.Error):
            left.append(re.sub(r"\s+", " ", " ".join(one.cmdline()))[:200])
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    return left
