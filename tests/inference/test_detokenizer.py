"""Streaming text: whole characters only, and in the end the same text as decoding at once."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.inference.detokenizer import StreamingDetokenizer
from app.inference.tokenizers.base import Tokenizer


@pytest.fixture(scope="session", params=["starter_tokenizer", "gemma_like"])
def tokenizer(request: pytest.FixtureRequest) -> Tokenizer:
    """Both tokenizer formats."""
    found: Tokenizer = request.getfixturevalue(request.param)
    return found


def test_a_character_waits_for_its_last_byte(gemma_like: Tokenizer) -> None:
    """漢 is the bytes E6 BC A2, three byte tokens (from id 15 on): nothing, nothing, the character."""
    stream = StreamingDetokenizer(gemma_like)
    assert [stream.push(15 + byte) for byte in (0xE6, 0xBC, 0xA2)] == ["", "", "漢"]
    assert stream.finish() == ""


def test_a_control_token_gives_nothing_and_breaks_nothing(gemma_like: Tokenizer) -> None:
    """Even within a character."""
    stream = StreamingDetokenizer(gemma_like)
    assert [stream.push(i) for i in (15 + 0xC3, 9, 15 + 0xA9)] == ["", "", "é"]


def test_invalid_bytes_are_replaced(gemma_like: Tokenizer) -> None:
    """A byte that begins no character, and a character that another cuts off."""
    stream = StreamingDetokenizer(gemma_like)
    assert stream.push(15 + 0xFF) == "\ufffd"
    assert [stream.push(15 + 0xE6), stream.push(15 + 0x41)] == ["", "\ufffdA"]


def test_an_unfinished_character_is_replaced_at_the_end(gemma_like: Tokenizer) -> None:
    """And the detokenizer starts afresh."""
    stream = StreamingDetokenizer(gemma_like)
    assert stream.push(15 + 0xE6) == ""
    assert stream.finish() == "\ufffd"
    assert stream.push(15 + 0x41) == "A"


@given(data=st.data())
@settings(max_examples=200, deadline=None)
def test_the_stream_is_the_text(tokenizer: Tokenizer, data: st.DataObject) -> None:
    """Any token ids, in any order, control tokens among them."""
    ids = data.draw(st.lists(st.integers(0, min(tokenizer.vocab_size, 600) - 1), max_size=40))
    stream = StreamingDetokenizer(tokenizer)
    assert "".join(map(stream.push, ids)) + stream.finish() == tokenizer.decode(ids)


@given(text=st.text(st.sampled_from("a漢😀é\u0301 \n"), max_size=20))
@settings(max_examples=100, deadline=None)
def test_real_text_never_shows_a_replacement(tokenizer: Tokenizer, text: str) -> None:
    """Each piece printed is made of the text's own characters."""
    stream = StreamingDetokenizer(tokenizer)
    pieces = [stream.push(i) for i in tokenizer.encode(text)]
    assert "".join(pieces) == text
    assert stream.finish() == ""
