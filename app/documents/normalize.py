"""Characters and words made plain: one way to write each letter, no invisible characters, no line-end hyphens.

Meaning is kept: superscripts, fractions and full-width punctuation stay, which NFKC would fold away.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable

_FOLDED = (
    (0xFB00, 0xFB06),  # Latin ligatures
    (0xFB13, 0xFB17),  # Armenian ligatures
    (0xFB1D, 0xFDFB),  # Hebrew and Arabic presentation forms
    (0xFE70, 0xFEFC),
    (0x2F00, 0x2FD5),  # radicals that fonts give in place of the characters
    (0x2E9F, 0x2EF3),
    (0xFF10, 0xFF19),  # full-width digits and letters, but not their punctuation
    (0xFF21, 0xFF3A),
    (0xFF41, 0xFF5A),
    (0xFF66, 0xFF9F),  # half-width katakana
    (0x1D400, 0x1D7FF),  # mathematical alphabets
)
_SPACES = "\t\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
_DROPPED = "\u00ad\u200b\u2060\ufeff\u200e\u200f\u061c"
_BULLETS = "\uf0b7\uf0a7\uf0d8\uf076\uf0fc"  # list marks of the Symbol and Wingdings fonts


def _table() -> dict[int, str | None]:
    table: dict[int, str | None] = {}
    dropped = [(0x00, 0x08), (0x0B, 0x1F), (0x7F, 0x9F), (0x202A, 0x202E), (0x2066, 0x2069), (0xD800, 0xDFFF)]
    dropped += [(0xE000, 0xF8FF), (0xFDD0, 0xFDEF), (0xFFF0, 0xFFFB), (0xFFFE, 0xFFFF)]
    for low, high in dropped:
        table.update(dict.fromkeys(range(low, high + 1)))
    for low, high in _FOLDED:
        for code in range(low, high + 1):
            folded = unicodedata.normalize("NFKC", chr(code))
            if folded != chr(code):
                table[code] = folded
    table.update(dict.fromkeys(map(ord, _DROPPED)))
    table.update(dict.fromkeys(map(ord, _SPACES), " "))
    table.update(dict.fromkeys(map(ord, _BULLETS), "•"))
    table.update({0x2028: "\n", 0x2029: "\n", 0x85: "\n", 0x2010: "-", 0x2011: "-", 0x0D: "\n", 0x0C: "\n"})
    return table


_TABLE = _table()
_FLOOD = re.compile(r"[^\w\s\x00-\x7f]{31,}")
_PHRASES = "\ufdfa\ufdfb"
"""Ligatures of four words and of two; all others come to four characters at the most."""
_MOST_MARKS = 30
"""On one letter, as in Unicode's Stream-Safe Text Format (UAX #15): a longer run takes quadratic time to be ordered."""
_LEADERS = re.compile(r"(?:[ ]?[.·…]){4,}[ ]?|(?:[ ][.·…]){3,}[ ]?")
_RUN_OF_SPACES = re.compile(r" {2,}")
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_FRAGMENT = re.compile(r"[^\s(\[{\"“‘«„]*-$")
_UNSPACED_END = re.compile(r"[^\W_][–—]$|://$|(?:://|\bwww\.)[^\s]*[/_=&?]$")  # a range, a dash, an address
_NEXT_FRAGMENT = re.compile(r"[^\s]+")
_KEEPS_HYPHEN = frozenset(
    ("well", "self", "half", "cross", "high", "low", "long", "short", "full", "ex", "vice", "all", "quasi")
)
_SUSPENDED = frozenset(("and", "or", "und", "oder", "bis", "to", "et", "ou", "y", "o"))


def clean(text: str) -> str:
    """One line or block of text with its characters normalised; line breaks stay, runs of spaces become one."""
    text = _RUN_OF_SPACES.sub(" ", _translated(text))
    return _RUN_OF_SPACES.sub(" ", _LEADERS.sub(" … ", text)).strip(" ")


def written_out(text: str) -> int:
    """How many characters a text may come to when the signs that stand for a whole phrase are written out."""
    return len(text) + sum(text.count(sign) * (len(_TABLE[ord(sign)] or "") - 1) for sign in _PHRASES)


def clean_preformatted(text: str) -> str:
    """Like `clean`, but indentation and columns stay."""
    lines = (line.expandtabs(4) for line in text.split("\n"))
    return "\n".join(_translated(line).replace("\n", " ").rstrip() for line in lines).strip("\n")


def _translated(text: str) -> str:
    """The text in NFC and by the table, in linear time: both again change nothing.

    By the table first: a ligature's last letter takes the accent behind it, and so does what stood before a sign that
    goes. Then once more, for what NFC writes otherwise.
    """
    text = text.translate(_TABLE)
    if text.isascii():
        return text
    return unicodedata.normalize("NFC", _FLOOD.sub(_thinned, text)).translate(_TABLE)


def _thinned(flood: re.Match[str]) -> str:
    """A run of signs with no more than _MOST_MARKS accents on any letter."""
    kept: list[str] = []
    marks = 0
    for char in flood.group():
        marks = marks + 1 if unicodedata.combining(char) else 0
        if marks <= _MOST_MARKS:
            kept.append(char)
    return "".join(kept)


def is_wide(char: str) -> bool:
    """Whether a character belongs to a script written without spaces (Chinese, Japanese)."""
    return "\u2e80" <= char <= "\ua4cf" or "\uf900" <= char <= "\ufaff" or "\uff00" <= char <= "\uffef"


class Vocabulary:
    """How often the document writes each word, to tell a line-end hyphen from a real one."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._counts: Counter[str] = Counter()
        broken = False
        for line in lines:
            words = _WORD.findall(line.lower())
            broken_here = line.endswith("-")
            # The halves of a broken word are no words of their own.
            self._counts.update(words[1 if broken else 0 : len(words) - 1 if broken_here else None])
            broken = broken_here

    def join(self, left: str, right: str) -> str:
        """Two lines as one stretch of text: hyphenation undone, no space between characters of Chinese or Japanese."""
        if not left or not right:
            return left + right
        if left.endswith("-") and len(left) > 1 and not left[-2].isspace():
            return self._join_hyphen(left, right)
        if is_wide(left[-1]) and is_wide(right[0]):
            return left + right
        if _UNSPACED_END.search(left[-200:]):
            return left + right
        return f"{left} {right}"

    def join_lines(self, lines: Iterable[str]) -> str:
        """Any number of lines as one stretch of text, in linear time."""
        done: list[str] = []
        tail = ""
        for line in lines:
            tail = self.join(tail, line)
            if len(tail) > 1000:
                done.append(tail[:-200])
                tail = tail[-200:]
        return "".join(done) + tail

    def _join_hyphen(self, left: str, right: str) -> str:
        fragment = _FRAGMENT.search(left[-80:])
        following = _NEXT_FRAGMENT.match(right)
        if fragment is None or following is None:
            return f"{left} {right}"
        if following.group().lower() in _SUSPENDED:
            return f"{left} {right}"
        if not left[-2].isalnum():
            return f"{left} {right}" if left[-2] == "-" else left + right
        return left + right if self._keeps_hyphen(fragment.group()[:-1], following.group()) else left[:-1] + right

    def _keeps_hyphen(self, left: str, right: str) -> bool:
        head = _WORD.match(right)
        if head is None or not right[0].islower() or any(char in left for char in "/@._0123456789"):
            return True
        if not left.isupper() and "-" in left:
            return True
        first, second = left.lower(), head.group().lower()
        whole, hyphenated = self._counts[first + second], self._counts[f"{first}-{second}"]
        if whole or hyphenated:
            return hyphenated > whole
        if first in _KEEPS_HYPHEN or left.isupper():
            return True
        # Both halves words of their own and the whole unknown: a compound.
        return len(first) > 2 and len(second) > 2 and self._counts[first] > 1 and self._counts[second] > 1
