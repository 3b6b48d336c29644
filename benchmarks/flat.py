"""Does a long document stay cheap? The real program reads one; memory and reading rate early and late.

    python -m benchmarks.flat FILE [--early-page 100] [--late-page 2400]

Runs `griffin-desk summarize FILE --style key-passages --json` with a fresh data folder, adds up the resident memory of
all its processes twice a second, and notes the page that it reports. On the way it copies the states that the
program saves after 5,000 and 500,000 tokens; afterwards both are loaded and read the same 2,048 tokens from in turn,
ten rounds. Writes benchmarks/results/flat.json.
"""

from __future__ import annotations

import argparse
import json
import re
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import psutil

from app.inference.engine import Engine
from app.inference.generator import SavedState, StatePage
from benchmarks.report import RESULTS, ROOT, STARTER, write

MIB = 1024 * 1024
EARLY_TOKENS, LATE_TOKENS = 5_000, 500_000
READ_TOKENS = 2048
ROUNDS = 10
_PROGRESS = re.compile(r"page ([\d,]+) of [\d,]+, ([\d,]+) of [\d,]+ tokens")


@dataclass(slots=True)
class Watch:
    """What the program said and used so far. samples: (seconds, page, tokens, resident bytes)."""

    page: int = 0
    tokens: int = 0
    lines: list[str] = field(default_factory=list)
    samples: list[tuple[float, int, int, int]] = field(default_factory=list)

    def follow(self, stream: IO[str]) -> None:
        """Take in the program's standard error until it ends."""
        for line in stream:
            self.lines.append(line.rstrip())
            if found := _PROGRESS.search(line):
                self.page, self.tokens = (int(number.replace(",", "")) for number in found.groups())

    def resident_at(self, page: int) -> int | None:
        """Resident bytes when the page was first reported as read; None when it never was."""
        return next((resident for _, at, _, resident in self.samples if at >= page), None)


def main() -> None:
    """Run the program, then time the two states, then write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--early-page", type=int, default=100)
    parser.add_argument("--late-page", type=int, default=2400)
    parser.add_argument("--data-dir", type=Path, help="keep the program's data here instead of in a temporary folder")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        data_dir = arguments.data_dir or Path(temporary)
        watch, states, result = run_program(arguments.file, data_dir)
    early, late = watch.resident_at(arguments.early_page), watch.resident_at(arguments.late_page)
    figures: dict[str, object] = {
        "file": arguments.file.name,
        "pages": result["document"]["pages"],
        "stats": result["stats"],
        "memory": {
            "page": [arguments.early_page, arguments.late_page],
            "resident_bytes": [early, late],
            "growth_mib": None if early is None or late is None else round((late - early) / MIB, 1),
            "target_mib": 64,
        },
        "samples_every_60_s": [s for n, s in enumerate(watch.samples) if n % 120 == 0],
    }
    if len(states) == 2:
        figures["rate"] = time_states(*states)
    write("flat", figures)


def run_program(file: Path, data_dir: Path) -> tuple[Watch, list[tuple[int, SavedState]], dict[str, dict[str, object]]]:
    """The program's run on the file: what was seen, the states saved on the way, and its JSON."""
    command = [sys.executable, "-m", "app", "summarize", str(file), "--style", "key-passages", "--json"]
    command += ["--data-dir", str(data_dir)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None and process.stderr is not None
    watch = Watch()
    output: list[str] = []
    threads = [
        threading.Thread(target=watch.follow, args=(process.stderr,), daemon=True),
        threading.Thread(target=output.extend, args=(process.stdout,), daemon=True),
    ]
    for thread in threads:
        thread.start()
    states: list[tuple[int, SavedState]] = []
    began = time.monotonic()
    while process.poll() is None:
        watch.samples.append((round(time.monotonic() - began, 1), watch.page, watch.tokens, resident(process.pid)))
        wanted = (EARLY_TOKENS, LATE_TOKENS, None)[len(states)]
        if wanted is not None and watch.tokens >= wanted and (saved := newest_state(data_dir)) is not None:
            states.append((watch.tokens, saved))
        time.sleep(0.5)
    for thread in threads:
        thread.join()
    if process.returncode:
        raise SystemExit("\n".join(watch.lines[-5:]))
    return watch, states, json.loads("".join(output))


def resident(pid: int) -> int:
    """Resident bytes of a process and all it started."""
    total = 0
    try:
        process = psutil.Process(pid)
        for one in (process, *process.children(recursive=True)):
            total += one.memory_info().rss
    except psutil.NoSuchProcess:
        pass
    return total


def newest_state(data_dir: Path) -> SavedState | None:
    """The state that the program saved last, read beside it."""
    try:
        db = sqlite3.connect(f"file:{data_dir / 'snapshots.sqlite'}?mode=ro", uri=True, timeout=1)
        try:
            db.execute("BEGIN")  # the row and its pages as of one moment
            row = db.execute(
                "SELECT id, header, position, token_hash, recurrent FROM snapshots ORDER BY used_at DESC LIMIT 1"
            ).fetchone()
            if row is None:
                return None
            pages = db.execute(
                'SELECT s.start, s."end", p.digest, p.data FROM snapshot_pages s JOIN pages p USING (digest) '
                "WHERE s.snapshot_id = ? ORDER BY s.ordinal",
                row[:1],
            ).fetchall()
        finally:
            db.close()
    except sqlite3.Error:
        return None  # not there yet, or being written: the next look will find it
    return SavedState(*row[1:], tuple(StatePage(*page) for page in pages))


def time_states(early: tuple[int, SavedState], late: tuple[int, SavedState]) -> dict[str, object]:
    """Tokens per second of reading the same tokens from each state, in turn."""
    engine = Engine.load(STARTER, cache_dir=RESULTS.parent / ".cache")
    ids = engine.tokenize((STARTER / "README.md").read_text(encoding="utf-8") * 8)[:READ_TOKENS]
    states = [engine.load_state(saved) for _, saved in (early, late)]
    positions = [engine.position(state) for state in states]
    seconds: list[list[float]] = [[], []]
    for round_number in range(ROUNDS + 1):
        for which, state in enumerate(states):
            fork = engine.fork(state)
            began = time.perf_counter()
            engine.read(fork, ids)
            if round_number:  # the first round warms up
                seconds[which].append(time.perf_counter() - began)
            engine.drop(fork)
    rates = [len(ids) / statistics.median(times) for times in seconds]
    return {
        "positions": positions,
        "tokens_per_second": [round(rate, 1) for rate in rates],
        "ratio": round(rates[1] / rates[0], 3),
        "target": 0.97,
    }


if __name__ == "__main__":
    main()
