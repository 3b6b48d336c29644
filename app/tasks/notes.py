"""The notes of one part: sentences picked from it, or lines the model writes, each with its quote."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from app.documents.model import Document
from app.inference.generator import (
    Cancelled,
    FinishReason,
    Message,
    ReadCancelled,
    Sampling,
    StateRef,
    TextGenerator,
    Vector,
)
from app.tasks.budget import Budget, note_lines
from app.tasks.citations import QuoteIndex, cite, verbatim
from app.tasks.extract import Candidate, Floats, candidates, centrality, choose, penalties, similarities, standard
from app.tasks.lines import clean_lines
from app.tasks.model import Line, Style
from app.tasks.parts import Part, pieces
from app.tasks.prompts import NOTES_SAMPLING, NotesFrom, notes_after_reading, notes_of_text
from app.tasks.words import Lexicon

MODEL_WEIGHT = 0.3
"""Weight of the model's opinion beside centrality, both in standard deviations."""


def pick_notes(
    document: Document, part: Part, claims: Sequence[Candidate], vectors: Sequence[Vector] | None
) -> tuple[Line, ...]:
    """The part's own sentences that say the most, word for word.

    `vectors` are the claims' mean hidden vectors, read while the document streamed through the state; with None
    centrality alone decides.
    """
    if not claims:
        return ()
    similar = similarities([claim.keys for claim in claims])
    scores = standard(centrality(similar)) - penalties(claims)
    if vectors is not None:
        scores += MODEL_WEIGHT * standard(centrality(vector_similarities(vectors)))
    chosen = choose(scores, similar, note_lines(Style.KEY_PASSAGES, part.tokens))
    return tuple(verbatim(document, claims[index].span) for index in chosen)


def vector_similarities(vectors: Sequence[Vector]) -> Floats:
    """(n, n) cosine similarities of hidden vectors less their mean: what all of them share says nothing."""
    array = np.asarray(vectors, dtype=np.float32)
    array = array - array.mean(axis=0)
    array /= np.linalg.norm(array, axis=1, keepdims=True) + 1e-9
    similar: Floats = array @ array.T
    return similar


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
    """Lines the model writes about the part that `state` has just read; the state is left as it was."""
    if not candidates(document, part, lexicon):
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
