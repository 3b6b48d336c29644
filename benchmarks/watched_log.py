"""When a program that has been started says something in its log."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

_TIMEOUT_S = 120.0


def seconds_until(log: Path, words: str, began: float, process: subprocess.Popen[bytes]) -> float:
    """From `began`, of time.perf_counter(), until the log holds these words. SystemExit where it never does."""
    while time.perf_counter() - began < _TIMEOUT_S and process.poll() is None:
        if log.exists() and words in log.read_text(encoding="utf-8"):
            return time.perf_counter() - began
        time.sleep(0.01)
    raise SystemExit(f"the log never said {words!r}")
