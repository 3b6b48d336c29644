"""What the command line prints of hostile documents, without a model and with one; and what it tries of the network."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.torture.hostile_case import CANARY, Case, made
from tests.torture.hostile_names import names
from tests.torture.hostile_pdf import pdfs
from tests.torture.hostile_xml import markup
from tests.torture.hostile_zip import leading_names
from tests.torture.network_watch import seen, watch_here
from tests.torture.programs import Ended
from tests.torture.trial import Row

TERMINAL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_TELLING = ("elsewhere", "unfit", "XInclude", "entity", "DTD", "leading", "a part at", "addresses", "link to")


def cli_row(folder: Path, *, most: int = 1000) -> Row:
    """Import hostile files under a watch on the network, then let the command line name them all."""
    cases = [*names(), *(case for case in (*pdfs(), *markup(), *leading_names()) if _tells(case))][:most]
    files = folder / "files"
    paths = made(cases, files)
    watch = watch_here()
    order = folder / "order.json"
    _order(folder, paths, order)
    python = [sys.executable, "-m"]
    ended = {"import": watch.run([*python, "tests.torture.hostile_importing", "bare", order], folder, "import")}
    for words in _commands(paths):
        name = " ".join(words)[:60]
        ended[name] = watch.run([*python, "app", *words], folder, f"cli{len(ended)}")
    wrong = [f"{name}: {fault}" for name, run in ended.items() for fault in faults_of(run, importing=name == "import")]
    attempts = seen(folder).attempts
    wrong += [f"network: {attempt}" for attempt in attempts]
    return Row(
        f"{len(ended) - 1} commands on a library of {len(paths)} hostile files, {watch.how}",
        "one line for each error; no control, no turned direction, nothing of another file on the terminal; no network",
        f"{len(wrong)} wrong, {len(attempts)} attempts" + ("; " + "; ".join(wrong[:5]) if wrong else ""),
        not wrong,
        {"wrong": wrong[:40]},
    )


def faults_of(run: Ended, *, importing: bool = False) -> list[str]:
    """What must not be in what a command printed."""
    found = [run.problem] if run.problem else []
    for name, text in (("output", run.out), ("errors", run.err)):
        if not importing and (unfit := TERMINAL.search(text)):
            found.append(f"{unfit[0]!r} in its {name}")
        if CANARY in text:
            found.append(f"words of another file in its {name}")
    return found


def _tells(case: Case) -> bool:
    return not case.heavy and any(word in case.name for word in _TELLING)


def _order(folder: Path, paths: Sequence[Path], order: Path) -> None:
    from tests.torture.import_lines import Order

    Order(str(folder), [str(path) for path in paths]).write(order)


def _commands(paths: Sequence[Path]) -> list[list[str]]:
    """Listing, indexing, and errors that name a hostile file: it is missing, it is a folder."""
    ghosts = [str(path) + ".gone" for path in paths[:12] if len(path.name.encode(errors="surrogateescape")) < 250]
    return [
        ["library", "list"],
        ["library", "list", "--json"],
        ["library", "index"],
        *(["read", ghost] for ghost in ghosts),
        *(["read", ghost, "--json"] for ghost in ghosts[:3]),
    ]
