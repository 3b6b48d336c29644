"""Answers to questions about documents: found, quoted, and answered by the model; each step as an event."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from app.core.errors import WorkerLostError
from app.inference.generator import Cancelled, StateRef, TextGenerator, never
from app.services.library import LibraryDocument
from app.services.reading import ReadingService
from app.services.restarts import Recovered, Restarts
from app.services.search import Findings, SearchService
from app.services.states import Restored
from app.tasks.answer import (
    EXTRACT_SENTENCES,
    default_answer_style,
    extract,
    quoted_answer,
    telling,
    written_answer,
)
from app.tasks.model import AnswerStyle, Line


@dataclass(frozen=True, slots=True)
class Answered:
    """The last event: the answer's lines, and how it was made."""

    lines: tuple[Line, ...]
    style: AnswerStyle
    read: bool
    """Whether the model answered from a state that has read the whole document."""


def extract_of(findings: Findings, question: str) -> tuple[Line, ...]:
    """The sentences that answer best, word for word and each once: there before any model is."""
    return extract(telling(question, findings.sentences)[:EXTRACT_SENTENCES], of=findings.sentences)


class AnswerService:
    """Answers from what a search found."""

    def __init__(self, search: SearchService, reading: ReadingService) -> None:
        self._search = search
        self._reading = reading

    def answer(
        self,
        question: str,
        findings: Findings,
        generator: TextGenerator,
        *,
        style: AnswerStyle | None = None,
        about: LibraryDocument | None = None,
        cancelled: Cancelled = never,
    ) -> Iterator[Recovered | Answered]:
        """The model's answer from what was found; nothing is asked of it where nothing was.

        style: by default the one that serves best with this model. about: the one document that is asked; where it
        was read before, a written answer begins from that state. A lost worker costs the answer being made;
        WorkerLostError when workers keep dying. ReadCancelled.
        """
        chosen = style or default_answer_style(generator.info)
        restarts = Restarts("answer")
        while True:
            try:
                yield self._once(question, findings, generator, chosen, about, cancelled)
                return
            except WorkerLostError as error:
                yield restarts.lost(error)

    def _once(
        self,
        question: str,
        findings: Findings,
        generator: TextGenerator,
        style: AnswerStyle,
        about: LibraryDocument | None,
        cancelled: Cancelled,
    ) -> Answered:
        if not findings.evidence:
            return Answered((), style, read=False)
        if style is AnswerStyle.QUOTED:
            quoted = quoted_answer(question, findings.sentences, generator, cancelled=cancelled)
            return Answered(quoted.lines, style, read=False)
        after = self._read_state(about, generator)
        try:
            written = written_answer(
                question,
                findings.evidence,
                generator,
                after=after,
                similarity=self._search.similarity,
                cancelled=cancelled,
            )
        finally:
            if after is not None:
                generator.drop(after)
        return Answered(written.lines, style, read=after is not None)

    def _read_state(self, about: LibraryDocument | None, generator: TextGenerator) -> StateRef | None:
        if about is None or not self._reading.is_read(about, generator.info):
            return None
        opened = self._reading.opened(about, generator)
        return opened.state if isinstance(opened, Restored) else None
