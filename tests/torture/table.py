"""The outcome of the trials: a JSON file of parts, one for each trial, and a table for people."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

from app.inference.bench.machine import machine
from benchmarks.report import keep_part
from tests.torture.trial import TRIALS, Row, verdict

BEGIN, END = "<!-- table: made by python -m tests.torture --keep -->\n", "<!-- end of table -->\n"
_VERDICTS = {True: verdict(True), False: f"**{verdict(False)}**", None: verdict(None)}


def keep(path: Path, trial: str, rows: Sequence[Row], *, seconds: float, scale: float, seed: int) -> None:
    """Write what one trial found; the parts of the others stay."""
    part = {
        "date": date.today().isoformat(),
        "machine": machine(),
        "seconds": round(seconds),
        "scale": scale,
        "seed": seed,
        "rows": [asdict(row) for row in rows],
    }
    keep_part(path, trial, part, TRIALS)


def table(path: Path) -> str:
    """All that stands in a result file, as a Markdown table."""
    parts: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    lines = ["| trial | what is done | must hold | found | |", "|---|---|---|---|---|"]
    for trial, part in parts.items():
        for row in part["rows"]:
            cells = (trial, row["what"], row["aim"], row["found"], _VERDICTS[row["held"]])
            lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines)


def show(path: Path, page: Path) -> None:
    """Put the table of a result file between the marks of a page."""
    text = page.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    page.write_text(f"{before}{BEGIN}{table(path)}\n{END}{after}", encoding="utf-8")
