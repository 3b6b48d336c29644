"""The copy of the embedding that some files hold as the output head."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import torch
from torch import Tensor

from app.inference.checkpoints.names import EMBEDDING, HEAD
from app.inference.checkpoints.source import TensorSource
from app.inference.int8_rows import row_blocks


def differing_head(source: TensorSource, let_go: Callable[[], None] = lambda: None) -> str | None:
    """A sentence where the files hold an output head of its own, None where there is none or a mere copy.

    Both matrices are read once, one after the other, in blocks of rows. let_go: called behind each, so that who maps
    files can let go of their pages: in a 9B they are four gigabytes.
    """
    present = set(source.names())
    if not {EMBEDDING, HEAD} <= present:
        return None
    if source.shape(HEAD) == source.shape(EMBEDDING) and source.dtype(HEAD) == source.dtype(EMBEDDING):
        digests = set()
        for name in (EMBEDDING, HEAD):
            digests.add(_digest(source.tensor(name)))
            let_go()
        if len(digests) == 1:
            return None
    return (
        f"{HEAD} differs from {EMBEDDING}: Griffin models have one matrix for both, and the embedding is used here; "
        "a program that uses the other one gives other answers"
    )


def _digest(matrix: Tensor) -> bytes:
    digest = hashlib.sha256()
    for rows in row_blocks(matrix):
        digest.update(matrix[rows].contiguous().view(torch.uint8).numpy().tobytes())
    return digest.digest()
