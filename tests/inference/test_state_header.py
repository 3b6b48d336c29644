"""The header of a saved state: one line for one content, and nothing else is taken for it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import CheckpointError
from app.inference.state_header import Guards, StateHeader, sha256
from app.inference.token_history import TokenHistory

GUARDS = Guards("f" * 64, "t" * 64, "torch.float32", 2048)
COUNTS = st.integers(0, 10**15)
DIGESTS = st.binary(max_size=8).map(sha256)
HEADERS = st.builds(
    lambda position, history, *rest: StateHeader(position if history is None else history.count, history, *rest),
    COUNTS,
    st.none() | st.lists(st.integers(0, 256_127), max_size=300).map(TokenHistory().after),
    st.just(GUARDS),
    COUNTS,
    st.dictionaries(st.text(max_size=9), st.text(max_size=9), max_size=3),
    DIGESTS,
    st.lists(st.tuples(COUNTS, COUNTS, DIGESTS), max_size=3).map(tuple),
)


@given(HEADERS)
def test_round_trip(header: StateHeader) -> None:
    """Whatever the content; in one line of ASCII, keys in order."""
    text = header.text()
    assert StateHeader.parse(text) == header
    assert text.isascii() and "\n" not in text
    assert list(json.loads(text)) == sorted(json.loads(text))


def _changed(**changes: object) -> str:
    """Fields of a good header changed or left out (None), under a right checksum."""
    raw = json.loads(StateHeader(5, TokenHistory().after([1] * 5), GUARDS, 0, {}, sha256(b""), ()).text())
    raw = {name: value for name, value in (raw | changes).items() if value is not None and name != "checksum"}
    raw["checksum"] = sha256(json.dumps(raw, sort_keys=True, separators=(",", ":")).encode())
    return json.dumps(raw, sort_keys=True, separators=(",", ":"))


def test_the_form_is_known_to_the_tests() -> None:
    """What the next test changes is a good header otherwise."""
    assert StateHeader.parse(_changed()).position == 5


@pytest.mark.parametrize(
    "changes",
    [
        {"format_version": None},
        {"format_version": "2"},
        {"format_version": 2.0},
        {"position": None},
        {"position": 6},
        {"position": "5"},
        {"fingerprint": None},
        {"extra": 1},
        {"made_with": []},
        {"made_with": {"threads": 2}},
        {"pages": {}},
        {"pages": [[0, 5]]},
        {"pages": [None]},
        {"token_hash": ""},
        {"token_hash": "0" * 64},
        {"history": {}},
        {"history": {"chain": "", "tail": [1, 1, 1, 1]}},
        {"history": {"chain": "", "tail": [1, 1, 1, 1, "1"]}},
        {"history": {"chain": "", "tail": [1, 1, 1, 1, 1 << 31]}},
        {"history": {"chain": "", "tail": [1, 1, 1, 1, -1]}},
        {"history": {"chain": "0" * 64, "tail": [1, 1, 1, 1, 1]}},
        {"history": {"chain": "xy", "tail": [1, 1, 1, 1, 1]}},
        {"history": "none"},
    ],
)
def test_other_content(changes: dict[str, object]) -> None:
    """Missing, additional and misshapen fields are damage, and shown shortened."""
    with pytest.raises(CheckpointError, match="the saved state is damaged") as caught:
        StateHeader.parse(_changed(**changes))
    assert caught.value.code == "snapshot-damaged" and len(caught.value.message) < 200


@pytest.mark.parametrize(
    "text", ["[" * 200_000, '{"a":' * 90_000, "9" * 10_000, " " * (1 << 21), "\ud800", "nul", "NaN"]
)
def test_other_text(text: str) -> None:
    """Deep, long, or no JSON at all."""
    with pytest.raises(CheckpointError, match="the saved state is damaged") as caught:
        StateHeader.parse(text)
    assert len(caught.value.message) < 200


@pytest.mark.parametrize(
    ("version", "code", "words"),
    [(3, "snapshot-newer", "a newer Griffin Desk"), (1, "snapshot-other", "an older Griffin Desk")],
)
def test_versions(version: int, code: str, words: str) -> None:
    """Told before anything else is looked at: another version may have another form."""
    for text in (_changed(format_version=version), json.dumps({"format_version": version})):
        with pytest.raises(CheckpointError, match=rf"made by {words} \(format {version}, expected 2\)") as caught:
            StateHeader.parse(text)
        assert caught.value.code == code
