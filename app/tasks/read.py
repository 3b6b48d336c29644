"""Reading a document through one state and nothing else: what comes after it asks, talks or writes from that state."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

from app.documents.model import Document
from app.inference.generator import Cancelled, StateRef, TextGenerator, never
from app.tasks.feeds import feeds, reading_plan
from app.tasks.summarize import ReadProgress


@dataclass(frozen=True, slots=True)
class PartRead:
    """A part has been read. `state` is live and stands at its end; it is valid until the next event is asked for."""

    part_index: int
    parts_total: int
    state: StateRef


def read_document(
    document: Document, generator: TextGenerator, state: StateRef, *, cancelled: Cancelled = never
) -> Generator[ReadProgress | PartRead]:
    """Read what follows on the tokens that `state` has taken in: all of the document on a fresh one.

    The state stays the caller's and is advanced. It must have read the beginning of this very stream (feeds.py), to
    any token. Raises ReadCancelled.
    """
    parts, budget = reading_plan(document, generator)
    total = sum(part.tokens for part in parts)
    position = generator.position(state)
    prefix = generator.document_prefix()
    if position < len(prefix):
        generator.read(state, prefix[position:], cancelled=cancelled)
        position = len(prefix)
    done = 0
    for part in parts:
        for feed in feeds(document, part, generator.tokenize, budget.feed):
            start, done = done, done + len(feed.ids)
            new = feed.ids[max(0, position - len(prefix) - start) :]
            if new:
                generator.read(state, new, cancelled=cancelled)
                # Where sections were joined a few tokens more or less are counted than planned.
                yield ReadProgress(document.page_at(max(part.start, feed.end - 1)), done, max(done, total))
        if done + len(prefix) > position:
            yield PartRead(part.index, len(parts), state)
