"""Where and on what a figure was measured, and the JSON file it goes to."""

from __future__ import annotations

import json
from collections.abc import Iterable
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


def keep_part(path: Path, part: str, figures: dict[str, Any], order: Iterable[str]) -> None:
    """Replace one part of a result file whose parts are measured one by one; the others stay, in this order."""
    results = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    results[part] = figures
    ordered = {name: results[name] for name in order if name in results}
    path.write_text(json.dumps(ordered, indent=1) + "\n", encoding="utf-8")
