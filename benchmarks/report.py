"""Where and on what a figure was measured, and the JSON file it goes to."""

from __future__ import annotations

import json
import os
import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
import torch

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"
STARTER = ROOT / "resources" / "starter-model"
DATA = ROOT.parent / "shared" / "data"


def machine() -> dict[str, Any]:
    """The machine, as far as it bears on speed. `load` is what else was running (one-minute average) at the start."""
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "processor": _processor(),
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "memory_bytes": psutil.virtual_memory().total,
        "load": round(psutil.getloadavg()[0], 2),
        "python": platform.python_version(),
        "torch": torch.__version__,
    }


def write(name: str, figures: dict[str, Any]) -> Path:
    """Write benchmarks/results/NAME.json with the machine beside the figures, print both, return the path."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    path = RESULTS / f"{name}.json"
    text = json.dumps({"machine": machine(), **figures}, indent=1)
    path.write_text(text + "\n", encoding="utf-8")
    print(text)
    return path


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())
