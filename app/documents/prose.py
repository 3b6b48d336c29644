"""What is worth noting: tells running prose from contents, indexes, references, tables, code and exercises."""

from __future__ import annotations

import re

_BOILERPLATE_TITLES = re.compile(
    r"""^\W*+(?:(?:chapter|appendix|section|part)\s+)?[\dIVXLCivxlc.]*\W*
    (?:table\s+of\s+contents|(?:brief\s+|short\s+)?contents|index(?:es)?|(?:general|subject|name|author|concept|function)
      \s+(?:and\s+\w+\s+)*index|references|bibliography|works\s+cited|literature(?:\s+cited)?|further\s+reading|copyright
      (?:\s+(?:page|notice))?|colophon|imprint|legal\s+notices?|licen[cs]e|list\s+of\s+(?:figures|tables|abbreviations|symbols|
      illustrations|plates|contributors)|acknowledge?ments?|about\s+the\s+authors?|(?:end)?notes|footnotes|dedication
      |title\s*page|cover|half\s*title|also\s+by.*|errata|(?:the\s+)?full\s+project\s+gutenberg\s+license|transcriber['’]s\s+notes?
      |inhaltsverzeichnis|literaturverzeichnis|stichwortverzeichnis|impressum|danksagung|table\s+des\s+matières
      |índice|bibliografía|bibliografia|indice)\W*$""",
    re.VERBOSE | re.IGNORECASE,
)
_NO_CLAIM = re.compile(
    r"""©|\(c\)\s*(?:19|20)\d\d|all\s+rights\s+reserved|\bISBN\b|\bISSN\b|\bdoi:
    |https?://|www\.|\S@\S+\.\w|\.{4,}|(?:\.\s){4,}|…{2,}|_{3,}|\|\s*\||[{}]
    |^\W*\d+\s+\d|<-|::|->|=>|==|(?:^|\s)[>$%#]\s+\S
    |^\W*(?:figure|fig|table|plate|photo|credit|listing|equation|exhibit|abbildung|abb|tabelle|tab)\.?\s*[\dA-Z]
    |^\W*(?:see|cf|ibid|op|id)\b\.?\s
    |\(credit\b|\bcredit:|by\s+the\s+end\s+of\s+this\s+(?:section|chapter)|learning\s+(?:objectives|outcomes)
    |^\W*(?:calculate|estimate|determine|find|compute|solve|explain|describe|discuss|identify|sketch|prove|verify|suppose
      |imagine|click|try|write|compare|list)\s+(?:the|a|an|each|your|that|and|how|what|why|whether|in|on|at|to|two|three)\b
    |project\s+gutenberg|creative\s+commons|permission\s+is\s+(?:hereby\s+)?granted""",
    re.VERBOSE | re.IGNORECASE,
)
_LEADS_ON = re.compile(
    r"""^\W*(?:however|therefore|thus|hence|but|and|or|so|nor|yet|then|also|instead|moreover|furthermore|nevertheless|similarly
    |otherwise|meanwhile|consequently|conversely|finally|likewise|besides|again|indeed|still|for\s+(?:example|instance)
    |in\s+(?:addition|contrast|other\s+words|this|that|these|such)|on\s+the\s+other\s+hand|as\s+a\s+result|to\s+do\s+(?:this|so)
    |this|that|these|those|it|its|they|their|them|he|him|his|she|her|we|i|you|such|here|there|both|neither|another|another
    |the\s+(?:former|latter|same|following|above|previous|next|other|first|second|third|last|two|result|value|default)s?)\b""",
    re.VERBOSE | re.IGNORECASE,
)
_ENDS = re.compile(r"[.!。！．؟।][\"'”’»)\]」』]*(?:\[\d[\d,–\- ]*\]|\d{1,3})?$")
_WORD = re.compile(r"[^\W\d_]{2,}")
_WIDE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")

_QUOTES = '"“‘«„「'
_CLOSING_QUOTES = '"”»」'
_PERSON = re.compile(r"\b(?:I|[Yy]ou|[Yy]our|[Mm]y|[Mm]e|[Tt]hou|[Tt]hee|[Tt]hy|[Yy]e|[Ll]et['’]?s|I['’]\w+)\b")

MIN_WORDS, MAX_WORDS = 7, 60
LONG_CHARS = 300
MIN_LETTERS = 0.75
"""Least share of letters among the characters that are not white space."""


def is_boilerplate_title(title: str) -> bool:
    """Whether a section of this title holds nothing to note (contents, index, references, copyright ...)."""
    return _BOILERPLATE_TITLES.match(title.strip()) is not None


def wide_characters(text: str) -> int:
    """How many characters of Chinese, Japanese and Korean a text has: each says about as much as two letters."""
    return len(_WIDE.findall(text))


def is_claim(sentence: str) -> bool:
    """Whether a sentence is running prose that states something: no heading, caption, table row, exercise or code."""
    text = " ".join(sentence.split())
    wide = wide_characters(text)
    count = wide // 2 if wide > len(text) // 3 else len(_WORD.findall(text))
    if not MIN_WORDS <= count <= MAX_WORDS or not _ENDS.search(text) or text[:1].islower():
        return False
    if _NO_CLAIM.search(text):
        return False
    solid = [character for character in text if not character.isspace()]
    return sum(character.isalpha() for character in solid) >= MIN_LETTERS * len(solid)


def weakness(sentence: str) -> float:
    """How poorly a sentence reads in a summary, from 0 (well) in standard deviations of the ranking's score.

    It may lean on the one before ("However, ...", "This ..."), be spoken ("I", "you", in quotation marks, with an
    exclamation mark) or be very long.
    """
    text = " ".join(sentence.split())
    spoken = text[:1] in _QUOTES or text[-1:] in _CLOSING_QUOTES or text.count("“") != text.count("”")
    return (
        0.5 * (_LEADS_ON.match(text) is not None)
        + 1.0 * spoken
        + 0.5 * (_PERSON.search(text) is not None)
        + 0.5 * ("!" in text)
        + 0.5 * (len(text) > LONG_CHARS)
    )
