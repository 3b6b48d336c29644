"""Reading order on a page: pieces of text -> lines, column by column.

The file's own order is kept where it runs down the page. Where a gutter parts the page into columns of prose, the
columns are read one after the other between the lines that cross the gutter.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from statistics import median

from app.documents.raw import TURNED, Line
from app.documents.readers.pdf_chars import BULLETS, Piece

_MIN_COLUMN_LINES = 4
_MIN_PROSE_CHARS = 18
"""Median characters of a column's lines from which they are prose; below it they are the cells of a table."""
_MIN_BAND_LINES = 8
"""Lines of each column from which a part of a page is read column by column though the page as a whole is not."""
_NOT_AT_EDGES = (0.12, 0.88)
"""Where a gutter may be, as shares of the width of the page's text."""
_NEAR_MIDDLE = (0.35, 0.6)
"""Where the left one of two like columns ends, as a share of the width of the page's text."""
_MAX_SPLITS = 4
_SAMPLE = 50


def reading_order(pieces: Sequence[Piece]) -> list[Line]:
    """The page's lines in reading order; `Line.column` changes where the order jumps to another column."""
    if not pieces:
        return []
    main = pieces[0].turn
    rows = _join_fragments([piece for piece in pieces if piece.turn == main])
    groups = _order(rows, depth=0)
    lines: list[Line] = []
    for column, group in enumerate(groups):
        lines.extend(_join_row(group, column))
    turned = [piece for piece in pieces if piece.turn != main]
    lines.extend(_as_line(piece, TURNED) for piece in turned)
    return lines


def _as_line(piece: Piece, column: int) -> Line:
    x0, top, x1, bottom, size = (round(value, 2) for value in (piece.x0, piece.top, piece.x1, piece.bottom, piece.size))
    return Line(piece.text, x0, top, x1, bottom, size, piece.bold, piece.fixed, column)


def _same_row(one: Piece, other: Piece) -> bool:
    shared = min(one.bottom, other.bottom) - max(one.top, other.top)
    return shared > 0.5 * min(one.bottom - one.top, other.bottom - other.top)


def _joined(one: Piece, other: Piece) -> Piece:
    gap = other.x0 - one.x1
    space = " " if gap > 0.12 * min(one.size, other.size) else ""
    main = one if len(one.text) >= len(other.text) else other
    return Piece(
        text=one.text + space + other.text,
        x0=min(one.x0, other.x0),
        top=min(one.top, other.top),
        x1=max(one.x1, other.x1),
        bottom=max(one.bottom, other.bottom),
        size=main.size,
        bold=main.bold,
        fixed=one.fixed and other.fixed,
        turn=one.turn,
    )


def _join_fragments(pieces: list[Piece]) -> list[Piece]:
    """Put together what a superscript or a change of font tore apart: neighbours in the file and on the page."""
    rows: list[Piece] = []
    for piece in pieces:
        last = rows[-1] if rows else None
        if last is not None and _same_row(last, piece):
            gap = piece.x0 - last.x1
            size = last.size if piece.text[0] in BULLETS else max(last.size, piece.size)
            if -0.3 * size < gap < 0.9 * size:
                rows[-1] = _joined(last, piece)
                continue
        rows.append(piece)
    return rows


def _join_row(pieces: list[Piece], column: int) -> list[Line]:
    """One line for pieces that follow each other on one row: the cells of a table, a number and its heading."""
    rows: list[Piece] = []
    for piece in pieces:
        if rows and _same_row(rows[-1], piece) and piece.x0 >= rows[-1].x1 - 0.3 * piece.size:
            rows[-1] = replace(_joined(rows[-1], piece), fixed=True)
        else:
            rows.append(piece)
    return [_as_line(row, column) for row in rows]


def _order(pieces: list[Piece], depth: int) -> list[list[Piece]]:
    """Groups of pieces in reading order."""
    gutter = _gutter(pieces) if depth < _MAX_SPLITS else None
    if gutter is None:
        band = _column_band(pieces) if depth < _MAX_SPLITS else None
        if band is None:
            return [_down_the_page(pieces)]
        return [group for part in band for group in _order(part, depth + 1)]
    groups: list[list[Piece]] = []
    left: list[Piece] = []
    right: list[Piece] = []
    crossing: list[Piece] = []

    def flush_columns() -> None:
        for side in (left, right):
            if side:
                groups.extend(_order(list(side), depth + 1))
                side.clear()

    def flush_crossing() -> None:
        if crossing:
            groups.append(_down_the_page(list(crossing)))
            crossing.clear()

    for piece in sorted(pieces, key=_middle):
        if piece.x0 < gutter < piece.x1:
            flush_columns()
            crossing.append(piece)
        else:
            flush_crossing()
            (left if piece.x1 <= gutter else right).append(piece)
    flush_crossing()
    flush_columns()
    return groups


def _gutter(pieces: list[Piece]) -> float | None:
    """The x of the best gutter between two columns of prose, None where the page has one column."""
    if len(pieces) < 2 * _MIN_COLUMN_LINES:
        return None
    width = _width(pieces)
    best: tuple[float, float] | None = None
    for x in _gutter_places(pieces, _NOT_AT_EDGES):
        left = [piece for piece in pieces if piece.x1 <= x]
        right = [piece for piece in pieces if piece.x0 >= x]
        if min(len(left), len(right)) < _MIN_COLUMN_LINES or not (_is_prose(left) and _is_prose(right)):
            continue
        crossing = len(pieces) - len(left) - len(right)
        score = min(_area(left), _area(right)) - 0.5 * crossing * width
        if score > 0 and (best is None or score > best[0]) and _side_by_side(left, right):
            best = (score, x)
    return None if best is None else best[1]


def _column_band(pieces: list[Piece]) -> list[list[Piece]] | None:
    """Pieces above, within and below the largest band of two like columns; None where there is no such band.

    A page that is mostly a wide figure or table has no gutter as a whole, but its text above or below has one. The
    columns must be alike, part near the middle and follow one another in the file, unlike the cells of a table.
    """
    if len(pieces) < 2 * _MIN_COLUMN_LINES:
        return None
    down = sorted(range(len(pieces)), key=lambda index: _middle(pieces[index]))
    best: tuple[float, int, int] | None = None
    for x in _gutter_places(pieces, _NEAR_MIDDLE):
        crossing = [place for place, index in enumerate(down) if pieces[index].x0 < x < pieces[index].x1]
        for above, below in pairwise([-1, *crossing, len(down)]):
            score = _columns_score([pieces[index] for index in sorted(down[above + 1 : below])], x)
            if score > 0 and (best is None or score > best[0]):
                best = (score, above + 1, below)
    if best is None or best[2] - best[1] == len(down):
        return None
    _, start, end = best
    parts = (sorted(part) for part in (down[:start], down[start:end], down[end:]))
    return [[pieces[index] for index in part] for part in parts if part]


def _gutter_places(pieces: list[Piece], shares: tuple[float, float]) -> Iterator[float]:
    """Each x where a gutter may be, between two shares of the width of all pieces."""
    left_edge = min(piece.x0 for piece in pieces)
    width = _width(pieces)
    if width <= 0:
        return
    # A gutter starts where some column ends, so the right edges of the pieces are the only places to try.
    step = max(2.0, width / 200)
    for steps in sorted({round((piece.x1 - left_edge) / step) for piece in pieces}):
        x = left_edge + (steps + 0.75) * step
        if shares[0] < (x - left_edge) / width < shares[1]:
            yield x


def _columns_score(band: list[Piece], x: float) -> float:
    """The area of the lesser of two columns of prose in a band, given in file order, 0 where it is something else."""
    left = [piece for piece in band if piece.x1 <= x]
    right = [piece for piece in band if piece.x0 >= x]
    if min(len(left), len(right)) < _MIN_BAND_LINES or not (_is_prose(left) and _is_prose(right)):
        return 0.0
    switches = sum((one.x0 >= x) != (other.x0 >= x) for one, other in pairwise(band))
    if switches > len(band) // 5:
        return 0.0
    narrower, wider = sorted(_width(side) for side in (left, right))
    if narrower < 0.75 * wider or not _side_by_side(left, right):
        return 0.0
    return min(_area(left), _area(right))


def _width(pieces: list[Piece]) -> float:
    return max(piece.x1 for piece in pieces) - min(piece.x0 for piece in pieces)


def _middle(piece: Piece) -> float:
    return (piece.top + piece.bottom) / 2


def _area(pieces: list[Piece]) -> float:
    return sum(piece.x1 - piece.x0 for piece in pieces)


def _is_prose(pieces: list[Piece]) -> bool:
    """Whether most letters of a side stand in lines that fill its width; the labels of a figure do not count."""
    widths = sorted(piece.x1 - piece.x0 for piece in pieces)
    widest = widths[len(widths) * 9 // 10]
    full = [_letters(piece) for piece in pieces if piece.x1 - piece.x0 > 0.6 * widest]
    letters = sum(_letters(piece) for piece in pieces)
    return len(full) >= _MIN_COLUMN_LINES and median(full) >= _MIN_PROSE_CHARS and sum(full) > 0.6 * letters


def _letters(piece: Piece) -> int:
    """Characters, those of Chinese and Japanese counted double as their words are half as long."""
    return len(piece.text) * (2 if piece.text[:1] > "⺀" else 1)


def _side_by_side(left: list[Piece], right: list[Piece]) -> bool:
    """Whether the two sides share most of their height."""
    shared = min(max(p.bottom for p in left), max(p.bottom for p in right)) - max(
        min(p.top for p in left), min(p.top for p in right)
    )
    shorter = min(max(p.bottom for p in side) - min(p.top for p in side) for side in (left, right))
    return shorter > 0 and shared > 0.5 * shorter


def _down_the_page(pieces: list[Piece]) -> list[Piece]:
    """The file's own order where it runs down the page, rows from the top otherwise."""
    chunks: list[list[Piece]] = []
    for piece in pieces:
        if chunks and piece.bottom > chunks[-1][-1].bottom - 0.6 * piece.size:
            chunks[-1].append(piece)
        else:
            chunks.append([piece])
    if len(chunks) == 1:
        return _rows(pieces) if _rows_disordered(pieces) else pieces
    if len(chunks) > 3 + len(pieces) // 10:
        return _rows(pieces)
    spans = sorted(
        (min(p.top for p in chunk), max(p.bottom for p in chunk), index) for index, chunk in enumerate(chunks)
    )
    if all(after[0] >= before[1] - 2.0 for before, after in pairwise(spans)):
        return [piece for _, _, index in spans for piece in chunks[index]]
    return _rows(pieces) if len(chunks) > 2 or _aligned(*chunks) else pieces


def _aligned(one: list[Piece], other: list[Piece]) -> bool:
    """Whether two stretches stand side by side row for row: a table that the file draws by columns."""
    shorter, longer = sorted((one, other), key=len)
    shorter = shorter[:_SAMPLE]
    partners = sum(any(_same_row(piece, candidate) for candidate in longer) for piece in shorter)
    return partners > 0.7 * len(shorter)


def _rows_disordered(pieces: list[Piece]) -> bool:
    """Whether pieces of one row come right to left in the file."""
    return any(_same_row(one, other) and other.x1 <= one.x0 + 1.0 for one, other in pairwise(pieces))


def _rows(pieces: list[Piece]) -> list[Piece]:
    """Row by row from the top, each row from left to right."""
    rows: list[list[Piece]] = []
    for piece in sorted(pieces, key=_middle):
        if rows and _same_row(rows[-1][0], piece):
            rows[-1].append(piece)
        else:
            rows.append([piece])
    return [piece for row in rows for piece in sorted(row, key=lambda piece: piece.x0)]
