"""What a match in a passage is worth: contents pages, indexes and references hold many words and no answers.

A passage is judged by how dense the entries of such pages stand in it, not by its lines: pages of a PDF often come with
several entries on a line. A title alone says little: a book on C++ has sections of text about references and indexes.
"""

from __future__ import annotations

import re
from itertools import pairwise

BOILERPLATE = 0.4
"""What a match there is worth beside one in running text."""

_TITLE = re.compile(
    r"""^\W*+(?:(?:chapter|appendix|section|part)\s+)?(?:[A-Z]|[\dIVXLC.]*)\W*
    (?:table\s+of\s+contents|(?:(?:brief|short|detailed)\s+)?contents|(?:(?:general|subject|names?|authors?|concepts?|functions?|variables?|keywords?|and)\s+)*index
      |references|(?:\w+\s+)?bibliography|works\s+cited
      |literature(?:\s+cited)?|further\s+reading|(?:end|foot)?notes|list\s+of\s+\w+
      |inhalt(?:sverzeichnis)?|(?:literatur|quellen|stichwort|sach|namens|abbildungs|tabellen)(?:verzeichnis|register)?
      |literaturangaben|referenzen|table\s+des\s+matières|sommaire|références(?:\s+\w+)?|bibliographie|bibliogra[fp][íi]a
      |índice|indice|referencias|referências|riferimenti|inhoud(?:sopgave)?|literatuur|目\s*录|目\s*次|参考文献|索\s*引)\W*$""",
    re.VERBOSE | re.IGNORECASE,
)
_LEADER = re.compile(r"(?:…|(?<![.·])(?<![.·]\s)(?:[.·]\s?){4,}+)\s*(?:\d{1,4}|[ivxlc]{1,7})\b", re.IGNORECASE)
"""Dots and a page number: the end of an entry in a table of contents, and in some indexes."""
_LEADER_CHARS = 90
"""Characters of a page of contents for each of them, at the most."""
_NUMBERED = re.compile(
    r"^(?:chapter\s|part\s)?\d{1,3}(?:\.\d{1,3})*\.?\s+\D.{1,90}?\s(\d{1,4})$", re.IGNORECASE | re.MULTILINE
)
"""An entry without dots: section number, title, page number."""
_TITLED = re.compile(r"^\D.{1,90}?\s(\d{1,4})$", re.MULTILINE)
"""An entry without either; only a section's title tells it from a row of a table."""
_INDEXED = re.compile(r"(?<![^\W_])([^\W\d_])[^\n,…()=;{}\[\]]{1,60}(?:,\s\d{1,4}(?:[–-]\d{1,4})?(?=[,\s]|$))+")
"""A term, commas and the pages it stands on."""
_INDEXED_CHARS = 40
_PAGES = re.compile(r",\s\d{1,4}(?:[–-]\d{1,4})?(?=[,\s]|$)")
"""The pages of an index's entry."""
_IN_ORDER = 0.7
"""Share of an index's entries that begin with the same letter as the one before, or a later one."""
_AUTHOR = re.compile(
    r"""\b[^\W\d_]{2,},?\s(?:[A-ZÀ-Þ]\.[\s-]?){1,3}(?=[\s,;:(&]|et\b|and\b|$)|\b(?:[A-ZÀ-Þ]\.[\s-]?){1,3}[A-ZÀ-Þ][\w’'-]+
    |\bdoi[:.]|\barxiv\b|\bpp\.\s?\d|\bpages?\s\d+[–-]\d|\bvol(?:ume)?\.?\s\d|,\s\d{1,4}(?:\(\d+\))?[,:]\s\d+[–-]\d+""",
    re.VERBOSE,
)
"""A name with initials, or where in a journal something stands."""
_AUTHOR_CHARS = 70
_YEAR = re.compile(r"\b(?:18|19|20)\d\d[a-z]?\b")
_YEAR_CHARS = 300
_LEAST, _LEAST_TITLED = 5, 3
"""Entries without which nothing is taken for such a page."""
_TITLED_SHARE = 0.4
"""How dense they need to stand where the section's title tells of them, beside where nothing does."""


def match_weight(text: str, section: str) -> float:
    """1 for a passage of running text or a table, BOILERPLATE for one of contents, of an index or of references."""
    titled = _TITLE.match(section) is not None
    least = _LEAST_TITLED if titled else _LEAST
    needed = len(text) * (_TITLED_SHARE if titled else 1.0)
    for entries, chars in (
        (_contents(text, titled), _LEADER_CHARS),
        (_index(text, titled), _INDEXED_CHARS),
        (_references(text), _AUTHOR_CHARS),
    ):
        if entries >= least and entries * chars >= needed:
            return BOILERPLATE
    return 1.0


def _contents(text: str, titled: bool) -> int:
    leaders = len(_LEADER.findall(text)) if "…" in text or ".." in text or ". ." in text else 0
    pages = [int(page) for page in (_TITLED if titled else _NUMBERED).findall(text)]
    # Page numbers go up; those of a table's last column seldom do.
    rising = titled or all(before <= after for before, after in pairwise(pages))
    return max(leaders, len(pages) if rising else 0)


def _index(text: str, titled: bool) -> int:
    pages = len(_PAGES.findall(text))
    if titled or pages < _LEAST:
        return pages
    letters = [letter.lower() for letter in _INDEXED.findall(text)]
    in_order = sum(before <= after for before, after in pairwise(letters))
    return len(letters) if in_order >= _IN_ORDER * (len(letters) - 1) else 0


def _references(text: str) -> int:
    if len(_YEAR.findall(text)) * _YEAR_CHARS < len(text):
        return 0
    return len(_AUTHOR.findall(text))
