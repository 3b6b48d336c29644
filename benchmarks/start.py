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
import sys
import tempfile
import time
from pathlib import Path

from app.core.paths import DataPaths
from benchmarks.report import ROOT, write

_TIMEOUT_S = 120.0


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


def seconds_to_first_page(file: Path) -> float:
    """From before the process starts until its log says that the first page was read."""
    with tempfile.TemporaryDirectory() as folder:
        log = DataPaths(Path(folder)).log
        command = [sys.executable, "-m", "app", "summarize", str(file), "--data-dir", folder]
        began = time.perf_counter()
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            while time.perf_counter() - began < _TIMEOUT_S and process.poll() is None:
                if log.exists() and "first page read" in log.read_text(encoding="utf-8"):
                    return time.perf_counter() - began
                time.sleep(0.01)
        finally:
            process.kill()
            process.wait()
    raise SystemExit(f"no page of {file} was read")


if __name__ == "__main__":
    main()
