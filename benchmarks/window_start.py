"""From before the process starts to the window on the screen, the model still loading behind it."""

from __future__ import annotations

import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from app.core.paths import DataPaths
from benchmarks.watched_log import seconds_until

ROOT = Path(__file__).resolve().parent.parent
CHECKOUT = (sys.executable, "-m", "app")
"""The program as it is started here."""


def seconds_to_window(rounds: int, program: Sequence[str] = CHECKOUT) -> dict[str, Any]:
    """One round more warms the disk. The same folder each time, as a user's is."""
    with tempfile.TemporaryDirectory() as folder:
        seconds = [_once(Path(folder), program) for _ in range(rounds + 1)][1:]
    shown, ready, model = zip(*seconds, strict=True)
    return {
        "window_s": [round(s, 2) for s in shown],
        "window_median_s": round(statistics.median(shown), 2),
        "all_ready_s": [round(s, 2) for s in ready],
        "model_ready_s": [round(s, 2) for s in model],
        "target_s": 1.5,
    }


def _once(folder: Path, program: Sequence[str]) -> tuple[float, ...]:
    """Seconds to the first paint, to the window with all that it works with, and to the loaded model."""
    log = DataPaths(folder).log
    log.unlink(missing_ok=True)
    environment = os.environ | {"XDG_CONFIG_HOME": str(folder / "config")}
    command = [*program, "window", "--data-dir", str(folder)]
    began = time.perf_counter()
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
    try:
        return tuple(
            seconds_until(log, words, began, process) for words in ("window shown", "window ready", "model ready")
        )
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)
