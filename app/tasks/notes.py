"""The notes of one part: sentences picked from it, or lines the model writes, each with its quote."""

from __future__ import annotations

import re
from collections.abc import Sequence

from app.documents.model import Document
from app.inference.generator import (
    Cancelled,
    FinishReason,
    Message,
    ReadCancelled,
    Sampling,
    StateRef,
    TextGenerator,
)
from app.tasks.budget import Budget, note_lines
from app.tasks.citations import QuoteIndex, cite, verbatim
from app.tasks.extract import Candidate, Floats, candidates, centrality, choose, penalties, similarities, standard
from app.tasks.lines import clean_lines
from app.tasks.model import Line, Style
from app.tasks.parts import Part, pieces
from app.tasks.prompts import NOTES_SAMPLING, NotesFrom, notes_after_reading, notes_of_text
from app.tasks.words import Lexicon

MODEL_WEIGHT = 0.4
"""Share of the model's opinion in the score; the rest is centrality's, both in standard deviations."""


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


def write_notes(
    document: Document,
    part: Part,
    generator: TextGenerator,
    state: StateRef,
    style: Style,
    budget: Budget,
    lexicon: Lexicon,
    notes_from: NotesFrom,
    cancelled: Cancelled,
) -> tuple[Line, ...]:
    """Lines the model writes about the part that `state` has just read; the state is left as it was.

    Where nothing of what it writes is a line worth keeping, the part speaks for itself: its key sentences are taken.
    """
    claims = candidates(document, part, lexicon)
    if not claims:
        return ()
    if notes_from is NotesFrom.RUNNING_STATE:
        fork = generator.fork(state)
        messages = notes_after_reading(style, _plain_title(part.title))
    else:
        fork = generator.new_state()
        messages = notes_of_text(style, document.text[part.start : part.end])
    fresh = notes_from is NotesFrom.FRESH_STATE
    try:
        written, finished = write(generator, fork, messages, fresh=fresh, limit=budget.note, cancelled=cancelled)
    finally:
        generator.drop(fork)
    index = QuoteIndex(document, (p.sentence for p in pieces(document, part.start, part.end)), lexicon)
    lines = clean_lines(written, lexicon, finished=finished)
    if not lines:
        return pick_notes(document, part, claims, None)
    return tuple(cite(line, index) for line in lines[: note_lines(style, part.tokens) + 1])


def _plain_title(title: str) -> str:
    """The title without "(2 of 3)", which models take for a part of the subject."""
    return re.sub(r"\s*\(\d+ of \d+\)$", "", title)


def write(
    generator: TextGenerator,
    state: StateRef,
    messages: Sequence[Message],
    *,
    fresh: bool,
    limit: int,
    cancelled: Cancelled,
    sampling: Sampling = NOTES_SAMPLING,
) -> tuple[str, bool]:
    """What the model answers, and whether it came to an end by itself. Raises ReadCancelled."""
    prompt = generator.chat_prompt(messages, fresh=fresh)
    answer = generator.generate(state, prompt, sampling=sampling, max_new_tokens=limit, cancelled=cancelled)
    if answer.finish_reason is FinishReason.CANCELLED:
        raise ReadCancelled("stopped while notes were being written")
    return answer.text, answer.finish_reason is FinishReason.STOP
