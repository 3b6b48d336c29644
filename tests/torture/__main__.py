"""Try to break the program: `python -m tests.torture [TRIAL...] [--scale 0.1] [--minutes 90] [--keep]`.

Without names all trials are run, which takes some hours on two cores; `--list` names them. Real files are taken from
../shared/data where that folder is there (`--data` names another). The table is printed at the end; with `--keep` the
figures go to benchmarks/results/torture.json and the table to docs/robustness.md. The exit status is 1 where anything
broke.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.report import DATA, RESULTS, ROOT
from tests.torture.table import keep, show, table
from tests.torture.trial import TRIALS, Ground, Row, load, verdict

KEPT = RESULTS / "torture.json"
PAGE = ROOT / "docs" / "robustness.md"


def main(arguments: list[str] | None = None) -> int:
    """Run the trials; 0 when no row broke."""
    parser = argparse.ArgumentParser(prog="python -m tests.torture", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("trials", nargs="*", metavar="TRIAL", help="default: all of them")
    parser.add_argument("--list", action="store_true", help="name the trials")
    parser.add_argument("--data", type=Path, default=DATA, help="a folder of real files (pdfs, pdfs_bad, epubs, eval)")
    parser.add_argument("--scale", type=float, default=1.0, help="share of the full number of cases (1.0)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=90.0, help="length of the evening's run (90)")
    parser.add_argument("--keep", action="store_true", help=f"write figures and table to {KEPT.name}, {PAGE.name}")
    options = parser.parse_args(arguments)
    if options.list:
        print("\n".join(TRIALS))
        return 0
    names = options.trials or list(TRIALS)
    if unknown := [name for name in names if name not in TRIALS]:
        parser.error(f"there is no trial {unknown[0]}: they are {', '.join(TRIALS)}")
    with tempfile.TemporaryDirectory(prefix="torture-") as folder:
        result = KEPT if options.keep else Path(folder) / KEPT.name
        broken = [name for name in names if not _run(name, options, Path(folder) / name, result)]
        print(table(result))
    if options.keep:
        show(KEPT, PAGE)
    if broken:
        print(f"\nbroken: {', '.join(broken)}", file=sys.stderr)
    return 1 if broken else 0


def _run(name: str, options: argparse.Namespace, folder: Path, result: Path) -> bool:
    """One trial, and whether none of its rows broke."""
    folder.mkdir()
    began = time.monotonic()
    ground = Ground(
        folder=folder,
        data=options.data if options.data.is_dir() else None,
        scale=options.scale,
        seed=options.seed,
        minutes=options.minutes,
        say=lambda line: print(f"[{name} {time.monotonic() - began:5.0f} s] {line}", flush=True),
    )
    rows: list[Row] = []
    for row in load(name)(ground):
        rows.append(row)
        ground.say(f"{verdict(row.held).upper()}: {row.what}: {row.found}")
    keep(result, name, rows, seconds=time.monotonic() - began, scale=options.scale, seed=options.seed)
    return not any(row.held is False for row in rows)


if __name__ == "__main__":
    sys.exit(main())
