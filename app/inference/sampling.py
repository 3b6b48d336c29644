"""The next token from the logits of the last position."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np
import torch
from torch import Tensor

from app.core.errors import InternalError, UserError
from app.inference.generator import Sampling

_FEW = 256


class Sampler:
    """Draws tokens by one set of decoding settings, from its own random numbers: a seed gives the same tokens again.

    In order, as in transformers: repetition penalty, temperature, top-k, top-p. Each draw with temperature uses one
    random number, whatever the other settings are.
    """

    def __init__(self, sampling: Sampling, vocab_size: int) -> None:
        """Raises UserError when a setting is outside its range."""
        _check(sampling)
        self._sampling = sampling
        self._vocab_size = vocab_size
        self._generator = torch.Generator("cpu").manual_seed(sampling.seed)

    def __call__(self, logits: Tensor, seen: Iterable[int]) -> int:
        """The next token.

        Args:
            logits: (v,) float32; left as they are.
            seen: recent token ids, for the repetition penalty.
        Raises:
            InternalError: the logits have another shape, or no largest finite value.
        """
        if logits.shape != (self._vocab_size,):
            raise InternalError(f"the logits have shape {tuple(logits.shape)}, expected ({self._vocab_size},)")
        highest = float(logits.max())  # NaN wins every comparison in torch
        if not math.isfinite(highest):
            raise InternalError(f"the largest logit is {highest}, expected a finite number")
        if self._sampling.repetition_penalty != 1.0:
            logits = self._penalise(logits, seen)
        if self._sampling.temperature == 0.0:
            return int(logits.argmax())
        return self._draw(logits)

    def _penalise(self, logits: Tensor, seen: Iterable[int]) -> Tensor:
        """CTRL's penalty (arXiv:1909.05858, section 4.1), with transformers' rule for negative logits."""
        ids = torch.tensor(sorted(set(seen)), dtype=torch.long, device=logits.device)
        values = logits[ids]
        penalty = self._sampling.repetition_penalty
        return logits.index_copy(0, ids, torch.where(values > 0, values / penalty, values * penalty))

    def _draw(self, logits: Tensor) -> int:
        sampling = self._sampling
        logits = logits.cpu()  # a row is small, and here sorting is fast and a seed means the same for every device
        # The largest becomes 0, so no temperature, however small, can make an infinity.
        scaled = (logits - logits.max()).div_(sampling.temperature)
        candidates: Tensor | None = None
        if 0 < sampling.top_k < self._vocab_size:
            scaled, candidates = scaled.topk(sampling.top_k)
        if sampling.top_p < 1.0:
            scaled, kept = _nucleus(scaled, sampling.top_p)
            candidates = kept if candidates is None else candidates[kept]
        cumulative = _masses(scaled).cumsum_(0)
        number = torch.rand((), dtype=torch.float64, generator=self._generator)
        chosen = torch.searchsorted(cumulative, number * cumulative[-1], right=True).clamp_(max=len(cumulative) - 1)
        return int(chosen if candidates is None else candidates[chosen])


def draw(samplers: Sequence[Sampler], logits: Tensor, seen: Sequence[Iterable[int]]) -> list[int]:
    """The next token of each of several sequences, by its own sampler from its own row of logits (b, v)."""
    return [sampler(row, ids) for sampler, row, ids in zip(samplers, logits, seen, strict=True)]


def _masses(scaled: Tensor) -> Tensor:
    """Probabilities up to a common factor, in float64 so that their sum over a vocabulary is exact enough."""
    return scaled.exp().double()


def _nucleus(scaled: Tensor, top_p: float) -> tuple[Tensor, Tensor]:
    """The fewest largest values whose probabilities reach `top_p`, and their places; at least one."""
    wanted = top_p * float(_masses(scaled).sum())
    # As a rule a few tokens hold nearly all of it, so look there first.
    largest, places = scaled.topk(min(_FEW, len(scaled)))
    kept = int((_masses(largest).cumsum_(0) < wanted).sum()) + 1
    if kept <= len(largest):
        return largest[:kept], places[:kept]
    # numpy sorts plain values some seventy times faster than torch sorts them with their places.
    values = scaled.numpy()
    descending = np.sort(values)[::-1]
    kept = int((np.exp(descending).cumsum(dtype=np.float64) < wanted).sum()) + 1
    lowest = descending[min(kept, len(descending)) - 1]
    above = np.flatnonzero(values > lowest)
    level = np.flatnonzero(values == lowest)
    places = torch.from_numpy(np.concatenate([above, level[: kept - len(above)]]))
    return scaled[places], places


def _check(sampling: Sampling) -> None:
    if not (math.isfinite(sampling.temperature) and sampling.temperature >= 0):
        raise UserError(f"temperature is {sampling.temperature}; give a number from 0 (the likeliest token) upwards")
    if sampling.top_k < 0:
        raise UserError(f"top_k is {sampling.top_k}; give 0 (no limit) or a number of tokens")
    if not 0 < sampling.top_p <= 1:
        raise UserError(f"top_p is {sampling.top_p}; give a number above 0 and at most 1 (no limit)")
    if not (math.isfinite(sampling.repetition_penalty) and sampling.repetition_penalty > 0):
        raise UserError(f"repetition_penalty is {sampling.repetition_penalty}; give a number above 0 (1 is no penalty)")
    if not 0 <= sampling.seed < 2**63:
        raise UserError(f"seed is {sampling.seed}; give a whole number from 0 to {2**63 - 1}")
