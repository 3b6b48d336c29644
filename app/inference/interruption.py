"""Stopping in the middle of a chunk: a reader who presses Stop need not wait for all layers."""

from __future__ import annotations

from app.inference.generator import Cancelled, ReadCancelled, never
from app.inference.griffin import Griffin
from app.inference.shapes import Hidden, TokenIds
from app.inference.state import ModelState


def read_chunk(model: Griffin, ids: TokenIds, state: ModelState, interrupted: Cancelled = never) -> Hidden:
    """`model.hidden`, given up between two layers as soon as `interrupted` says so; the state is then as it was before.

    The layers' states advance in place, so a copy is made first: some milliseconds for a chunk that takes hundreds. A
    device with passes of its own reads a chunk faster than anyone can press a key, and is not interrupted. Raises
    ReadCancelled.
    """
    if interrupted is never or model.passes is not None or ids.shape[1] == 1:
        return model.hidden(ids, state)
    before = [layer.clone() for layer in state.layers]

    def look() -> None:
        if interrupted():
            raise ReadCancelled

    try:
        return model.hidden(ids, state, between_layers=look)
    except ReadCancelled:
        state.layers = before
        raise
