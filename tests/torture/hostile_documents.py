"""Documents made to hurt whoever opens them: `python -m tests.torture bombs`.

Each is imported into a real library and its index by a program that is watched: what comes of it must be among what
may, within the time there is, with bounds on the memory of the parser and of the program itself, and with nothing that
steers a terminal or comes from another file in what was read.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from app.core.text import one_line
from tests.torture.hostile_case import READ, Case, made
from tests.torture.hostile_cli import cli_row
from tests.torture.hostile_files import CHANGES, RESTLESS_MAY, restless, special_files
from tests.torture.hostile_growth import MOST_TIMES, TIMES, growths
from tests.torture.hostile_names import names
from tests.torture.hostile_pdf import pdfs
from tests.torture.hostile_texts import text_files
from tests.torture.hostile_xml import markup
from tests.torture.hostile_zip import containers, docx, epub, leading_names
from tests.torture.import_lines import Order
from tests.torture.import_runs import BARE, ImportRun, Outcome, strays
from tests.torture.judgement import faults
from tests.torture.pdf_by_hand import pdf
from tests.torture.trial import Ground, Row

PROGRAM = "tests.torture.hostile_importing"
MOST_GROWN = 512 << 20
"""Bytes that the program itself may take more than before, for one document; 60 million characters take 300 MiB."""
MOST_S = 180.0
"""For one document: 60 s to open it, 60 s for its outline, and the program's own part of a long text."""
MOST_SAID = 600
"""Characters of a refusal; a path of any length may stand in it."""
AIM = (
    "read, or refused with a fitting code and one sentence; parser and program in bounds; nothing steers a terminal or "
    "comes from elsewhere; nothing written outside the data folder"
)
_FILE_CHARS, _GROWTH_CHARS, _RESTLESS = 200_000, 60_000, 10


@dataclass(frozen=True, slots=True)
class Judged:
    """A case and what came of it."""

    case: Case
    outcome: Outcome

    @property
    def got(self) -> str:
        """READ, the code of the refusal, or how else it ended."""
        return self.outcome.code if self.outcome.how in ("refused", "password") else self.outcome.how

    @property
    def wrong(self) -> list[str]:
        """What must not be."""
        outcome, document = self.outcome, self.outcome.document
        found = faults(outcome)
        if self.got not in self.case.may:
            found.append(f"{self.got}, where {' or '.join(sorted(self.case.may))} would fit: {outcome.said[-200:]}")
        sentence = one_line(outcome.said).replace(str(outcome.path), "")
        if outcome.how == "refused" and (len(sentence) > MOST_SAID or "Traceback" in sentence):
            found.append(f"its refusal is no sentence: {sentence[:100]}")
        if document.get("unfit"):
            found.append(f"unfit characters in its {', '.join(document['unfit'])}")
        if document.get("canary"):
            found.append("it reached another file")
        if self.got == READ and document.get("with_text", 0) < self.case.pages:
            found.append(f"{document.get('with_text')} pages with text")
        if (grown := outcome.facts.get("grown", 0)) > MOST_GROWN:
            found.append(f"the program took {grown >> 20} MiB more")
        if outcome.seconds > MOST_S:
            found.append(f"it took {outcome.seconds:.0f} s")
        return [f"{self.case.name}: {fault}" for fault in found]


def run(ground: Ground) -> Iterator[Row]:
    """A row for each family of files, one for how time grows, one for the command line."""
    full = ground.scale >= 1
    families = {
        "zip containers (bombs, lies, locks)": containers(),
        "names that lead out of an archive": leading_names(),
        "entities, nesting and floods in markup": markup(),
        "PDFs (bombs, loops, floods, odd locks, actions)": pdfs(),
        "names of files": names(),
        "paths that are no document": special_files(),
        "texts, Markdown and HTML of hostile shapes": text_files(ground.count(_FILE_CHARS)),
    }
    for number, (what, cases) in enumerate(families.items()):
        chosen = [case for case in cases if full or not case.heavy]
        yield family_row(f"{len(chosen)} {what}", chosen, ground.folder / str(number), ground.say)
    yield restless_row(ground)
    yield growth_row(ground)
    yield cli_row(ground.folder / "cli")


def family_row(what: str, cases: Sequence[Case], folder: Path, say: object = None) -> Row:
    """Make them, import them, judge what came of it."""
    files = folder / "files"
    judged = list(imported(cases, folder))
    if callable(say):
        for one in judged:
            if one.outcome.seconds > 30:
                say(f"{one.case.name}: {one.got} after {one.outcome.seconds:.0f} s")
    wrong = [fault for one in judged for fault in one.wrong] + [f"written: {stray}" for stray in strays(folder)]
    if len(judged) < len(cases):
        wrong.append(f"{len(cases) - len(judged)} were not imported")
    shutil.rmtree(files)
    return _row(what, judged, wrong)


def imported(cases: Sequence[Case], folder: Path) -> Iterator[Judged]:
    """Each with what came of it."""
    paths = made(cases, folder / "files")
    run = ImportRun(BARE, Order(str(folder), [str(path) for path in paths]), program=PROGRAM)
    for case, outcome in zip(cases, run.outcomes(), strict=False):
        yield Judged(case, outcome)


def restless_row(ground: Ground) -> Row:
    """Files that change many times a second while they are imported, each several times."""
    judged: list[Judged] = []
    times = ground.count(_RESTLESS)
    for kind, data in {"pdf": pdf(), "epub": epub(), "docx": docx(), "txt": b"The ferry leaves.\n\n" * 100_000}.items():
        for name, change in CHANGES.items():
            folder = ground.folder / f"restless-{kind}-{name}"
            path = folder / "files" / f"a.{kind}"
            path.parent.mkdir(parents=True)
            path.write_bytes(data)
            case = Case(f"{kind} that {name}", lambda _, path=path: path, RESTLESS_MAY)
            with restless(path, change, ground.seed):
                outcomes = list(ImportRun(BARE, Order(str(folder), [str(path)] * times), program=PROGRAM).outcomes())
            judged += [Judged(replace(case, pages=0), outcome) for outcome in outcomes]
    wrong = [fault for one in judged for fault in one.wrong]
    return _row(f"{len(judged)} files that shrink, grow, vanish or are scribbled on meanwhile", judged, wrong)


def growth_row(ground: Ground) -> Row:
    """How the time of the program's own part grows with the text."""
    size = ground.count(_GROWTH_CHARS)
    found = list(growths(size))
    wrong = [f"{growth.shape}, {growth.kind}: {growth.ratio:.1f}" for growth in found if growth.ratio > MOST_TIMES]
    worst = max(found, key=lambda growth: growth.ratio)
    slowest = max(found, key=lambda growth: growth.large_s or float("inf"))
    slow = f"{slowest.large_s or 0:.1f} s of CPU for {TIMES * size:,} characters ({slowest.shape}, {slowest.kind})"
    return Row(
        f"{len(found)} shapes of text: normalising, dividing and indexing {TIMES} times as much",
        f"no more than {MOST_TIMES:g} times as long",
        f"at the most {worst.ratio:.1f} times ({worst.shape}, {worst.kind}); {slow}" + _listed(wrong),
        not wrong,
        {"wrong": wrong, "worst": worst.ratio, "slowest_s": slowest.large_s},
    )


def _row(what: str, judged: Sequence[Judged], wrong: Sequence[str]) -> Row:
    got = Counter(one.got for one in judged)
    parser = max((one.outcome.parser_bytes for one in judged), default=0)
    grown = max((one.outcome.facts.get("grown", 0) for one in judged), default=0)
    seconds = max((one.outcome.seconds for one in judged), default=0.0)
    counts = ", ".join(f"{count} {how}" for how, count in got.most_common())
    memory = f"largest parser {parser >> 20} MiB, program at the most {grown >> 20} MiB more"
    found = f"{counts}; {memory}; longest {seconds:.0f} s{_listed(wrong)}"
    figures = {"got": dict(got), "parser_bytes": parser, "grown_bytes": grown, "longest_s": round(seconds, 1)}
    return Row(what, AIM, found, not wrong, {**figures, "wrong": list(wrong)[:40]})


def _listed(wrong: Sequence[str]) -> str:
    return f"; {len(wrong)} wrong: " + "; ".join(wrong[:5]) if wrong else ""
