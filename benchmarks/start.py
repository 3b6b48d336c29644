"""How long after its start does the program have the first page of a document read?

    python -m benchmarks.start FILE [--rounds 5]

Runs `griffin-desk summarize FILE` with a fresh data folder each time (so the file is parsed and stored anew), watches
its log for the first page, and stops it there. The clock starts before the process does. One round more warms the
disk and the compiled code. Writes benchmarks/results/start.json.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from app.core.paths import DataPaths
from benchmarks.report import ROOT, write
from benchmarks.watched_log import seconds_until
from benchmarks.window_start import CHECKOUT


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    seconds = [seconds_to_first_page(arguments.file) for _ in range(arguments.rounds + 1)][1:]
    write(
        "start",
        {
            "file": arguments.file.name,
            "seconds_to_first_page": [round(s, 2) for s in seconds],
            "median_s": round(statistics.median(seconds), 2),
            "target_s": 5,
        },
    )


def seconds_to_first_page(file: Path, program: Sequence[str] = CHECKOUT) -> float:
    """From before the process starts until its log says that the first page was read."""
    with tempfile.TemporaryDirectory() as folder:
        log = DataPaths(Path(folder)).log
        command = [*program, "summarize", str(file), "--data-dir", folder]
        began = time.perf_counter()
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            return seconds_until(log, "first page read", began, process)
        finally:
            process.kill()
            process.wait()


if __name__ == "__main__":
    main()
