"""How thorough a run is."""

from __future__ import annotations

from dataclasses import dataclass

from app.inference.bench.lengths import DEFAULT_LENGTHS

CPU_READ_LIMIT = 8 << 10


@dataclass(frozen=True, slots=True)
class Effort:
    """Tokens and seconds that one figure may take.

    read_limit: prompts up to this length are really read; a longer state is filled with random values. None: all are.
    prefill_tokens: read on top of a random state. write_tokens: of one round. seconds: for the rounds of one figure.
    """

    read_limit: int | None
    prefill_tokens: int
    write_tokens: int
    seconds: float

    def reads(self, length: int) -> bool:
        """Whether a prompt of this length is really read."""
        return self.read_limit is None or length <= self.read_limit


@dataclass(frozen=True, slots=True)
class BenchOptions:
    """What to measure: lengths in tokens, ascending; batches as numbers of sequences decoded together."""

    lengths: tuple[int, ...] = DEFAULT_LENGTHS
    batches: tuple[int, ...] = ()
    quick: bool = False

    def effort(self, device_type: str) -> Effort:
        """A CUDA GPU reads every length; others would take hours for a million tokens."""
        if self.quick:
            return Effort(read_limit=0, prefill_tokens=512, write_tokens=16, seconds=4.0)
        limit = None if device_type == "cuda" else CPU_READ_LIMIT
        return Effort(read_limit=limit, prefill_tokens=2048, write_tokens=32, seconds=20.0)
