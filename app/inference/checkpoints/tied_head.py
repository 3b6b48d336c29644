"""The copy of the embedding that some files hold as the output head."""

from __future__ import annotations

import torch

from app.inference.checkpoints.names import EMBEDDING, HEAD
from app.inference.checkpoints.source import TensorSource
from app.inference.int8_rows import row_blocks


def differing_head(source: TensorSource) -> str | None:
    """A sentence where the files hold an output head of its own, None where there is none or a mere copy.

    Both matrices are read once, in blocks of rows.
    """
    present = set(source.names())
    if not {EMBEDDING, HEAD} <= present:
        return None
    if source.shape(HEAD) == source.shape(EMBEDDING) and source.dtype(HEAD) == source.dtype(EMBEDDING):
        embedding, head = source.tensor(EMBEDDING), source.tensor(HEAD)
        if all(torch.equal(head[rows], embedding[rows]) for rows in row_blocks(embedding)):
            return None
    return (
        f"{HEAD} differs from {EMBEDDING}: Griffin models have one matrix for both, and the embedding is used here; "
        "a program that uses the other one gives other answers"
    )
