"""Do the quotes of answers hold what the lines say? Judged without any code of the program that chose them.

    python -m benchmarks.citation_check FILE.jsonl [--fails 20]

FILE.jsonl holds what `griffin-desk ask --json` printed, one object a line. A cited line passes when its quotes together
hold at least 60 % of its content words and every number in it. Words are compared without common endings, or by a
shared beginning; neither the stemmer nor the stop words nor the rules for numbers are the program's own.

A line's list number, and the number of a page that one of its citations gives, are no numbers to be found in a quote.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MIN_SHARE = 0.6
KINDS = ("answer", "extract")

_TOKEN = re.compile(r"\d[\d.,]*|[^\W\d_]+(?:['’][^\W\d_]+)*")
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_LIST_NUMBER = re.compile(r"^\s*[-*(]*\d{1,2}[.)]\s+")
_PAGE = re.compile(r"\b(?:pages?|pp?\.|parts?|Seiten?|S\.|Teil)\s*(\d+)(?:\s*(?:[-–,]|and|und|to|bis)\s*(\d+))?")
_ENDING = re.compile(r"(?:ations?|ingly|edly|ness|ments?|ities|ity|ings?|ies|ied|ers?|est|ed|es|en|ly|al|y|s|e)$")
_NUMBER_WORDS = """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
    seventeen eighteen nineteen twenty"""
_NUMBERS = {name: str(value) for value, name in enumerate(_NUMBER_WORDS.split())}
_SMALL_WORDS = """a about after all also although an and another any are as at be because been before being between both
    but by can could did do does during each either ever for from had has have he her his how however i if in into is it
    its itself like many may might more most must neither of often on only or other our over she should since so some
    such than that the their them themselves then there therefore these they this those through thus to toward under up
    upon use used was we well were what when where which while who whose will with within would you your
    der die das den dem des ein eine einen einem einer und oder aber ist sind war waren wird werden hat haben im auf von
    vom zu zum zur mit für aus bei als auch nach sich es er sie
    le la les un une du de et ou est sont dans pour par sur au aux ce cette il elle que qui"""
_SMALL = frozenset(_SMALL_WORDS.split())


@dataclass(frozen=True, slots=True)
class Failure:
    """A cited line whose quotes do not hold it, and what they lack."""

    place: str
    text: str
    held: float
    lacking: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Tally:
    """How many lines there are, how many have a citation, and which of these fail."""

    lines: int
    cited: int
    failures: tuple[Failure, ...]

    @property
    def share_cited(self) -> float:
        """0 where there are no lines."""
        return self.cited / self.lines if self.lines else 0.0

    @property
    def precision(self) -> float:
        """Share of the cited lines that pass; 1 where none is cited."""
        return 1.0 - len(self.failures) / self.cited if self.cited else 1.0


def tally(lines: Iterable[tuple[str, Mapping[str, Any]]]) -> Tally:
    """Check lines, each with the place it comes from."""
    count = cited = 0
    failures: list[Failure] = []
    for place, line in lines:
        count += 1
        if line["citations"]:
            cited += 1
            failure = check(place, line)
            failures += [failure] if failure else []
    return Tally(count, cited, tuple(failures))


def check(place: str, line: Mapping[str, Any]) -> Failure | None:
    """None where the line's quotes together hold enough of it."""
    citations: Sequence[Mapping[str, Any]] = line["citations"]
    quoted = " ".join(citation["quote"] for citation in citations)
    words, numbers = read(_without_places(line["text"], {int(citation["page"]) for citation in citations}))
    quoted_words, quoted_numbers = read(quoted)
    absent = sorted(word for word in words if not any(same(word, other) for other in quoted_words))
    held = 1.0 - len(absent) / len(words) if words else 1.0
    lacking_numbers = sorted(numbers - quoted_numbers)
    if held >= MIN_SHARE and not lacking_numbers:
        return None
    return Failure(place, line["text"], held, (*lacking_numbers, *absent))


def read(text: str) -> tuple[set[str], set[str]]:
    """Content words without their endings, and numbers without thousands separators."""
    words: set[str] = set()
    numbers: set[str] = set()
    for character in _CJK.findall(text):
        words.add(character)
    for token in _TOKEN.findall(_CJK.sub(" ", text).lower()):
        if token[0].isdigit():
            numbers.add(_plain_number(token))
        elif token in _NUMBERS:
            numbers.add(_NUMBERS[token])
        else:
            token = re.sub(r"['’]s$", "", token)
            if len(token) > 1 and token not in _SMALL:
                words.add(_stem(token))
    return words, numbers


def same(one: str, other: str) -> bool:
    """Whether two words without their endings are forms of one: equal, or one begins with the other's five letters."""
    return one == other or (min(len(one), len(other)) >= 5 and one[:5] == other[:5])


def _stem(word: str) -> str:
    shorter = _ENDING.sub("", word)
    return shorter if len(shorter) >= 3 else word


def _plain_number(token: str) -> str:
    token = token.strip(".,")
    if re.fullmatch(r"\d{1,3}(,\d{3})+(\.\d+)?", token):
        token = token.replace(",", "")
    if re.fullmatch(r"\d+[.,]\d+", token):
        token = token.replace(",", ".").rstrip("0").rstrip(".")
    return token.lstrip("0") or "0"


def _without_places(text: str, pages: set[int]) -> str:
    """The line as a claim about the subject; its "one" is a pronoun, though a quote may hold it for a line's 1."""

    def drop(match: re.Match[str]) -> str:
        named = {int(digits) for digits in match.groups() if digits}
        return " " if named <= pages else match.group()

    return re.sub(r"(?i)\bone\b", " ", _PAGE.sub(drop, _LIST_NUMBER.sub("", text)))


def lines_of(objects: Sequence[Mapping[str, Any]], kind: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The lines of one kind with the number of their object (from 1)."""
    for number, found in enumerate(objects, start=1):
        for line in found.get(kind) or ():
            yield f"{number} {kind}", line


def main() -> None:
    """See the module's docstring."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--fails", type=int, default=20, help="failing lines to print, at most")
    options = parser.parse_args()
    objects = [json.loads(row) for row in options.file.read_text(encoding="utf-8").splitlines() if row.strip()]
    for kind in KINDS:
        result = tally(lines_of(objects, kind))
        print(f"{kind}: {result.lines} lines, {result.share_cited:.1%} cited, precision {result.precision:.1%}")
        for failure in result.failures[: options.fails]:
            print(f"  {failure.place}: {failure.held:.0%} held, lacks {', '.join(failure.lacking)}: {failure.text}")


if __name__ == "__main__":
    main()
