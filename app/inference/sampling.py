"""The next token from the logits of the last position."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from app.core.errors import CheckpointError, InternalError, UserError
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
        self.sampling = sampling
        self._vocab_size = vocab_size
        self._generator = torch.Generator("cpu").manual_seed(sampling.seed)

    def __call__(self, logits: Tensor, seen: Iterable[int]) -> int:
        """The next token.

        Args:
            logits: (v,) float32; left as they are.
            seen: recent token ids, for the repetition penalty.
        Raises:
            InternalError: the logits have another shape. CheckpointError: see `require_finite`.
        """
        if logits.shape != (self._vocab_size,):
            raise InternalError(f"the logits have shape {tuple(logits.shape)}, expected ({self._vocab_size},)")
        require_finite(float(logits.max()))  # NaN wins every comparison in torch
        logits = self.penalise(logits, seen)
        if self.sampling.temperature == 0.0:
            return int(logits.argmax())
        return self._draw(logits)

    @property
    def takes_the_likeliest(self) -> bool:
        """Whether the next token is the largest logit's, whatever was written before and whatever the seed."""
        return self.sampling.temperature == 0.0 and self.sampling.repetition_penalty == 1.0

    def among(self, largest: Tensor, places: Tensor, mass: float) -> int | None:
        """The next token from the largest logits alone; None where these settings may want others, and nothing drawn.

        Args:
            largest: (n,) on the CPU, in descending order, after `penalise`.
            places: (n,) the token ids that they belong to.
            mass: what exp((logit - largest[0]) / temperature) sums up to over the whole vocabulary.
        """
        top_k, top_p = self.sampling.top_k, self.sampling.top_p
        limited = 0 < top_k < self._vocab_size
        if (limited and top_k > len(largest)) or not (limited or top_p < 1.0):
            return None
        scaled = (largest - largest[0]).div_(self.sampling.temperature)
        if limited:
            scaled = scaled[:top_k]
            mass = float(_masses(scaled).sum())
        if top_p < 1.0:
            kept = int((_masses(scaled).cumsum_(0) < top_p * mass).sum()) + 1
            if kept > len(scaled) and not limited:
                return None
            scaled = scaled[:kept]
        return int(places[self._pick(scaled)])

    def penalise(self, logits: Tensor, seen: Iterable[int]) -> Tensor:
        """CTRL's penalty (arXiv:1909.05858, section 4.1), with transformers' rule for negative logits."""
        if self.sampling.repetition_penalty == 1.0:
            return logits
        ids = torch.tensor(sorted(set(seen)), dtype=torch.long, device=logits.device)
        values = logits[ids]
        penalty = self.sampling.repetition_penalty
        return logits.index_copy(0, ids, torch.where(values > 0, values / penalty, values * penalty))

    def _draw(self, logits: Tensor) -> int:
        sampling = self.sampling
        logits = logits.cpu()  # a row is small, and here sorting is fast and a seed means the same for every device
        # The largest becomes 0, so no temperature, however small, can make an infinity.
        scaled = (logits - logits.max()).div_(sampling.temperature)
        candidates: Tensor | None = None
        if 0 < sampling.top_k < self._vocab_size:
            scaled, candidates = scaled.topk(sampling.top_k)
        if sampling.top_p < 1.0:
            scaled, kept = _nucleus(scaled, sampling.top_p)
            candidates = kept if candidates is None else candidates[kept]
        chosen = self._pick(scaled)
        return chosen if candidates is None else int(candidates[chosen])

    def _pick(self, scaled: Tensor) -> int:
        """One place among these, by their probabilities."""
        cumulative = _masses(scaled).cumsum_(0)
        number = torch.rand((), dtype=torch.float64, generator=self._generator)
        place = torch.searchsorted(cumulative, number * cumulative[-1], right=True)
        return int(place.clamp_(max=len(cumulative) - 1))


@dataclass(frozen=True, slots=True)
class Likeliest:
    """The likeliest token of each of several sequences, chosen on a device and on its way to the host.

    ids: (b, 1) on the device, ready to be taken in before the host has heard of them.
    """

    ids: Tensor
    _scores: Tensor
    _tokens: Tensor
    _arrival: torch.cuda.Event | None

    @classmethod
    def of(cls, logits: Tensor) -> Likeliest:
        """From logits (b, v), which may be overwritten afterwards by what the device does next."""
        scores, ids = logits.max(dim=-1)
        if logits.device.type != "cuda":
            return cls(ids[:, None], scores, ids, None)
        host_scores, host_ids = (
            torch.empty(x.shape, dtype=x.dtype, pin_memory=True).copy_(x, non_blocking=True) for x in (scores, ids)
        )
        arrival = torch.cuda.Event()  # type: ignore[no-untyped-call]
        arrival.record()
        return cls(ids[:, None], host_scores, host_ids, arrival)

    def tokens(self) -> list[int]:
        """The tokens, when they have arrived. CheckpointError: a sequence's logits have no largest finite value."""
        if self._arrival is not None:
            self._arrival.synchronize()
        for score in self._scores.tolist():
            require_finite(score)
        return [int(token) for token in self._tokens.tolist()]


def draw(samplers: Sequence[Sampler], logits: Tensor, seen: Sequence[Iterable[int]]) -> list[int]:
    """The next token of each of several sequences, by its own sampler from its own row of logits (b, v)."""
    if logits.device.type == "cpu":
        return [sampler(row, ids) for sampler, row, ids in zip(samplers, logits, seen, strict=True)]
    return draw_from_largest(samplers, logits, seen)


def draw_from_largest(samplers: Sequence[Sampler], logits: Tensor, seen: Sequence[Iterable[int]]) -> list[int]:
    """The same for logits on a device: all rows' largest in one exchange, whole rows only where these do not do."""
    samples = [sampler.sampling for sampler in samplers]
    penalised = _penalise_rows([sampling.repetition_penalty for sampling in samples], logits, seen)
    highest, likeliest = penalised.max(dim=-1)
    greedy: list[int] = likeliest.tolist()
    for value in highest.tolist():
        require_finite(value)
    if all(sampling.temperature == 0.0 for sampling in samples):
        return greedy
    largest, places = penalised.topk(min(_FEW, penalised.shape[1]))
    divisors = torch.tensor([sampling.temperature or 1.0 for sampling in samples], device=logits.device)
    scaled = (penalised - highest[:, None]).div_(divisors[:, None])
    # MPS has no float64; float32 sums of a vocabulary, taken in a tree, are good to 1e-6.
    wide = torch.float32 if logits.device.type == "mps" else torch.float64
    masses = scaled.exp_().sum(dim=-1, dtype=wide).tolist()
    tokens = []
    for row, (values, ids) in enumerate(zip(largest.cpu(), places.cpu(), strict=True)):
        if samples[row].temperature == 0.0:
            tokens.append(greedy[row])
            continue
        token = samplers[row].among(values, ids, masses[row])
        tokens.append(samplers[row](logits[row], seen[row]) if token is None else token)
    return tokens


def _penalise_rows(penalties: Sequence[float], logits: Tensor, seen: Sequence[Iterable[int]]) -> Tensor:
    """Sampler.penalise for every row of logits (b, v) at once."""
    ids = [sorted(set(row)) if penalty != 1.0 else [] for penalty, row in zip(penalties, seen, strict=True)]
    longest = max(map(len, ids))
    if not longest:
        return logits
    # Shorter rows repeat an id, which changes nothing; a row without any keeps all values by a penalty of 1.
    padded = [row + (row[:1] or [0]) * (longest - len(row)) for row in ids]
    places = torch.tensor(padded, dtype=torch.int64, device=logits.device)
    factors = [[penalty] if row else [1.0] for penalty, row in zip(penalties, ids, strict=True)]
    penalty = torch.tensor(factors, dtype=logits.dtype, device=logits.device)
    values = logits.gather(1, places)
    return logits.scatter(1, places, torch.where(values > 0, values / penalty, values * penalty))


def require_finite(value: float, what: str = "largest logit") -> None:
    """CheckpointError for a result of the model's that is no finite number, although each of its weights is one."""
    if not math.isfinite(value):
        raise CheckpointError(
            f"the model computes numbers that are not finite (the {what} is {value}): its weights are damaged or do "
            "not belong together: get the model's files again",
            code="not-finite",
        )


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
