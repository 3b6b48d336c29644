"""What a run of the benchmark found: plain values that become JSON, a table and plots. docs/bench.md defines each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

SCHEMA = 1
"""Version of the JSON; raised when a name changes its meaning."""


@dataclass(frozen=True, slots=True)
class Rate:
    """Tokens per second: the median of the rounds, and each round's own."""

    tokens_per_second: float
    rounds: tuple[float, ...]
    tokens: int
    """Tokens of one round."""
    share: float | None = None
    """Of the machine's measured limit; None where that was not measured."""


@dataclass(frozen=True, slots=True)
class Point:
    """One model at one length.

    random_state: the state (or KV cache) of this length was filled with random values instead of being read;
    prefill is then of Rate.tokens tokens on top of it. first_token_s: from the prompt to its first token, an estimate
    from the prefill rates where `first_token_estimated`. peak_bytes: the most memory used beyond what the program used
    before the model. state_bytes: what the sequence itself keeps. problem: why a figure is missing.
    """

    length: int
    random_state: bool
    state_bytes: int
    bytes_per_token: int
    """Weights and state that writing one token reads."""
    prefill: Rate | None = None
    decode: Rate | None = None
    decode_limit: float | None = None
    """Tokens per second that the memory bandwidth allows: bandwidth over the bytes one token reads."""
    first_token_s: float | None = None
    first_token_estimated: bool = False
    peak_bytes: int | None = None
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class BatchPoint:
    """Many sequences of one length decoded together; the rate is the sum over all of them."""

    sequences: int
    length: int
    bytes_per_step: int
    """Weights once and every state, read to write one token in each sequence."""
    decode: Rate | None = None
    peak_bytes: int | None = None
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Series:
    """One model over all lengths.

    weights_bytes: weights that one token reads. operations_per_token: two for each weight that a token of a prompt is
    multiplied with. matrix_rate: operations per second of plain matrix products at the model's own shapes, with
    `matrix_kind` numbers; the better of those measured before and after.
    """

    name: str
    kind: str
    """griffin or transformer."""
    parameters: int
    weight_format: str
    weights_bytes: int
    operations_per_token: int
    matrix_kind: str
    matrix_rate: float | None = None
    notes: tuple[str, ...] = ()
    points: tuple[Point, ...] = ()
    batches: tuple[BatchPoint, ...] = ()
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """A whole run; `complete` is False while it is going on or when it was interrupted."""

    machine: Mapping[str, Any]
    device: str
    quick: bool
    read_bandwidth: float | None = None
    """Bytes per second; the best of those measured along the run."""
    series: tuple[Series, ...] = ()
    complete: bool = False

    def as_json(self) -> dict[str, Any]:
        """The report as JSON values."""
        return {"schema": SCHEMA, **asdict(self)}
