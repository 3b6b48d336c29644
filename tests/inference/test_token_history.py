"""The rolling hash of tokens: the same however they came in pieces, another for any other tokens."""

import hashlib
import struct
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.inference.token_history import TokenHistory, digests_at

TOKENS = st.integers(0, 256_127)
IDS = list(range(1000, 1400))


def _by_hand(ids: list[int]) -> str:
    """Block by block and token by token."""
    chain = b""
    while len(ids) >= 128:
        chain = hashlib.sha256(chain + b"".join(token.to_bytes(4, "little") for token in ids[:128])).digest()
        ids = ids[128:]
    return chain.hex()


def test_the_chain_worked_out_by_hand() -> None:
    """Three blocks of 128 and a tail of 16; the digest covers chain, tail and count."""
    history = TokenHistory().after(IDS)
    assert (history.count, history.chain, history.tail) == (400, _by_hand(IDS), tuple(IDS[384:]))
    end = b"".join(token.to_bytes(4, "little") for token in IDS[384:]) + struct.pack("<q", 400)
    assert history.digest == hashlib.sha256(bytes.fromhex(history.chain) + end).hexdigest()


@given(st.lists(st.lists(TOKENS, max_size=300), max_size=6))
def test_pieces_do_not_matter(pieces: list[list[int]]) -> None:
    """Any way of cutting gives what one piece gives."""
    history = TokenHistory()
    for piece in pieces:
        history = history.after(piece)
    assert history == TokenHistory().after([token for piece in pieces for token in piece])


@pytest.mark.parametrize("count", [1, 127, 128, 129, 400])
def test_every_token_counts(count: int) -> None:
    """Another first, middle or last token, one less, one more, two in another order: another digest."""
    ids = IDS[:count]
    others = [[*ids[:at], 7, *ids[at + 1 :]] for at in {0, count // 2, count - 1}]
    others += [ids[:-1], [*ids, 0], [0, *ids]] + ([ids[::-1]] if count > 1 else [])
    digests = [TokenHistory().after(other).digest for other in [ids, *others]]
    assert len(set(digests)) == len(digests)


def test_histories_are_values() -> None:
    """What follows leaves the one before."""
    before = TokenHistory().after(IDS[:100])
    assert before.after(IDS[100:]) == TokenHistory().after(IDS)
    assert before == TokenHistory().after(IDS[:100])


@given(
    st.lists(st.lists(TOKENS, max_size=200), max_size=5),
    st.lists(st.integers(0, 1100), max_size=8),
)
def test_digests_along_a_stream(pieces: list[list[int]], positions: list[int]) -> None:
    """At each position within the stream as a history of its own gives it; those beyond are left out."""
    ids = [token for piece in pieces for token in piece]
    expected = {at: TokenHistory().after(ids[:at]).digest for at in positions if at <= len(ids)}
    assert dict(digests_at(iter(pieces), positions)) == expected


def test_nothing_is_read_after_the_last_position() -> None:
    """A long document is tokenized only as far as its last saved state."""
    taken = []

    def stream() -> Iterator[list[int]]:
        for start in range(0, 400, 100):
            taken.append(start)
            yield IDS[start : start + 100]

    assert set(dict(digests_at(stream(), [0, 150]))) == {0, 150}
    assert taken == [0, 100]
