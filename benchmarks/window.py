"""The window at work: does its event loop ever keep a user waiting, is it there at once, and does Stop stop?

    python -m benchmarks.window stalls FILE.pdf [--minutes 5]  # read a long PDF, ask, chat, look at pages
    python -m benchmarks.window start [--rounds 5]             # from the process to the window on screen
    python -m benchmarks.window large                          # 2,000 library entries, a conversation of 2,000 turns
    python -m benchmarks.window stop [--rounds 10]               # from Stop pressed to the model's process idle

The window is the real one, with the real worker and the starter model, on a screen of Qt's own (`offscreen`) unless
QT_QPA_PLATFORM names another. A bare Qt loop ticks in another process meanwhile: what delays that is the machine, not
the window. Each part writes its key of benchmarks/results/window.json.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from pathlib import Path
from typing import Any

PARTS = ("stalls", "start", "large", "stop")


def main() -> None:
    """Measure one part and write it beside the others."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parts = parser.add_subparsers(dest="part", required=True)
    stalls = parts.add_parser("stalls")
    stalls.add_argument("file", type=Path)
    stalls.add_argument("--minutes", type=float, default=5.0)
    for name, rounds in (("start", 5), ("stop", 10)):
        parts.add_parser(name).add_argument("--rounds", type=int, default=rounds)
    parts.add_parser("large")
    arguments = parser.parse_args()
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    with tempfile.TemporaryDirectory() as folder:
        found = _measure(arguments, Path(folder))
    # Only now: these import torch, which the window never does.
    from app.inference.bench.machine import machine
    from benchmarks.report import RESULTS, keep_part

    print(json.dumps(found, indent=1))
    keep_part(RESULTS / "window.json", arguments.part, {"machine": machine(), **found}, PARTS)


def _measure(arguments: argparse.Namespace, folder: Path) -> dict[str, Any]:
    if arguments.part == "start":
        from benchmarks.window_start import seconds_to_window

        return seconds_to_window(arguments.rounds)
    if arguments.part == "stalls":
        from benchmarks.window_stalls import stalls

        return stalls(folder, arguments.file, arguments.minutes)
    if arguments.part == "stop":
        from benchmarks.window_stop import seconds_to_stop

        return seconds_to_stop(folder, arguments.rounds)
    from benchmarks.window_large import large

    return large(folder)


if __name__ == "__main__":
    main()
