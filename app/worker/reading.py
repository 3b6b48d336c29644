"""Reading a document in a killable process: a page that hangs or crashes costs that page only."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from app.core.errors import DocumentError, UserError
from app.documents.assemble import build_document
from app.documents.files import check_file
from app.documents.hashing import content_hash
from app.documents.limits import PageRange, ReadingLimits
from app.documents.model import Document
from app.documents.raw import RESCUED_WITHOUT_TEXT, UNKNOWN_LETTERS, OutlineEntry, RawDocument, RawPage
from app.documents.readers.registry import Sniffed, reader_path, second_reader_path, sniff_format
from app.inference.generator import ReadCancelled, never
from app.worker.child import Child, ChildLost
from app.worker.reader_process import Job, run_reader

_RESCUE_OPEN_S, _RESCUE_PAGE_S = 20.0, 4.0
"""A file that gave no text is tried once more, and not at any length."""
_RESCUE_S = 60.0
"""Nor for longer than this without a letter: a set of thousands of drawings takes a second or two for each."""


def load_document(
    path: Path,
    *,
    password: str | None = None,
    pages: PageRange | None = None,
    limits: ReadingLimits | None = None,
    on_page: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] = never,
) -> Document:
    """Read a file of any known format.

    Args:
        pages: which pages to read; applies to formats that have pages.
        on_page: called with the pages done and the pages there are.
    Raises:
        DocumentError: the file cannot be read; the code says why (missing, folder, special, unreadable, empty, format,
            too-large, password, encrypted, drm, damaged, no-text, changed).
        UserError: code "pages", when the range lies outside the document.
        ReadCancelled: `cancelled` said so.
    """
    limits = limits or ReadingLimits()
    check_file(path, limits)
    try:
        digest = content_hash(path)
        sniffed = sniff_format(path)
    except OSError as error:
        raise DocumentError(f"{path} cannot be read ({error.strerror or error})", code="unreadable") from error
    job = Job(path, reader_path(sniffed.format), password, pages or PageRange(), 0, True, limits)
    try:
        document = _loaded(job, sniffed, digest, on_page, cancelled)
    except DocumentError:
        _check_unchanged(path, digest)
        raise
    _check_unchanged(path, digest)
    return document


def _loaded(
    job: Job,
    sniffed: Sniffed,
    digest: str,
    on_page: Callable[[int, int], None] | None,
    cancelled: Callable[[], bool],
) -> Document:
    path = job.path
    raw = _Reading(job, on_page, cancelled).run(sniffed)
    document = build_document(raw, content_hash=digest, file_stem=path.stem)
    if document.text.strip():
        return document
    rescued = _rescued(job, sniffed, raw, cancelled)
    if rescued is None:
        raise _no_text(path, document, raw)
    return build_document(rescued, content_hash=digest, file_stem=path.stem)


def _check_unchanged(path: Path, digest: str) -> None:
    """Raises DocumentError (code "changed") for a file that holds other bytes by now.

    Some of what was read may be of those, and would be filed under the wrong id for good. One that is gone by now was
    read whole.
    """
    try:
        changed = content_hash(path) != digest
    except OSError:
        return
    if changed:
        raise DocumentError(f"{path} changed while it was read: open it again once it is complete", code="changed")


def _rescued(job: Job, sniffed: Sniffed, raw: RawDocument, cancelled: Callable[[], bool]) -> RawDocument | None:
    """The file by the other parser of its format, None where there is none or it finds no text either.

    Not where pages are pictures, or nobody can tell what their letters are: it would find none, or nonsense. Nor where
    it was that parser that found none, since the first one could not open the file.
    """
    reader = second_reader_path(sniffed.format)
    in_vain_too = (UNKNOWN_LETTERS, RESCUED_WITHOUT_TEXT)
    if not reader or any("scanned" in page.problem or page.problem in in_vain_too for page in raw.pages):
        return None
    limits = job.limits
    brief = replace(
        limits,
        open_timeout_s=min(limits.open_timeout_s, _RESCUE_OPEN_S),
        page_timeout_s=min(limits.page_timeout_s, _RESCUE_PAGE_S),
        max_restarts=0,
    )
    until = time.monotonic() + _RESCUE_S
    reading = _Reading(replace(job, reader=reader, limits=brief), None, lambda: cancelled() or in_vain())

    def in_vain() -> bool:
        return reading.chars == 0 and time.monotonic() > until

    try:
        found = reading.run(sniffed)
    except DocumentError:
        return None
    except ReadCancelled:
        if cancelled() or not in_vain():
            raise
        return None
    return found if any(block.text.strip() for page in found.pages for block in page.blocks) else None


def _no_text(path: Path, document: Document, raw: RawDocument) -> DocumentError:
    # Parts are cut from text: where there is none, the file's own units say why.
    pages = document.pages if raw.paged and document.pages else raw.pages
    numbers = [page.number for page in pages]
    problems = {page.problem for page in pages}
    unit = "page" if raw.paged else "part"
    if not numbers:
        return DocumentError(f"{path.name} has no {unit}s", code="no-text")
    span = f"{unit} {numbers[0]} gives" if len(numbers) == 1 else f"{unit}s {numbers[0]}-{numbers[-1]} give"
    damaged = [page.problem for page in pages if _is_damage(page.problem)]
    if len(damaged) > sum("scanned" in page.problem for page in pages):
        reason = _reason(damaged[0])
        return DocumentError(
            f"{path.name} is damaged beyond repair: {span} no text ({reason}); get a fresh copy", code="damaged"
        )
    if any("scanned" in problem for problem in problems):
        hint = "they look like scanned images: run them through OCR first"
    elif len(problems) == 1 and (problem := problems.pop()):
        hint = problem.removeprefix("no text: ")
    else:
        hint = "there is nothing to read in them"
    told = "".join(f" ({warning.rstrip('.')})" for warning in raw.warnings[:1])
    return DocumentError(f"{path.name} has no text: {span} none; {hint}{told}", code="no-text")


def _reason(problem: str) -> str:
    """A page's problem as a part of another sentence."""
    return problem.removeprefix("damaged: ").removeprefix("no text: ").removesuffix(": get a fresh copy").rstrip(".")


def _is_damage(problem: str) -> bool:
    """Whether a page may have had text once: it could not be read, and is not known to be empty or a picture."""
    return bool(problem) and (not problem.startswith("no text:") or problem == RESCUED_WITHOUT_TEXT)


class _Reading:
    """One import: runs child processes until every page is read or given up."""

    def __init__(self, job: Job, on_page: Callable[[int, int], None] | None, cancelled: Callable[[], bool]) -> None:
        self._job = job
        self._on_page = on_page
        self._cancelled = cancelled
        self._pages: dict[int, RawPage] = {}
        self._numbers: range | None = None
        self._paged = True
        self._title = ""
        self._warnings: list[str] = []
        self._outline: tuple[OutlineEntry, ...] = ()
        self.chars = 0
        """Of all pages so far."""
        self._failures = 0
        self._finished = False

    def run(self, sniffed: Sniffed) -> RawDocument:
        """Read all pages asked for, however many children it takes."""
        while not self._finished:
            self._run_child()
        ordered = tuple(self._pages[number] for number in self._numbers or ())
        return RawDocument(
            format=sniffed.format,
            paged=self._paged,
            title=self._title,
            pages=ordered,
            outline=self._outline,
            warnings=tuple(dict.fromkeys(filter(None, [sniffed.warning, *self._warnings, self._lost(ordered)]))),
        )

    def _lost(self, parts: Sequence[RawPage]) -> str:
        """What is missing of a format without pages, whose parts leave no gap in the text that shows it."""
        lost = [part for part in parts if part.problem and not self._paged]
        if not lost:
            return ""
        reason = _reason(lost[0].problem)
        if len(lost) == 1:
            return f"Part {lost[0].number} of {len(parts)} is missing: {reason}."
        return f"{len(lost)} of {len(parts)} parts are missing, the first is part {lost[0].number}: {reason}."

    # -- one child -----------------------------------------------------------------------------------------------

    def _run_child(self) -> None:
        """Start a child where the last one stopped and take its messages until it ends or is given up."""
        # Behind the last page when only the outline is left.
        resume_at = self._numbers.start + len(self._pages) if self._numbers is not None else 0
        job = replace(self._job, resume_at=resume_at)
        child = Child(run_reader, job)
        try:
            self._take_messages(child)
        finally:
            child.kill()

    def _take_messages(self, child: Child) -> None:
        opened = False
        while True:
            try:
                message = self._next_message(child, opened)
            except ChildLost as lost:
                self._give_up(str(lost))
                return
            opened = True
            if message.get("type") == "failed":
                self._give_up(str(message.get("reason")))
                return
            try:
                done = self._handle(message)
            except (KeyError, TypeError, ValueError) as error:
                self._give_up(f"its parser sent nonsense ({error})")
                return
            if done:
                self._finished = True
                return

    def _next_message(self, child: Child, opened: bool) -> dict[str, Any]:
        limits = self._job.limits
        reading = opened and self._missing() is not None
        return child.receive_message(limits.page_timeout_s if reading else limits.open_timeout_s, self._cancelled)

    # -- messages ------------------------------------------------------------------------------------------------

    def _handle(self, message: dict[str, Any]) -> bool:
        """Take one message; True when the document is finished."""
        kind = message["type"]
        if kind == "error":
            raise DocumentError(str(message["message"]), code=str(message["code"]))
        if kind == "opened":
            self._take_opened(message)
        elif kind == "page":
            self._take_page(RawPage.from_json(message["page"]))
        elif kind == "outline":
            self._outline = tuple(OutlineEntry.from_json(entry) for entry in message["entries"])
        return bool(kind == "done")

    def _take_opened(self, message: dict[str, Any]) -> None:
        if self._numbers is not None:
            return
        count, limits = int(message["page_count"]), self._job.limits
        name = self._job.path.name
        if count > limits.max_pages:
            raise DocumentError(
                f"{name} has {count:,} pages, the limit is {limits.max_pages:,}: split it", code="too-large"
            )
        if count < 1:
            raise DocumentError(f"{name} has no pages", code="no-text")
        self._paged = bool(message["paged"])
        self._title = str(message["title"])
        self._warnings += [str(warning) for warning in message["warnings"]]
        asked = self._job.pages
        self._numbers = asked.clip(count) if self._paged else range(1, count + 1)
        if not self._numbers:
            pages = "1 page" if count == 1 else f"{count} pages"
            raise UserError(f"{name} has {pages}, so there are no pages {asked} to read", code="pages")
        if not self._paged and asked != PageRange():
            self._warnings.append(f"{name} has no pages of its own, so all of it was read instead of pages {asked}.")

    def _take_page(self, page: RawPage) -> None:
        """Keep the next page; ValueError when the child sent another one, as only a hijacked child would."""
        if page.number != self._missing():
            raise ValueError(f"page {page.number} out of turn")
        self.chars += sum(len(line.text) for line in page.lines) + sum(len(block.text) for block in page.blocks)
        if self.chars > self._job.limits.max_text_chars:
            raise DocumentError(
                f"{self._job.path.name} holds more than {self._job.limits.max_text_chars:,} characters of text: "
                "read a part of it with --pages, or split it",
                code="too-large",
            )
        self._record(page)

    def _record(self, page: RawPage) -> None:
        self._pages[page.number] = page
        if self._on_page is not None and self._numbers is not None:
            self._on_page(len(self._pages), len(self._numbers))

    # -- failures ------------------------------------------------------------------------------------------------

    def _missing(self) -> int | None:
        """The page the child must be working on: the first one not yet read."""
        numbers = self._numbers
        if numbers is None or len(self._pages) >= len(numbers):
            return None
        return numbers.start + len(self._pages)

    def _give_up(self, reason: str) -> None:
        """The child is gone: blame the page it was at, or end when that was no page."""
        missing = self._missing()
        if self._numbers is None:
            raise DocumentError(
                f"{self._job.path.name} cannot be opened: {reason.removeprefix('damaged: ')}; get a fresh copy",
                code="damaged",
            )
        if missing is None:
            self._warnings.append(
                f"The file's own table of contents could not be read ({reason.removeprefix('damaged: ')})."
            )
            self._finished = True
            return
        self._record(RawPage(missing, problem=reason))
        self._failures += 1
        if self._failures > self._job.limits.max_restarts:
            for number in self._numbers[len(self._pages) :]:
                self._record(RawPage(number, problem=f"not read: {self._failures} pages before it failed"))
            self._warnings.append(f"Reading stopped after {self._failures} pages that could not be read.")
            self._finished = True
