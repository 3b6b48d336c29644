"""Files broken on purpose, by the thousand: `python -m tests.torture mutated`.

A tenth goes through the window; the rest straight into a library, by the same readers. What breaks anything is named in
the figures, and made again by `python -m tests.torture.mutated_documents KIND SEED NUMBER FILE`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.report import DATA
from tests.torture.import_lines import Order
from tests.torture.import_runs import BARE, WINDOW
from tests.torture.import_tally import Tally
from tests.torture.imports_at_once import import_at_once
from tests.torture.mutation import Bases, mutant
from tests.torture.mutation_bases import bases
from tests.torture.real_documents import left_row
from tests.torture.trial import Ground, Row

FULL = {"pdf": 2000, "epub": 500, "docx": 500, "html": 500}
IN_WINDOW = 10
"""One of so many goes through the window."""
AT_ONCE = 3
"""Programs that import beside each other."""
_NAMES = {"pdf": "PDFs", "epub": "EPUBs", "docx": "DOCX files", "html": "HTML pages"}
_DOUBTED = 0.02
"""Share of mutants of which other parsers may make something else: each repairs in its own way."""


def run(ground: Ground) -> Iterator[Row]:
    """A row for each kind, and one for what was left behind."""
    left: list[str] = []
    for kind, full in FULL.items():
        count = ground.count(full)
        files = write_mutants(ground.folder / "files" / kind, kind, ground.seed, range(count), bases(kind, ground.data))
        shown, others = files[::IN_WINDOW], [file for n, file in enumerate(files) if n % IN_WINDOW]
        tally = Tally()
        for way, part in ((WINDOW, shown), (BARE, others)):
            order = Order(str(ground.folder / f"{kind}-{way}"), [str(file) for file in part], looked_at=2, find="the")
            outcomes, behind = import_at_once(way, order, AT_ONCE)
            ground.say(f"{len(outcomes)} of {count} {_NAMES[kind]} imported: {way}")
            tally.judge(outcomes)
            left += behind
        what = f"{count:,} {_NAMES[kind]} with flipped, cut, spliced and misleading parts, {len(shown)} in the window"
        yield tally.row(what, most_doubts=round(_DOUBTED * count))
    yield left_row(sum(map(ground.count, FULL.values())), left)


def write_mutants(folder: Path, kind: str, seed: int, numbers: Sequence[int], whole: Bases) -> list[Path]:
    """Files named by kind, seed and number."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{kind}-{seed}-{number}.{kind}" for number in numbers]
    for path, number in zip(paths, numbers, strict=True):
        path.write_bytes(mutant(kind, seed, number, whole))
    return paths


if __name__ == "__main__":
    kind, seed, number, file = sys.argv[1:]
    Path(file).write_bytes(mutant(kind, int(seed), int(number), bases(kind, DATA if DATA.is_dir() else None)))
