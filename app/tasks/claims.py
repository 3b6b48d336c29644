"""What a line claims, apart from how it is numbered and which pages it names."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

_LIST_NUMBER = re.compile(
    # In German a number with a full stop may begin a date, "3. Oktober".
    r"[\s*_>#•–-]*\(?\d{1,2}[.)][*_]*\s+(?!(?:januar|februar|märz|april|mai|juni|juli|august|september|oktober|november"
    r"|dezember)\b)",
    re.IGNORECASE,
)
_PAGE_REFERENCE = re.compile(
    r"""(?<![^\W_])
    (?:pages?|pp?\.?|parts?|seiten?|s\.|teile?n?|p[áa]ginas?|pagin[ae]|partes?|parties?|parti|deel|blz\.?)
    \s{0,2}\d{1,6}(?:(?:\s{0,2}[-–&]\s{0,2}|,\s{1,2}|\s{1,2}(?:and|or|to|und|oder|bis|et|ou|y|e|o|en)\s{1,2})\d{1,6})*(?![^\W_]|%|[.,]\d)
    | 第\s?\d{1,6}\s?[页頁ページ]""",
    re.VERBOSE | re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Claim:
    """A line's text with spaces for its list number and its page references, so that every offset stays.

    `pages` are the numbers of the pages that it refers to.
    """

    text: str
    pages: frozenset[int]

    @classmethod
    def of(cls, line: str, pages: Collection[int]) -> Claim:
        """Read a line. A reference counts as far as its numbers are among `pages`."""
        text = line
        listed = _LIST_NUMBER.match(text)
        if listed is not None and listed.end() < len(text):
            text = _blank(text, *listed.span())
        named: set[int] = set()
        for match in _PAGE_REFERENCE.finditer(text):
            known = match.start()
            for number in re.finditer(r"\d+", match.group()):
                if int(number.group()) not in pages:
                    break
                named.add(int(number.group()))
                known = match.start() + number.end()
            else:
                known = match.end()
            text = _blank(text, match.start(), known)
        return cls(text, frozenset(named))


def _blank(text: str, start: int, end: int) -> str:
    return text[:start] + " " * (end - start) + text[end:]
