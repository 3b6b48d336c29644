"""Where a quote stands in the raw text of its page, which was broken, hyphenated and ordered by another program.

Both are reduced to letters and digits. Where the one does not hold the other as a whole, stretches common to both are
chained in the quote's order, as programs that compare whole genomes do it: a running head or a note in the middle costs
a little, a jump to another column a little more. Work and memory are bounded whatever the page holds.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from heapq import nlargest

from app.documents.normalize import is_wide
from app.documents.text_keys import Keyed, KeyTable, is_letter

_SHORT, _LONG = 12, 40
"""A quote of as many letters must be found to as great a part as _SHARES says; between the two, in proportion. One that
is shorter still must be there as a whole, from the beginning of a word to the end of one."""
_SHARES = (0.8, 0.5)
_GRAM, _WIDE_GRAM, _FILL_GRAM = 8, 4, 4
"""Letters that must agree for a stretch to count: at first, in Chinese or Japanese, and close to what was found."""
_MOST_PLACES = 4
_MOST_HITS = 16
"""How often a stretch may occur in the quote, and in the text, and still say where the quote is."""
_MOST_STRETCHES = 256
_MOST_OCCURRENCES = 64
_NEARBY = 60
"""Letters that may stand between what was found and the next piece of the quote: a note's mark, a page's head."""
_LONGEST_SEAM = 12
_STEP = 64

_LETTERS = KeyTable(is_letter)


@dataclass(frozen=True, slots=True)
class Alignment:
    """Stretches of the text (half open, in its order), and the share of the quote's letters that they hold."""

    ranges: tuple[tuple[int, int], ...]
    share: float


@dataclass(frozen=True, slots=True)
class _Stretch:
    """`length` letters that agree from `quote` and `text` on."""

    quote: int
    text: int
    length: int

    @property
    def quote_end(self) -> int:
        return self.quote + self.length

    @property
    def text_end(self) -> int:
        return self.text + self.length

    def less(self, count: int) -> _Stretch:
        return _Stretch(self.quote + count, self.text + count, self.length - count)


def align(quote: str, text: str) -> Alignment | None:
    """The stretches of `text` that hold `quote`, None where under half of its letters are there.

    Spacing, hyphens, ligatures, accents, case and punctuation need not agree, and other text may stand in between. Of
    several places the one that holds most in one piece is taken. Of a short quote more than half must be there.
    """
    wanted, found = _LETTERS.keyed(quote), _LETTERS.keyed(text)
    if not wanted.keys or not found.keys:
        return None
    whole = _whole(wanted.keys, found, text)
    count = len(wanted.keys)
    if whole is not None:
        stretches = [whole]
    elif count >= _SHORT:
        stretches = _at_words(_pieces(wanted.keys, found.keys), wanted, found.keys)
    else:
        return None
    covered = _merged((piece.text, piece.text_end) for piece in stretches)
    share = min(sum(piece.length for piece in stretches), sum(end - start for start, end in covered)) / count
    if share < _needed(count):
        return None
    signs = {char for char in quote if not char.isspace() and not _LETTERS[ord(char)]}
    ranges = ((found.origins[start], found.origins[end - 1] + 1) for start, end in covered)
    return Alignment(_tidied(ranges, text, signs), share)


def _needed(count: int) -> float:
    part = min(1.0, max(0.0, (count - _SHORT) / (_LONG - _SHORT)))
    return _SHARES[0] + part * (_SHARES[1] - _SHARES[0])


# -- the quote in one piece ----------------------------------------------------------------------------------------


def _whole(wanted: str, found: Keyed, text: str) -> _Stretch | None:
    """The best of the places where all letters follow one another."""
    best: tuple[tuple[int, int], int] | None = None
    place = found.keys.find(wanted)
    for _ in range(_MOST_OCCURRENCES):
        if place < 0:
            break
        last = place + len(wanted) - 1
        start, end = found.origins[place], found.origins[last] + 1
        bounds = _bound(text, start - 1, start) + _bound(text, end - 1, end)
        if bounds == 2 or len(wanted) >= _SHORT:
            rank = (bounds, start - end)
            if best is None or rank > best[0]:
                best = (rank, place)
        place = found.keys.find(wanted, place + 1)
    return None if best is None else _Stretch(0, best[1], len(wanted))


def _bound(text: str, before: int, after: int) -> bool:
    """Whether a word may begin or end between two neighbouring characters."""
    if before < 0 or after >= len(text):
        return True
    return not (text[before].isalnum() and text[after].isalnum()) or is_wide(text[before]) or is_wide(text[after])


# -- the quote in several pieces -----------------------------------------------------------------------------------


def _pieces(wanted: str, found: str) -> list[_Stretch]:
    """Anchors over the whole page, then what stands between, before and after them."""
    wide = sum(map(is_wide, wanted)) > len(wanted) // 2
    gram = _WIDE_GRAM if wide else min(_GRAM, max(_FILL_GRAM, len(wanted) // 3))
    anchors = _chain(_common_stretches(wanted, found, gram), gram)
    if not anchors:
        return []
    fill = 2 if wide else _FILL_GRAM
    pieces: list[_Stretch] = []
    quote_end, text_end = 0, max(0, anchors[0].text - anchors[0].quote - _NEARBY)
    for anchor in anchors:
        pieces += _between(wanted, found, (quote_end, anchor.quote), (text_end, anchor.text), fill)
        pieces.append(anchor)
        quote_end, text_end = anchor.quote_end, anchor.text_end
    rest = len(wanted) - quote_end
    return pieces + _between(wanted, found, (quote_end, len(wanted)), (text_end, text_end + rest + _NEARBY), fill)


def _between(wanted: str, found: str, quote: tuple[int, int], text: tuple[int, int], gram: int) -> list[_Stretch]:
    """Shorter stretches of the quote's missing letters, close to the stretches on either side."""
    missing = quote[1] - quote[0]
    if missing < gram:
        return []
    near = missing + _NEARBY
    if 0 <= text[1] - text[0] <= 2 * near:
        windows = [text]
    else:  # a jump: the missing letters follow the stretch before it, or go before the one after it
        windows = [(text[0], text[0] + near), (max(0, text[1] - near), text[1])]
    stretches = [
        _Stretch(stretch.quote + quote[0], stretch.text + start, stretch.length)
        for start, end in windows
        for stretch in _common_stretches(wanted[quote[0] : quote[1]], found[start:end], gram)
    ]
    return _chain(stretches, gram)


def _common_stretches(wanted: str, found: str, gram: int) -> list[_Stretch]:
    """Longest stretches that both hold, the longest of them where there are many."""
    places: dict[str, list[int]] = {}
    for place in range(len(wanted) - gram + 1):
        known = places.setdefault(wanted[place : place + gram], [])
        if len(known) < _MOST_PLACES:
            known.append(place)
    hits: dict[str, list[int]] = {}
    for place in range(len(found) - gram + 1):
        key = found[place : place + gram]
        if key in places:
            seen = hits.setdefault(key, [])
            if len(seen) <= _MOST_HITS:
                seen.append(place)
    # What occurs everywhere says nothing, unless there is nothing else; the gaps are filled from rarer neighbours.
    rare = {key: seen for key, seen in hits.items() if len(seen) <= _MOST_HITS} or hits
    pairs = sorted((there, here) for key, seen in rare.items() for there in seen for here in places[key])
    ends: dict[int, int] = {}
    stretches: list[_Stretch] = []
    for there, here in pairs:
        end = ends.get(there - here, 0)
        if there < end:
            continue
        back = 0
        while here > back and there > end + back and wanted[here - back - 1] == found[there - back - 1]:
            back += 1
        length = gram + back + _agreeing(wanted, here + gram, found, there + gram)
        ends[there - here] = there - back + length
        stretches.append(_Stretch(here - back, there - back, length))
    return nlargest(_MOST_STRETCHES, stretches, key=lambda stretch: stretch.length)


def _agreeing(wanted: str, here: int, found: str, there: int) -> int:
    """How many letters agree from the two places on."""
    start = here
    most = min(len(wanted) - here, len(found) - there)
    while here - start + _STEP <= most and wanted[here : here + _STEP] == found[there : there + _STEP]:
        here += _STEP
        there += _STEP
    while here - start < most and wanted[here] == found[there]:
        here += 1
        there += 1
    return here - start


def _chain(stretches: Iterable[_Stretch], gram: int) -> list[_Stretch]:
    """The stretches, cut where they overlap, that together hold most of the quote in its order for the least jumps."""
    ordered = sorted(stretches, key=lambda stretch: (stretch.quote, stretch.text))
    scores: list[float] = []
    befores: list[int] = []
    for index, stretch in enumerate(ordered):
        score, before = float(stretch.length), -1
        for other in range(index):
            overlap = _overlap(ordered[other], stretch)
            if overlap >= stretch.length:
                continue
            gain = scores[other] + stretch.length - overlap - _jump(ordered[other], stretch.less(overlap), gram)
            if gain > score:
                score, before = gain, other
        scores.append(score)
        befores.append(before)
    chain: list[_Stretch] = []
    at = max(range(len(ordered)), key=scores.__getitem__, default=-1)
    while at >= 0:
        before = befores[at]
        chain.append(ordered[at].less(_overlap(ordered[before], ordered[at])) if before >= 0 else ordered[at])
        at = before
    return chain[::-1]


def _overlap(before: _Stretch, after: _Stretch) -> int:
    """Letters to take off the beginning of `after`, so that no letter of quote or text counts twice."""
    overlap = max(0, before.quote_end - after.quote)
    if before.text < after.text_end and after.text < before.text_end:
        overlap = max(overlap, before.text_end - after.text)
    return overlap


def _jump(before: _Stretch, after: _Stretch, gram: int) -> float:
    """What it costs, in letters, to go on elsewhere: less than a chance find is worth when close, more when far."""
    skipped = after.text - before.text_end
    if skipped < 0:
        return gram + 4.0
    odd = abs(skipped - (after.quote - before.quote_end))
    return 0.0 if odd <= 3 else min(gram + 2.0, gram / 4 + odd / 30)


def _at_words(pieces: list[_Stretch], wanted: Keyed, found: str) -> list[_Stretch]:
    """Letters where two pieces meet, and that may belong to either, go to the one that has the rest of their word."""
    moved = pieces[:1]
    for piece in pieces[1:]:
        before = moved[-1]
        if before.quote_end == piece.quote and before.text_end != piece.text:
            count = 0
            while not _begins_word(wanted, piece.quote - count):
                count += 1
                here, there = piece.quote - count, piece.text - count
                if count >= min(before.length, _LONGEST_SEAM) or there < 0 or wanted.keys[here] != found[there]:
                    count = 0
                    break
            moved[-1] = _Stretch(before.quote, before.text, before.length - count)
            piece = piece.less(-count)
        moved.append(piece)
    return moved


def _begins_word(keyed: Keyed, place: int) -> bool:
    return keyed.origins[place] > keyed.origins[place - 1] + 1


# -- the outcome -----------------------------------------------------------------------------------------------------


def _merged(ranges: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(ranges):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _tidied(ranges: Iterable[tuple[int, int]], text: str, signs: set[str]) -> tuple[tuple[int, int], ...]:
    """With the quote's own signs on either side, and in one where no letter stands between."""
    wider: list[tuple[int, int]] = []
    for start, end in ranges:
        while start > 0 and text[start - 1] in signs:
            start -= 1
        while end < len(text) and text[end] in signs:
            end += 1
        wider.append((start, end))
    return tuple(_merged(wider))
