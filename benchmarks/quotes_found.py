"""How many quotes are found on the pages they were taken from, and how exactly they are marked.

    python -m benchmarks.quotes_found [--data DIR] [--half tune|report] [--quotes 200] [--show]

The PDFs of the data folder are read as the program reads them, at most 200 pages of each. Sentences spread evenly over
each become citations, and each is looked for on its page by `PdfPages.locate`. What lies under the boxes is then read
by other means: the characters whose middle, placed by PDFium's own conversion, is inside of one. Letters and digits are
compared. As a control each page is also asked for a quote of another document that its text does not hold.

The rules were chosen by every other file (`--half tune`, printed only); the rest is reported, into
benchmarks/results/quotes_found.json. One rule is younger than the first report, in which one control was marked: that a
quote of under 12 letters must stand on the page as whole words. `--show` prints what was missed, marked badly or slow.
"""

from __future__ import annotations

import argparse
import ctypes
import time
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from statistics import mean, median, quantiles
from typing import Any

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from app.core.errors import GriffinDeskError
from app.documents.limits import PageRange
from app.documents.model import Document
from app.documents.sentences import sentence_spans
from app.services.page_images import Box, PdfPages, QuoteFound
from app.tasks.citations import quote
from app.tasks.model import Citation
from app.worker.reading import load_document

HALVES = ("report", "tune")
LAST_PAGE = 200
LEAST_LETTERS = 10
"""A sentence of fewer letters and digits is a number or a label, and no citation is made of it."""
LEAST_SENTENCES = 5
EXACT, GOOD = 0.99, 0.9
"""Similarity from which on what is marked counts as the quote, and as close to it."""
SLOW_S = 0.5
WIDTH_PX = 1000
_FINE = 100
"""Units to a point in which PDFium, which gives whole numbers, is asked where a character lies."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A citation of a document, and one of another document."""

    path: Path
    citation: Citation
    control: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one quote: how like it the text under its boxes is (None: not found), and how long it took."""

    sample: Sample
    similarity: float | None
    lines: int
    share: float
    seconds: float
    control: bool
    control_seconds: float


def main() -> None:
    """Measure, and write the report."""
    from benchmarks.report import DATA, write  # imports torch: every process started here would, too

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--half", choices=HALVES, default="report")
    parser.add_argument("--quotes", type=int, default=200)
    parser.add_argument("--show", action="store_true")
    options = parser.parse_args()
    files = sorted((options.data / "pdfs").glob("*.pdf"))[HALVES.index(options.half) :: 2]
    if not files:
        parser.error(f"{options.data / 'pdfs'} holds no PDFs: give the folder of real data as --data")
    samples = list(islice(_samples(_documents(files)), options.quotes))
    outcomes: list[Outcome] = []
    opened: list[float] = []
    drawn: list[float] = []
    for path in sorted({sample.path for sample in samples}):
        with closing(PdfPages(path)) as pages:
            own = [sample for sample in samples if sample.path == path]
            opened.append(_seconds(pages.sizes))
            outcomes += [_look(pages, sample) for sample in own]
            drawn += [_seconds(pages.image, page, WIDTH_PX) for page in sorted({s.citation.page for s in own})]
    if options.show:
        _show(outcomes)
    figures = {
        "half": options.half,
        **_figures(outcomes),
        "start_and_sizes": _times(opened),
        f"image_{WIDTH_PX}_px": _times(drawn),
    }
    if options.half == "report":
        write("quotes_found", figures)
    else:
        print(figures)


def _documents(files: Sequence[Path]) -> list[tuple[Path, Document, list[Citation]]]:
    """What can be read, each with its citations."""
    found = []
    for path in files:
        try:
            document = load_document(path, pages=PageRange(1, LAST_PAGE))
        except GriffinDeskError:
            continue
        citations = [
            citation
            for span in sentence_spans(document.text)
            for citation in quote(document, span)
            if len(_letters(citation.quote)) >= LEAST_LETTERS
        ]
        if len(citations) >= LEAST_SENTENCES:
            found.append((path, document, citations))
    return found


def _samples(documents: list[tuple[Path, Document, list[Citation]]]) -> Iterator[Sample]:
    """One citation of each document in turn, far from the one before it; and one of the next document."""
    strides = [max(1, round(len(citations) * 0.382)) for _, _, citations in documents]
    for turn in range(10_000):
        for index, (path, document, citations) in enumerate(documents):
            if turn >= len(citations):
                continue
            citation = citations[turn * strides[index] % len(citations)]
            held = _letters(next(page.text for page in document.pages if page.number == citation.page))
            others = documents[(index + 1 + turn % (len(documents) - 1)) % len(documents)][2]
            control = next(
                other.quote for other in islice(cycle(others), turn, None) if _letters(other.quote) not in held
            )
            yield Sample(path, citation, control)


def _look(pages: PdfPages, sample: Sample) -> Outcome:
    page, text = sample.citation.page, sample.citation.quote
    start = time.perf_counter()
    found = pages.locate(page, text)
    middle = time.perf_counter()
    control = pages.locate(page, sample.control)
    end = time.perf_counter()
    similarity = _similarity(sample, found) if found.boxes else None
    return Outcome(sample, similarity, len(found.boxes), found.share, middle - start, bool(control.boxes), end - middle)


def _similarity(sample: Sample, found: QuoteFound) -> float:
    marked = _under(sample.path, sample.citation.page, found.boxes)
    return _likeness(_letters(sample.citation.quote), _letters(marked))


def _under(path: Path, number: int, boxes: Sequence[Box]) -> str:
    """The characters whose middle lies in one of the boxes, in PDFium's order."""
    document = pdfium.PdfDocument(path)
    page = document[number - 1]
    textpage = page.get_textpage()
    width, height = round(page.get_width() * _FINE), round(page.get_height() * _FINE)
    x, y = ctypes.c_int(), ctypes.c_int()
    text = []
    for index in range(textpage.count_chars()):
        left, bottom, right, top = textpage.get_charbox(index)
        middle = (left + right) / 2, (bottom + top) / 2
        pdfium_c.FPDF_PageToDevice(page, 0, 0, width, height, 0, *middle, x, y)
        across, down = x.value / _FINE, y.value / _FINE
        if any(box.left <= across <= box.right and box.top <= down <= box.bottom for box in boxes):
            text.append(chr(pdfium_c.FPDFText_GetUnicode(textpage, index)))
    textpage.close()
    page.close()
    document.close()
    return "".join(text)


def _likeness(one: str, other: str) -> float:
    """Dice's coefficient of the triples of letters: the pieces of a quote may stand in another order in the file."""
    ours, theirs = (Counter(text[place : place + 3] for place in range(len(text) - 2)) for text in (one, other))
    return 2 * (ours & theirs).total() / max(1, ours.total() + theirs.total())


def _seconds(call: Callable[..., object], *arguments: object) -> float:
    start = time.perf_counter()
    call(*arguments)
    return time.perf_counter() - start


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKC", text)))


def _figures(outcomes: list[Outcome]) -> dict[str, Any]:
    marked = [outcome.similarity for outcome in outcomes if outcome.similarity is not None]
    count = len(outcomes)
    return {
        "documents": len({outcome.sample.path for outcome in outcomes}),
        "quotes": count,
        "found": round(len(marked) / count, 4),
        "of_those": {
            "mean_similarity": round(mean(marked), 4),
            "exact": round(sum(value >= EXACT for value in marked) / len(marked), 4),
            "close": round(sum(value >= GOOD for value in marked) / len(marked), 4),
            "worst": round(min(marked), 3),
        },
        "controls_marked": round(sum(outcome.control for outcome in outcomes) / count, 4),
        "locate": _times([outcome.seconds for outcome in outcomes]),
        "locate_controls": _times([outcome.control_seconds for outcome in outcomes]),
        "by_document": {
            path.name: [
                sum(o.similarity is not None for o in outcomes if o.sample.path == path),
                sum(o.sample.path == path for o in outcomes),
            ]
            for path in sorted({outcome.sample.path for outcome in outcomes})
        },
    }


def _times(seconds: list[float]) -> dict[str, float]:
    """In milliseconds."""
    return {
        "median_ms": round(1000 * median(seconds), 1),
        "p95_ms": round(1000 * quantiles(seconds, n=20)[-1], 1),
        "max_ms": round(1000 * max(seconds), 1),
    }


def _show(outcomes: list[Outcome]) -> None:
    for outcome in outcomes:
        name, citation = outcome.sample.path.name, outcome.sample.citation
        if outcome.similarity is None or outcome.similarity < GOOD:
            print(f"{name} p. {citation.page}: {outcome.similarity} share {outcome.share:.2f} {citation.quote!r}")
        if outcome.seconds > SLOW_S:
            print(f"{name} p. {citation.page}: {outcome.seconds:.2f} s {citation.quote!r}")
        if outcome.control:
            print(f"{name} p. {citation.page}: control marked {outcome.sample.control!r}")


if __name__ == "__main__":
    main()
