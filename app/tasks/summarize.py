"""The summary task: the document streams once through a state; notes at the end of each part become the summary."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass

from app.documents.model import Document
from app.documents.words import Lexicon
from app.inference.generator import Cancelled, ModelInfo, StateRef, TextGenerator, Vector, never
from app.tasks.budget import Budget
from app.tasks.compose import compose_key_passages, compose_written
from app.tasks.extract import Candidate, candidates
from app.tasks.feeds import feeds
from app.tasks.model import Line, SectionNotes, Style
from app.tasks.notes import NoteWriter, ReadPart, pick_notes
from app.tasks.parts import Part, plan_parts
from app.tasks.prompts import NotesFrom
from app.tasks.salience import HiddenSpace

SMALL_MODEL = 1_000_000_000
"""Parameters below which a chat model invents so readily that it had better quote (docs/quality.md)."""


@dataclass(frozen=True, slots=True)
class ReadProgress:
    """How far the reading has come: the page of the last token read, and tokens of the whole document."""

    page: int
    tokens_done: int
    tokens_total: int


@dataclass(frozen=True, slots=True)
class PartDone:
    """A part has been read and its notes written.

    `state` is live and stands at the end of this part; it is valid until the next event is asked for.
    """

    part_index: int
    parts_total: int
    notes: SectionNotes
    state: StateRef


@dataclass(frozen=True, slots=True)
class SummaryDone:
    """The last event."""

    sections: tuple[SectionNotes, ...]
    summary: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Resume:
    """Where an interrupted summary stood.

    `notes` of parts 0..n-1 are written; `state` stands at the end of part `parts_read - 1` (None: read again from the
    start). Parts from `parts_read` to n-1 are read again through the state but not written again. The state stays the
    caller's: a fork of it goes on.
    """

    notes: tuple[SectionNotes, ...]
    parts_read: int
    state: StateRef | None


Event = ReadProgress | PartDone | SummaryDone


def default_style(info: ModelInfo) -> Style:
    """The style that serves best with this model: quotes for base and small models, written notes for the others."""
    return Style.BRIEF if info.is_chat and info.parameters >= SMALL_MODEL else Style.KEY_PASSAGES


def summarize(
    document: Document,
    generator: TextGenerator,
    *,
    style: Style,
    resume: Resume | None = None,
    cancelled: Cancelled = never,
    notes_from: NotesFrom = NotesFrom.FRESH_STATE,
) -> Generator[Event]:
    """Read the whole document through one state and summarise it: progress and finished parts, at last the summary.

    Every token is read in every style. Written notes come several parts at a time where the generator writes faster
    so: those parts are read first, then their notes are written side by side, and their PartDone events follow in
    order; an interruption loses the parts of one such group at most. Closing the iterator frees its states. Raises
    ReadCancelled.
    """
    budget = Budget.for_model(generator.info, style)
    lexicon = Lexicon.for_text(document.text)
    parts = plan_parts(document, generator.tokenize, budget)
    sections = list(resume.notes) if resume else []
    resumed = resume.state if resume else None
    first = resume.parts_read if resume and resumed is not None else 0
    state = generator.new_state() if resumed is None else generator.fork(resumed)
    reading = _Reading(document, generator, parts, first, budget.feed, cancelled, state)
    try:
        if not first:
            generator.read(state, generator.document_prefix(), cancelled=cancelled)
        if style is Style.KEY_PASSAGES:
            yield from _pick(reading, sections, lexicon)
        else:
            writer = NoteWriter(document, generator, style, budget, lexicon, notes_from, cancelled)
            yield from _write(reading, sections, writer)
    finally:
        generator.drop(reading.state)
    if style is Style.KEY_PASSAGES:
        summary = compose_key_passages(document, parts, sections, lexicon)
    else:
        summary = compose_written(parts, sections, style, lexicon)
    yield SummaryDone(tuple(sections), summary)


class _Reading:
    """A document on its way through one state: how far it is, and the state at that place."""

    def __init__(
        self,
        document: Document,
        generator: TextGenerator,
        parts: Sequence[Part],
        first: int,
        feed_tokens: int,
        cancelled: Cancelled,
        state: StateRef,
    ) -> None:
        self.document = document
        self.generator = generator
        self.parts = parts
        self.unread = parts[first:]
        """What was to be read when this began: parts before them are in the state already."""
        self.cancelled = cancelled
        self.state = state
        self._feed_tokens = feed_tokens
        self._done = sum(part.tokens for part in parts[:first])
        self._left = sum(part.tokens for part in self.unread)

    def read(self, part: Part, claims: Sequence[Candidate] = ()) -> Generator[ReadProgress, None, dict[int, Vector]]:
        """Feed a part to the state; the mean hidden vector of each claim, by the offset at which the claim ends."""
        self._left -= part.tokens
        planned = self._done + part.tokens
        vectors: dict[int, Vector] = {}
        claim_ends = {claim.span[1] for claim in claims}
        for feed in feeds(self.document, part, self.generator.tokenize, self._feed_tokens, claim_ends):
            found = self.generator.read(self.state, feed.ids, spans=feed.spans, cancelled=self.cancelled)
            vectors |= zip(feed.stops, found, strict=True)
            self._done += len(feed.ids)
            # Sentences next to a cut, or where sections were joined, may make a few tokens more or less than
            # plan_parts counted: what was read replaces the estimate, so that the reading ends at the total.
            expected = self._done if feed.end == part.end else max(self._done, planned)
            page = self.document.page_at(max(part.start, feed.end - 1))
            yield ReadProgress(page, self._done, expected + self._left)
        return vectors


def _pick(reading: _Reading, sections: list[SectionNotes], lexicon: Lexicon) -> Generator[Event]:
    """Read on; from each part that `sections` has no notes of yet, sentences are picked."""
    document = reading.document
    space: HiddenSpace | None = None
    for part in reading.unread:
        if part.index < len(sections):
            yield from reading.read(part)
            continue
        claims = candidates(document, part, lexicon)
        if claims and space is None:
            space = HiddenSpace.of_model(reading.generator, reading.cancelled)
        vectors = yield from reading.read(part, claims)
        near = space.nearness([vectors[claim.span[1]] for claim in claims]) if space and claims else None
        sections.append(_section(document, part, pick_notes(document, part, claims, near)))
        yield PartDone(part.index, len(reading.parts), sections[-1], reading.state)


def _write(reading: _Reading, sections: list[SectionNotes], writer: NoteWriter) -> Generator[Event]:
    """Read on; notes are written about each part that `sections` has none of yet, several parts at a time."""
    document, generator = reading.document, reading.generator
    waiting: list[ReadPart] = []
    try:
        for part in reading.unread:
            yield from reading.read(part)
            if part.index < len(sections):
                continue
            waiting.append(ReadPart(part, candidates(document, part, writer.lexicon), reading.state))
            more_fit = part is not reading.parts[-1] and len(waiting) < writer.together
            if more_fit and any(read.claims for read in waiting):
                # The reading goes on from a fork: what stands at this part's end is the notes' and the bookmark's.
                reading.state = generator.fork(reading.state)
                continue
            for read, lines in zip(waiting.copy(), writer.write(waiting), strict=True):
                sections.append(_section(document, read.part, lines))
                yield PartDone(read.part.index, len(reading.parts), sections[-1], read.state)
                del waiting[0]
                if read.state != reading.state:
                    generator.drop(read.state)
    finally:
        for read in waiting:
            if read.state != reading.state:
                generator.drop(read.state)


def _section(document: Document, part: Part, lines: tuple[Line, ...]) -> SectionNotes:
    last = max(part.start, part.end - 1)
    while last > part.start and document.text[last].isspace():
        last -= 1
    return SectionNotes(part.index, part.title, document.page_at(part.start), document.page_at(last), lines)
