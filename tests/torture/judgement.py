"""Whether what the program said of a file fits the file, by what other parsers make of it."""

from __future__ import annotations

import re

from app.documents.limits import ReadingLimits
from tests.torture.import_runs import Outcome
from tests.torture.other_parsers import MOST_PAGES
from tests.torture.second_reader import Opinions

FAULTS = ("lost", "mistake", "crash", "hang")
"""What may become of no file at all."""
_FEW = 20
"""Letters that are worth no document: one of the parsers may take a drawing's sign for one."""
_LARGEST = ReadingLimits().memory_bytes + (64 << 20)
_DAMAGED = {"damaged", "format"}
_LOSS = re.compile("damaged|missing|stopped|could not")
"""In a warning that tells of text that may be lost; others say how the file was read."""


def faults(outcome: Outcome) -> list[str]:
    """What must never be: a file that was lost, a page that says nothing of why it is empty, a parser out of bounds."""
    found = [f"{outcome.how}: {outcome.said}"] if outcome.how in FAULTS else []
    if outcome.how == "refused" and not (outcome.code and outcome.said.strip()):
        found.append("refused without a reason")
    if silent := outcome.document.get("silent"):
        found.append(f"pages {silent} are empty and nothing is said of them")
    if outcome.how == "read" and not outcome.document.get("letters", 1):
        found.append("read, and without text")
    if outcome.parser_bytes > _LARGEST:
        found.append(f"its parser took {outcome.parser_bytes >> 20} MiB")
    shown = outcome.facts.get("shown") or {}
    if shown.get("as") == "nothing" or (
        shown.get("as") == "text" and outcome.document.get("format") == "pdf" and not shown["why"]
    ):
        found.append(f"its pages are not shown: {shown['why']}")
    return found


def doubts(outcome: Outcome, opinions: Opinions) -> list[str]:
    """Where other parsers come to something else: each is to be looked at by a person."""
    if outcome.how in FAULTS or not opinions:
        return []
    size = outcome.path.stat().st_size
    letters = max((opinion.letters for opinion in opinions.values()), default=0)
    opens = any(opinion.opens for opinion in opinions.values())
    codes = {opinion.code for opinion in opinions.values() if opinion.code}
    if outcome.how == "read":
        return _read_doubts(outcome, opinions, letters)
    if outcome.how == "password":
        return [] if "password" in codes else ["a password is asked for, and other parsers need none"]
    if letters > _FEW:
        return [f"refused ({outcome.code}), and another parser reads {letters} letters"]
    # What one parser cannot open may be called damaged, what one opens may be called a document without text.
    fitting = {"no-text"} if opens else set()
    fitting |= set() if all(opinion.opens for opinion in opinions.values()) else _DAMAGED
    if outcome.path.suffix == ".html":
        fitting |= {"no-text"}  # one that is cut before its text has none, whatever a parser makes of its head
    if size == 0:
        fitting = {"empty"}
    elif codes:
        fitting |= codes | {"encrypted"}
    return [] if outcome.code in fitting else [f"refused as {outcome.code}; {' or '.join(sorted(fitting))} would fit"]


def _read_doubts(outcome: Outcome, opinions: Opinions, letters: int) -> list[str]:
    found = []
    pages, read = outcome.document.get("pages", 0), outcome.document.get("letters", 0)
    told = bool(outcome.document.get("problems") or _LOSS.search(" ".join(outcome.document.get("warnings", []))))
    for name, opinion in opinions.items():
        if opinion.pages > pages and not told:
            found.append(f"{pages} pages were read, and {name} has {opinion.pages}")
        if opinion.lost and not told:
            found.append(f"{opinion.lost} parts of the container cannot be read, and nothing is said")
    if pages <= MOST_PAGES and letters > _FEW and read < letters / 2 and not told:
        found.append(f"{read} letters were read, and another parser reads {letters}")
    return found
