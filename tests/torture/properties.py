"""What holds for every input, tried with many inputs made at random: `python -m tests.torture properties`.

The properties are those of tests/properties, which the suite tries with a few hundred inputs, always the same; here
they are others with each seed. A counter-example is made again by the seed that stands in the table.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.report import ROOT
from tests.torture.programs import Ended, Started
from tests.torture.property_counts import COUNTS
from tests.torture.trial import Ground, Row

AIM = "no counter-example"
AT_ONCE = 2
LIMIT_S = 1800.0
"""For one area, many times what it takes."""
_FOLDER = ROOT / "tests" / "properties"


@dataclass(frozen=True, slots=True)
class Area:
    """A file of properties. examples: for each property at full scale; those of real models take a share of it."""

    name: str
    what: str
    examples: int
    file: Path


def _area(name: str, what: str, examples: int) -> Area:
    return Area(name, what, examples, _FOLDER / f"test_{name}.py")


AREAS = (
    _area("chunking", "any document, any cuts, any budget of tokens", 1200),
    _area("passages", "any text that a reader may give", 600),
    _area("citations", "any documents, quoted by any answer", 1200),
    _area("messages", "any message to and from the worker, and any bytes in its place", 2000),
    _area("snapshots", "saved states with any part changed", 2500),
    _area("templates", "any text in any turn, under several tokenizers and templates; any template", 1400),
    _area("files", "settings, a model's small files, conversations: any content", 2500),
)


@dataclass(frozen=True, slots=True)
class Counted:
    """What became of an area's tests."""

    lines: Sequence[dict[str, Any]]
    ended: Ended

    @property
    def properties(self) -> list[dict[str, Any]]:
        """Those that are tried with examples."""
        return [line for line in self.lines if line["is_property"]]

    @property
    def examples(self) -> int:
        """Examples that ran, those that were thrown away not counted."""
        return sum(line["examples"] + line["failing"] for line in self.lines)

    @property
    def wrong(self) -> list[str]:
        """Counter-examples, and all for which the area's figures would say nothing."""
        found = [f"{line['name']}: {line['why']}" for line in self.lines if line["outcome"] == "failed"]
        found += [f"{line['name']} did not run: {line['why']}" for line in self.lines if line["outcome"] == "skipped"]
        found += [
            f"{line['name']} was tried with nothing"
            for line in self.properties
            if line["outcome"] == "passed" and not line["examples"]
        ]
        if self.ended.code is None:
            found.append("it did not end within the time there is")
        elif not self.properties:
            found.append("no property ran")
        if self.ended.code and not found:
            words = (self.ended.out + self.ended.err).strip().splitlines() or [""]
            found.append(f"pytest ended with {self.ended.code}: {words[-1][:200]}")
        return found


def run(ground: Ground) -> Iterator[Row]:
    """A row for each area."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        jobs = [(area, pool.submit(tried, area, ground, LIMIT_S)) for area in AREAS]
        for area, job in jobs:
            yield row(area, job.result())


def tried(area: Area, ground: Ground, limit_s: float) -> Counted:
    """Run an area's properties in a pytest of its own; what takes longer is ended."""
    folder = ground.folder / area.name
    folder.mkdir()
    counts = folder / COUNTS
    words = [area.file, ground.count(area.examples), ground.seed, folder]
    ended = Started(["tests.torture.property_counts", *map(str, words)], folder, "pytest").end(limit_s)
    lines = counts.read_text(encoding="utf-8").splitlines() if counts.is_file() else []
    return Counted([json.loads(line) for line in lines], ended)


def row(area: Area, counted: Counted) -> Row:
    """The row of an area."""
    wrong, properties = counted.wrong, counted.properties
    failing = sum(line["failing"] > 0 for line in counted.lines)
    found = f"{counted.examples:,} examples of {len(properties)} properties; {failing} with a counter-example"
    return Row(
        f"{area.name}: {area.what}",
        AIM,
        found + "".join(f"; {one}" for one in wrong[:3]),
        not wrong,
        {
            "examples": counted.examples,
            "thrown_away": sum(line["thrown_away"] for line in counted.lines),
            "properties": {line["name"]: line["examples"] for line in properties},
            "wrong": wrong[:40],
        },
    )
