"""Log-probability of a given continuation."""

from __future__ import annotations

from torch import Tensor

from app.inference.griffin import Griffin
from app.inference.sampling import require_finite
from app.inference.state import ModelState

PIECE_TOKENS = 32
"""Positions whose logits are held at a time: those of a whole chunk would take half a gigabyte in RecurrentGemma."""


def log_probability(model: Griffin, state: ModelState, logits: Tensor, ids: Tensor, *, chunk_tokens: int) -> float:
    """Sum of the log-probabilities (nats) of ids (1, t); `state` is advanced over all but the last.

    logits: (1, v), those of the position before the first id. Raises CheckpointError, see `require_finite`.
    """
    total = _sum(logits, ids[0, :1])
    for start in range(0, ids.shape[1] - 1, chunk_tokens):
        following = ids[0, start + 1 : start + 1 + chunk_tokens]
        hidden = model.hidden(ids[:, start : start + len(following)], state)
        for piece in range(0, len(following), PIECE_TOKENS):
            wanted = following[piece : piece + PIECE_TOKENS]
            total += _sum(model.logits(hidden[:, piece : piece + PIECE_TOKENS])[0], wanted)
    require_finite(total, "score of a text")
    return total


def _sum(logits: Tensor, ids: Tensor) -> float:
    """Sum of the log-probabilities of ids (n,) under logits (n, v)."""
    chosen = logits.gather(1, ids[:, None])[:, 0]
    return float((chosen - logits.logsumexp(-1)).double().sum())
