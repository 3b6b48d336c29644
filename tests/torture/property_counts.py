"""A file of properties in a process of its own: `python -m tests.torture.property_counts FILE EXAMPLES SEED FOLDER`.

Hypothesis' own statistics are counted, so that an example which was thrown away, or never made, is none. Each test ends
in a line of JSON in FOLDER/counts.jsonl, where all else lies too that is written.
"""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import is_hypothesis_test
from hypothesis.statistics import collector

from tests.properties.profile import EXAMPLES, KEPT

COUNTS = "counts.jsonl"
_ROOT = Path(__file__).resolve().parents[2]
_STATISTICS = pytest.StashKey[Counter[str]]()
_LONGEST = 300


class _Plugin:
    """Counts, for pytest. file: takes the lines."""

    def __init__(self, file: Path) -> None:
        self._file = file

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Iterator[None]:
        """Count the examples that this test is tried with."""
        counted = item.stash[_STATISTICS] = Counter()
        above = collector.value

        def note(statistics: dict[str, Any]) -> None:
            for phase in ("reuse", "generate", "shrink"):
                counted.update(case["status"] for case in statistics.get(f"{phase}-phase", {}).get("test-cases", ()))
            if above is not None:
                above(statistics)

        with collector.with_value(note):
            return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[pytest.TestReport]:
        """One line for each test that ran, or could not be set up."""
        report = yield
        if report.when == "call" or report.outcome != "passed":
            counted = item.stash.get(_STATISTICS, Counter()) if report.when == "call" else Counter[str]()
            line = {
                "name": item.name,
                "is_property": is_hypothesis_test(getattr(item, "obj", None)),
                "outcome": report.outcome,
                "examples": counted["valid"],
                "thrown_away": counted["invalid"] + counted["overrun"],
                "failing": counted["interesting"],
                "why": "" if call.excinfo is None else _why(call.excinfo.value),
            }
            with self._file.open("a", encoding="utf-8") as stream:
                stream.write(json.dumps(line) + "\n")
        return report


def _why(error: BaseException) -> str:
    """The counter-example and what it led to, in one line."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    notes = getattr(error, "__notes__", [])  # the first one shows the arguments
    first = (str(error).strip().splitlines() or [""])[0]
    return " ".join(" ".join([*notes[:1], f"{type(error).__name__}: {first}"]).split())[:_LONGEST]


def main(file: str, examples: str, seed: str, folder: str) -> int:
    """Run the properties; pytest's exit code."""
    os.environ |= {EXAMPLES: examples, KEPT: f"{folder}/kept", "HYPOTHESIS_STORAGE_DIRECTORY": f"{folder}/hypothesis"}
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # the window's takes seconds
    places = ["-c", str(_ROOT / "pyproject.toml"), "--rootdir", str(_ROOT), "--basetemp", f"{folder}/made"]
    plugins = ["-p", "no:cacheprovider", "-p", "_hypothesis_pytestplugin"]
    words = [file, *places, *plugins, f"--hypothesis-seed={seed}", "--tb=short"]
    return pytest.main(words, plugins=[_Plugin(Path(folder) / COUNTS)])


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
