"""Where and on what a figure was measured, and the JSON file it goes to."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from app.inference.bench.machine import machine

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"
STARTER = ROOT / "resources" / "starter-model"
DATA = ROOT.parent / "shared" / "data"


def write(name: str, figures: dict[str, Any]) -> Path:
    """Write benchmarks/results/NAME.json with the machine beside the figures, print both, return the path."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    path = RESULTS / f"{name}.json"
    text = json.dumps({"machine": machine(), **figures}, indent=1)
    path.write_text(text + "\n", encoding="utf-8")
    print(text)
    return path
