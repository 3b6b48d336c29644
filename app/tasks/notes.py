"""The notes of one part: sentences picked from it, or lines the model writes, each with its quote."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from app.documents.model import Document
from app.documents.words import Lexicon
from app.inference.generator import (
    Cancelled,
    FinishReason,
    Generation,
    ReadCancelled,
    StateRef,
    TextGenerator,
)
from app.tasks.budget import Budget, note_lines
from app.tasks.citations import QuoteIndex, cite, verbatim
from app.tasks.completion import LIST_END, CompletionWatch
from app.tasks.extract import Candidate, Floats, centrality, choose, penalties, similarities, standard
from app.tasks.lines import clean_lines
from app.tasks.model import Line, Style
from app.tasks.parts import Part, pieces
from app.tasks.prompts import NOTES_SAMPLING, NotesFrom, notes_after_reading, notes_of_text

MODEL_WEIGHT = 0.4
"""Share of the model's opinion in the score; the rest is centrality's, both in standard deviations."""

MOST_TOGETHER = 16
"""Parts written together at most, whatever the generator could: an interruption costs the reading of so many parts,
and with 16 the writing takes less time than the reading."""


def pick_notes(
    document: Document, part: Part, claims: Sequence[Candidate], nearness: Floats | None
) -> tuple[Line, ...]:
    """The part's own sentences that say the most, word for word.

    `nearness` (n,) is the model's opinion of each claim (salience.py); with None centrality alone decides.
    """
    if not claims:
        return ()
    similar = similarities([claim.keys for claim in claims])
    scores = standard(centrality(similar))
    if nearness is not None:
        scores = (1 - MODEL_WEIGHT) * scores + MODEL_WEIGHT * standard(nearness)
    scores -= penalties(claims)
    chosen = choose(scores, similar, note_lines(Style.KEY_PASSAGES, part.tokens))
    return tuple(verbatim(document, claims[index].span) for index in chosen)


@dataclass(frozen=True, slots=True)
class ReadPart:
    """A part whose notes are to be written: `state` is live and stands at its end; `claims` are its sentences."""

    part: Part
    claims: Sequence[Candidate]
    state: StateRef


@dataclass(frozen=True, slots=True)
class NoteWriter:
    """Writes the notes of one document's parts, several parts side by side where the generator gains by it."""

    document: Document
    generator: TextGenerator
    style: Style
    budget: Budget
    lexicon: Lexicon
    notes_from: NotesFrom
    cancelled: Cancelled

    @property
    def together(self) -> int:
        """Parts to write together."""
        return min(self.generator.batch_size, MOST_TOGETHER)

    def write(self, reads: Sequence[ReadPart]) -> list[tuple[Line, ...]]:
        """Lines that the model writes about each part; the parts' states are left as they were.

        Where nothing of what it writes is a line worth keeping (from a base model: where the text supports none), the
        part speaks for itself: its key sentences are taken. A part without sentences has no notes. Each part's lines
        are those it has when written alone, save where rounding decides between two words. Raises ReadCancelled.
        """
        asked = [read for read in reads if read.claims]
        answers = dict(zip([read.part.index for read in asked], self._answers(asked), strict=True))
        return [self._lines(read, answers[read.part.index]) if read.claims else () for read in reads]

    def _answers(self, reads: Sequence[ReadPart]) -> list[Generation]:
        generator = self.generator
        watch = None if generator.info.is_chat else CompletionWatch(len(reads), LIST_END, self.cancelled)
        states: list[StateRef] = []
        try:
            for read in reads:
                from_running = self.notes_from is NotesFrom.RUNNING_STATE
                states.append(generator.fork(read.state) if from_running else generator.new_state())
            answers = generator.generate_batch(
                states,
                [self._prompt(read.part) for read in reads],
                sampling=NOTES_SAMPLING,
                max_new_tokens=self.budget.note,
                on_text=watch.hear if watch else None,
                cancelled=watch.cancelled if watch else self.cancelled,
            )
        finally:
            for state in states:
                generator.drop(state)
        if watch is not None:
            answers = [watch.cut(answer) for answer in answers]
        if any(answer.finish_reason is FinishReason.CANCELLED for answer in answers):
            raise ReadCancelled("stopped while notes were being written")
        return answers

    def _prompt(self, part: Part) -> list[int]:
        is_chat = self.generator.info.is_chat
        if self.notes_from is NotesFrom.RUNNING_STATE:
            asked = notes_after_reading(self.style, _plain_title(part.title), is_chat=is_chat)
            return self.generator.chat_prompt(asked, fresh=False)
        text = self.document.text[part.start : part.end]
        return self.generator.chat_prompt(notes_of_text(self.style, text, is_chat=is_chat), fresh=True)

    def _lines(self, read: ReadPart, answer: Generation) -> tuple[Line, ...]:
        part = read.part
        finished = answer.finish_reason is FinishReason.STOP
        lines = clean_lines(answer.text, self.lexicon, finished=finished)
        if not lines:
            return pick_notes(self.document, part, read.claims, None)
        sentences = (piece.sentence for piece in pieces(self.document, part.start, part.end))
        index = QuoteIndex(self.document, sentences, self.lexicon)
        cited = tuple(cite(line, index) for line in lines[: note_lines(self.style, part.tokens) + 1])
        # A base model may as well go on with a tale of its own: where none of it is in the text it is no summary.
        if not self.generator.info.is_chat and not any(line.supported for line in cited):
            return pick_notes(self.document, part, read.claims, None)
        return cited


def _plain_title(title: str) -> str:
    """The title without "(2 of 3)", which models take for a part of the subject."""
    return re.sub(r"\s*\(\d+ of \d+\)$", "", title)
