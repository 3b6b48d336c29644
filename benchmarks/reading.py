"""Reads every real file of the data folder and says what became of it.

    python -m benchmarks.reading [DATA_DIR] [--only SUBSTRING]

Prints one line per file and writes benchmarks/results/reading.json: how many files were read, how many were refused
and with which code, the slowest files, and pages per second of the long ones. Anything but a Document or a
GriffinDeskError counts as a crash.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path

from app.core.errors import GriffinDeskError
from app.worker.reading import load_document

_ROOT = Path(__file__).resolve().parent.parent
_FOLDERS = ("pdfs", "pdfs_bad", "epubs")
_LONG_PAGES = 100


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one file."""

    folder: str
    name: str
    outcome: str
    """'read', a refusal's code, or 'CRASH'."""
    seconds: float
    pages: int = 0
    pages_without_text: int = 0
    problems: tuple[str, ...] = ()
    characters: int = 0
    sections: int = 0
    message: str = ""


def read_one(folder: str, path: Path) -> Outcome:
    """Load one file and time it."""
    start = time.perf_counter()
    try:
        document = load_document(path)
    except GriffinDeskError as error:
        return Outcome(folder, path.name, error.code, time.perf_counter() - start, message=error.message)
    except Exception as error:
        return Outcome(folder, path.name, "CRASH", time.perf_counter() - start, message=repr(error))
    return Outcome(
        folder,
        path.name,
        "read",
        time.perf_counter() - start,
        pages=len(document.pages),
        pages_without_text=len(document.pages_without_text),
        problems=tuple(sorted({page.problem for page in document.pages if page.problem})),
        characters=len(document.text),
        sections=len(document.sections),
        message="; ".join(document.warnings),
    )


def report(outcomes: list[Outcome]) -> dict[str, object]:
    """The figures that go into the JSON file."""
    slowest = sorted(outcomes, key=lambda outcome: -outcome.seconds)[:10]
    long = [outcome for outcome in outcomes if outcome.pages >= _LONG_PAGES]
    return {
        "files": len(outcomes),
        "crashes": [asdict(outcome) for outcome in outcomes if outcome.outcome == "CRASH"],
        "outcomes": {
            folder: dict(Counter(outcome.outcome for outcome in outcomes if outcome.folder == folder))
            for folder in _FOLDERS
        },
        "slowest": [{"name": o.name, "seconds": round(o.seconds, 2), "outcome": o.outcome} for o in slowest],
        "long": [
            {
                "name": o.name,
                "pages": o.pages,
                "seconds": round(o.seconds, 2),
                "pages_per_second": round(o.pages / o.seconds),
            }
            for o in sorted(long, key=lambda outcome: -outcome.pages)
        ],
        "refused": {o.name: o.message for o in outcomes if o.outcome not in ("read", "CRASH")},
        "page_problems": {o.name: list(o.problems) for o in outcomes if o.problems},
    }


def _row(outcome: Outcome) -> str:
    return (
        f"{outcome.outcome:10} {outcome.seconds:6.2f} s {outcome.pages:5} pages"
        f" {outcome.pages_without_text:4} without {outcome.characters:9,} chars"
        f" {outcome.sections:5} sections  {outcome.folder}/{outcome.name}  {outcome.message}"
    )


def main() -> None:
    """Run over all files and write the report."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data", nargs="?", type=Path, default=_ROOT.parent / "shared" / "data")
    parser.add_argument("--only", default="", help="only files whose name holds this; writes no report")
    options = parser.parse_args()
    outcomes: list[Outcome] = []
    for folder in _FOLDERS:
        for path in sorted((options.data / folder).iterdir()):
            if options.only not in path.name:
                continue
            outcome = read_one(folder, path)
            outcomes.append(outcome)
            print(_row(outcome), flush=True)
    if not options.only:
        target = _ROOT / "benchmarks" / "results" / "reading.json"
        target.parent.mkdir(exist_ok=True)
        target.write_text(json.dumps(report(outcomes), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
