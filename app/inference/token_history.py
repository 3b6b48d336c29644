"""A rolling hash over all tokens of a sequence: it finds saved states that may have read the same text."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

BLOCK_TOKENS = 128


@dataclass(frozen=True, slots=True)
class TokenHistory:
    """What a sequence has taken in, as a hash that can go on; equal however the tokens came in pieces.

    count: tokens so far. chain: SHA-256 (hex) over the chain before and the last complete block of 128 ids, each as
    little-endian int32, blocks lying at multiples of 128; '' before the first is complete. tail: the ids after it.
    """

    count: int = 0
    chain: str = ""
    tail: tuple[int, ...] = ()

    def after(self, ids: Sequence[int]) -> TokenHistory:
        """The history once these ids have followed."""
        pending = [*self.tail, *ids]
        whole = len(pending) - len(pending) % BLOCK_TOKENS
        chain = self.chain
        if whole:
            blocks, link = memoryview(_packed(pending[:whole])), bytes.fromhex(chain)
            for start in range(0, len(blocks), 4 * BLOCK_TOKENS):
                link = hashlib.sha256(link + blocks[start : start + 4 * BLOCK_TOKENS]).digest()
            chain = link.hex()
        return TokenHistory(self.count + len(ids), chain, tuple(pending[whole:]))

    @property
    def digest(self) -> str:
        """SHA-256 (hex) that stands for all tokens and their number."""
        end = _packed(self.tail) + struct.pack("<q", self.count)
        return hashlib.sha256(bytes.fromhex(self.chain) + end).hexdigest()


def digests_at(pieces: Iterable[Sequence[int]], positions: Collection[int]) -> Iterator[tuple[int, str]]:
    """Positions in order, each with TokenHistory.digest after so many tokens of a long stream that comes in pieces.

    Positions beyond its end are left out. Lazily, in one pass: nothing is read after the last that is asked for.
    """
    wanted = sorted(set(positions))
    history = TokenHistory()
    if wanted and wanted[0] == 0:
        yield wanted.pop(0), history.digest
    stream = iter(pieces)
    while wanted and (piece := next(stream, None)) is not None:
        start, end = 0, history.count + len(piece)
        while wanted and wanted[0] <= end:
            stop = start + wanted[0] - history.count
            history, start = history.after(piece[start:stop]), stop
            yield wanted.pop(0), history.digest
        history = history.after(piece[start:])


def _packed(ids: Sequence[int]) -> bytes:
    return struct.pack(f"<{len(ids)}i", *ids)
