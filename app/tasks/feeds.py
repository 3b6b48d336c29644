"""A document as the stream of tokens that the model is fed: one for all tasks, so that a state kept by one serves all.

The stream is a document prefix, then the parts in order, each in feeds of about `budget.feed` tokens. Which tokens they
are depends on the document, the tokenizer and the window, and on nothing else.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass

from app.documents.model import Document
from app.inference.generator import Span, TextGenerator
from app.inference.token_history import digests_at
from app.tasks.budget import Budget
from app.tasks.model import Style
from app.tasks.parts import Part, Tokenize, pieces, plan_parts

STREAM_VERSION = "1"
"""Raise it when parts, pieces or feeds change what the stream of a document is."""


@dataclass(frozen=True, slots=True)
class Feed:
    """What is read in one go: tokens up to the document offset `end`.

    spans: where in `ids` each sentence stands that was asked for; stops: the offset at which it ends.
    """

    end: int
    ids: tuple[int, ...]
    spans: tuple[Span, ...]
    stops: tuple[int, ...]


def reading_plan(document: Document, generator: TextGenerator) -> tuple[list[Part], Budget]:
    """The parts in which a document is read by this model, whatever is done with them, and the budget they keep."""
    budget = Budget.for_model(generator.info, Style.KEY_PASSAGES)
    return plan_parts(document, generator.tokenize, budget), budget


def feeds(
    document: Document, part: Part, tokenize: Tokenize, limit: int, wanted: Container[int] = ()
) -> Iterator[Feed]:
    """One part in feeds of at least `limit` tokens, but for the last. `wanted`: offsets at which sentences end."""
    ids: list[int] = []
    spans: list[Span] = []
    stops: list[int] = []
    for piece in pieces(document, part.start, part.end):
        tokens = tokenize(document.text[piece.start : piece.end])
        if piece.sentence[1] in wanted and tokens:
            spans.append((len(ids), len(ids) + len(tokens)))
            stops.append(piece.sentence[1])
        ids += tokens
        if len(ids) >= limit or piece.end == part.end:
            yield Feed(piece.end, tuple(ids), tuple(spans), tuple(stops))
            ids, spans, stops = [], [], []


def stream(document: Document, parts: Sequence[Part], generator: TextGenerator, budget: Budget) -> Iterator[list[int]]:
    """The whole stream of a document, feed by feed, the prefix first."""
    yield generator.document_prefix()
    for part in parts:
        for feed in feeds(document, part, generator.tokenize, budget.feed):
            yield list(feed.ids)


@dataclass(frozen=True, slots=True)
class Mark:
    """A state that some text was read to: `position` tokens with the hash `token_hash`. `text` tells texts apart."""

    text: str
    position: int
    token_hash: str


def furthest_common(feeds_of_text: Iterable[Sequence[int]], marks: Iterable[Mark]) -> Mark | None:
    """The mark furthest on whose tokens are those that this text begins with; None where none agrees.

    Stops as soon as no mark can agree any more: a text that differs at one of its marks differs at all later ones.
    """
    left = list(marks)
    best: Mark | None = None
    for position, digest in digests_at(feeds_of_text, {mark.position for mark in left}):
        here = [mark for mark in left if mark.position == position]
        best = next((mark for mark in here if mark.token_hash == digest), best)
        other = {mark.text for mark in here if mark.token_hash != digest}
        left = [mark for mark in left if mark.position > position and mark.text not in other]
        if not left:
            break
    return best
