"""How large are the packages, and how soon does the one-folder program start beside the checkout?

    python -m benchmarks.packages [--dist dist] [--rounds 5]

Takes the packages that lie in a folder: what packaging/bundle.py, packaging/deb.py and `python -m hatchling build`
made. Both programs are measured in one run, each with a cache of its own that is the same at every start; the very
first start, which compiles, is told apart. The window is drawn on a screen of Qt's own.
Writes benchmarks/results/packages.json.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from app.core.paths import CACHE_DIR_VARIABLE
from benchmarks.report import ROOT, write
from benchmarks.start import seconds_to_first_page
from benchmarks.window_start import CHECKOUT, seconds_to_window

SAMPLE = ROOT / "resources" / "sample" / "forests-and-waters.pdf"
MIB = 2**20
FILES = {"wheel": "*.whl", "source archive": "*.tar.gz", "Debian package": "*.deb"}
LARGEST = 8
"""Parts of the folder that are named."""


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dist", type=Path, default=ROOT / "dist")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    folder = arguments.dist.absolute() / "griffin-desk"
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    programs = {"one folder": (str(folder / "griffin-desk"),), "checkout": CHECKOUT}
    measured = {name: _starts(program, arguments.rounds) for name, program in programs.items()}
    ratio = measured["one folder"]["first_page_median_s"] / measured["checkout"]["first_page_median_s"]
    write(
        "packages",
        {
            "mib": sizes(arguments.dist),
            "parts_of_the_folder_mib": parts(folder),
            "starts": measured,
            "first_page_one_folder_over_checkout": round(ratio, 2),
        },
    )


def sizes(dist: Path) -> dict[str, float]:
    """MiB of each package, and of all files in the one-folder program."""
    found = {name: next(dist.glob(pattern), None) for name, pattern in FILES.items()}
    files = {name: path.stat().st_size for name, path in found.items() if path is not None}
    return {
        name: round(nbytes / MIB, 1)
        for name, nbytes in (files | {"one folder": _nbytes(dist / "griffin-desk")}).items()
    }


def parts(folder: Path) -> Mapping[str, float]:
    """MiB of the largest parts of the one-folder program."""
    inside = folder / "_internal"
    found = {path.name: round(_nbytes(path) / MIB, 1) for path in inside.iterdir()}
    return dict(sorted(found.items(), key=lambda item: -item[1])[:LARGEST])


def _nbytes(path: Path) -> int:
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    return sum(file.stat().st_size for file in files if not file.is_symlink())


def _starts(program: tuple[str, ...], rounds: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as cache:
        os.environ[CACHE_DIR_VARIABLE] = cache
        first_ever = seconds_to_first_page(SAMPLE, program)
        pages = _times(lambda: seconds_to_first_page(SAMPLE, program), rounds)
        versions = _times(lambda: _seconds_of([*program, "--version"]), rounds)
        window = seconds_to_window(rounds, program)
    return {
        "version_median_s": round(statistics.median(versions), 2),
        "first_page_of_the_very_first_start_s": round(first_ever, 2),
        "first_page_s": pages,
        "first_page_median_s": round(statistics.median(pages), 2),
        "window_s": window["window_s"],
        "window_median_s": window["window_median_s"],
    }


def _times(once: Callable[[], float], rounds: int) -> list[float]:
    return [round(once(), 2) for _ in range(rounds)]


def _seconds_of(command: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
