"""The processes that read and draw strangers' files are killed and stopped in the middle of it."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from reportlab.pdfgen.canvas import Canvas

from app.core.errors import DocumentError
from app.documents.limits import ReadingLimits
from app.documents.model import Document
from app.services.page_images import PdfPages
from app.worker.reading import load_document
from tests.torture.trial import Ground, Row

PAGES = 60
LIMITS = ReadingLimits(page_timeout_s=2.0, open_timeout_s=4.0)
LONGEST_S = 60.0
WIDTH_PX = 300


def write_pdf(path: Path, pages: int = PAGES) -> Path:
    """Pages that hold their own number in words."""
    canvas = Canvas(str(path))
    for number in range(1, pages + 1):
        canvas.bookmarkPage(str(number))
        if number % 10 == 1:
            canvas.addOutlineEntry(f"Part {number // 10 + 1}", str(number))
        for line in range(30):
            canvas.drawString(72, 770 - 20 * line, f"Page {number} says in its line {line} that rivers run to the sea.")
        canvas.showPage()
    canvas.save()
    return path


class Child:
    """The process that this one has begun for a file since `Child` was made."""

    def __init__(self) -> None:
        self._own = psutil.Process()
        self._before = {child.pid for child in self._own.children()}

    def signal(self, number: int) -> bool:
        """Send it; False where there is none."""
        for child in self._own.children():
            with suppress(psutil.Error):
                if child.pid not in self._before and "resource_tracker" not in " ".join(child.cmdline()):
                    os.kill(child.pid, number)
                    return True
        return False


@dataclass
class Tally:
    """What came of many imports."""

    hits: int = 0
    whole: int = 0
    told: int = 0
    refused: int = 0
    silent: list[str] = field(default_factory=list)
    longest_s: float = 0.0

    def take(self, document: Document | None, expected: Document, error: DocumentError | None) -> None:
        """One outcome: whole, with the lost pages told, refused in a sentence, or a silent loss."""
        if document is None:
            self.refused += 1
            if error is None or not error.message:
                self.silent.append("no sentence")
            return
        lost = 0
        for page, undisturbed in zip(document.pages, expected.pages, strict=True):
            if page.problem:
                lost += 1
            elif page.text != undisturbed.text:
                self.silent.append(f"page {page.number} differs and has no problem")
        self.whole += lost == 0
        self.told += lost > 0


def readers(ground: Ground) -> Iterator[Row]:
    """Killed, then stopped, at random moments of imports and at the ends of each phase."""
    folder = ground.folder / "readers"
    folder.mkdir()
    file = write_pdf(folder / "pages.pdf")
    began = time.monotonic()
    expected = load_document(file)
    usual_s = time.monotonic() - began
    source = random.Random(ground.seed)
    killed = Tally()
    for number in range(max(6, ground.count(50))):
        # At its first, its middle and its last page, behind which the outline follows, and anywhere.
        at_page = {0: 1, 1: PAGES // 2, 2: PAGES}.get(number % 6)
        _import(file, expected, killed, signal.SIGKILL, at_page, source.uniform(0.0, usual_s))
    yield _row(killed, "killed")
    halted = Tally()
    for number in range(max(2, ground.count(8))):
        at_page = PAGES // 2 if number % 2 else None
        _import(file, expected, halted, signal.SIGSTOP, at_page, source.uniform(0.0, usual_s))
    yield _row(halted, "stopped")


def _import(file: Path, expected: Document, tally: Tally, number: int, at_page: int | None, delay_s: float) -> None:
    child = Child()
    hit: list[bool] = []

    def strike() -> None:
        if not any(hit):
            hit.append(child.signal(number))

    def seen(done: int, total: int) -> None:
        if done == at_page:
            strike()

    timer = threading.Timer(delay_s if at_page is None else LONGEST_S, strike)
    timer.start()
    began = time.monotonic()
    document, error = None, None
    try:
        document = load_document(file, limits=LIMITS, on_page=seen)
    except DocumentError as raised:
        error = raised
    finally:
        timer.cancel()
        timer.join()
    tally.longest_s = max(tally.longest_s, time.monotonic() - began)
    tally.hits += any(hit)
    tally.take(document, expected, error)


def _row(tally: Tally, done: str) -> Row:
    left = [child for child in psutil.Process().children() if "run_reader" in " ".join(child.cmdline())]
    cases = tally.whole + tally.told + tally.refused
    return Row(
        what=f"the process that reads a PDF {done} {tally.hits} times at random moments, in {cases} imports",
        aim="read whole, or the lost page or the reason told; no hang",
        found=f"{tally.whole} whole, {tally.told} with the lost page told, {tally.refused} refused in a sentence, "
        f"{len(tally.silent)} silent losses; longest {tally.longest_s:.1f} s",
        held=tally.hits > 0 and not tally.silent and tally.longest_s < LONGEST_S and not left,
        figures={"silent": tally.silent[:5], "longest_s": round(tally.longest_s, 1)},
    )


def renderers(ground: Ground) -> Iterator[Row]:
    """The process that draws pages: the page that is lost is told, and asked again it is drawn."""
    folder = ground.folder / "renderers"
    folder.mkdir()
    file = write_pdf(folder / "pages.pdf")
    source = random.Random(ground.seed)
    lost, wrong, hits = 0, 0, 0
    with closing(PdfPages(file, limits=LIMITS)) as pages:
        child = Child()
        expected = {page: pages.image(page, WIDTH_PX).data for page in (1, 20, 40)}
        for number in range(max(6, ground.count(50))):
            signal_ = signal.SIGSTOP if number % 10 == 9 else signal.SIGKILL
            timer = threading.Timer(source.uniform(0.0, 0.06), child.signal, (signal_,))
            timer.start()
            for page, data in expected.items():
                try:
                    wrong += pages.image(page, WIDTH_PX).data != data
                except DocumentError:
                    lost += 1
            timer.join()
            hits += 1
            for page, data in expected.items():
                try:
                    wrong += pages.image(page, WIDTH_PX).data != data
                except DocumentError:
                    # Lost while nobody asked: the first to ask hears of it.
                    lost += 1
                    wrong += pages.image(page, WIDTH_PX).data != data
    yield Row(
        what=f"the process that draws pages killed or stopped {hits} times",
        aim="a lost page is told, asked again it is drawn as before",
        found=f"{lost} pages told as lost, {wrong} drawn otherwise",
        held=wrong == 0,
        figures={"lost": lost, "wrong": wrong},
    )
