"""How the time of the program's own part of an import grows with a text, in a process that can be killed."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing.connection import Connection

from app.documents.assemble import build_document
from app.documents.passages import split_passages
from app.documents.raw import Block, BlockKind, Line, OutlineEntry, RawDocument, RawPage
from app.retrieval.boilerplate import match_weight
from app.retrieval.terms import Analyzer, as_words, text_language
from tests.torture.hostile_texts import PLAIN

TIMES = 4
MOST_TIMES = 8.0
"""How much longer so many times the text may take: 4 is linear, 16 is quadratic."""
UNTIMED_S = 0.25
"""What takes less is too short to be compared."""
LONGEST_S = 60.0
KINDS = ("paragraph", "preformatted", "heading", "lines of a page", "lines of many pages", "an outline")


@dataclass(frozen=True, slots=True)
class Growth:
    """CPU seconds for a text and for TIMES as much; None where that was not done after LONGEST_S."""

    shape: str
    kind: str
    chars: int
    small_s: float | None
    large_s: float | None

    @property
    def ratio(self) -> float:
        """How many times as long, 0 where it is too short to be told."""
        if self.small_s is None or self.large_s is None:
            return float("inf")
        return self.large_s / max(self.small_s, 0.001) if self.large_s > UNTIMED_S else 0.0


def growths(size: int, *, names: Sequence[str] = (), at_once: int = 2) -> Iterator[Growth]:
    """Of every shape (or those named) in every kind, from `size` characters to TIMES as many."""
    jobs = [(name, kind) for name in names or PLAIN for kind in KINDS]
    with ThreadPoolExecutor(at_once) as pool:
        yield from pool.map(lambda job: _growth(*job, size), jobs)


def _growth(shape: str, kind: str, size: int) -> Growth:
    found = Growth(shape, kind, size, *_measured(shape, kind, size))
    if found.ratio > MOST_TIMES:  # another program may have had the processor
        again = Growth(shape, kind, size, *_measured(shape, kind, size))
        return min(found, again, key=lambda growth: growth.ratio)
    return found


def _measured(shape: str, kind: str, size: int) -> tuple[float | None, float | None]:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_measure, args=(theirs, shape, kind, size), daemon=True)
    process.start()
    theirs.close()
    try:
        small = ours.recv() if ours.poll(LONGEST_S) else None
        large = ours.recv() if small is not None and ours.poll(LONGEST_S) else None
    except EOFError:
        return None, None
    finally:
        process.kill()
        process.join()
        ours.close()
    return small, large


def _measure(connection: Connection, shape: str, kind: str, size: int) -> None:
    work(PROSE_FIRST, kind)
    for chars in (size, TIMES * size):
        text = PLAIN[shape](chars)
        began = time.process_time()
        work(text, kind)
        connection.send(time.process_time() - began)


PROSE_FIRST = "What is loaded, compiled or remembered at the first use is not to be counted. " * 20


def work(text: str, kind: str) -> None:
    """All that the program does with a text once a reader has given it: normalise, divide, make terms for the index."""
    document = build_document(raw_document(text, kind), content_hash="0" * 64, file_stem="a")
    passages = split_passages(document)
    analyzer = Analyzer(text_language(document.text))
    for passage in passages:
        as_words(analyzer.passage(passage.text))
        section = document.sections[passage.section_index].title
        match_weight(passage.text, section)


def raw_document(text: str, kind: str) -> RawDocument:
    """The text as a reader would give it."""
    title = text[:5000]
    if kind in ("paragraph", "preformatted", "heading"):
        block = Block(BlockKind(kind), text, int(kind == "heading"))
        return RawDocument("text", False, title, (RawPage(1, blocks=(block, Block(BlockKind.PARAGRAPH, "An end."))),))
    if kind == "lines of many pages":
        cut = [[text[at : at + 100] for at in range(start, start + 1000, 100)] for start in range(0, len(text), 1000)]
        pages = tuple(_page(number, lines) for number, lines in enumerate(cut, start=1))
        return RawDocument("pdf", True, title, pages)
    page = _page(1, text.split("\n"))
    if kind == "lines of a page":
        return RawDocument("pdf", True, title, (page,))
    entries = tuple(OutlineEntry(text[at : at + 30], 1, 1, 10.0) for at in range(0, 900, 30))
    return RawDocument("pdf", True, title, (page,), entries)


def _page(number: int, texts: Sequence[str]) -> RawPage:
    lines = (Line(text, 72, 10 + 12 * row, 500, 20 + 12 * row, 10, False, False, 0) for row, text in enumerate(texts))
    return RawPage(number, lines=tuple(lines), height=800.0)
