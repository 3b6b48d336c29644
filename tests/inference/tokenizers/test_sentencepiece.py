"""tokenizer.model: a SentencePiece BPE of Gemma's kind, trained here."""

from collections.abc import Callable
from pathlib import Path

import sentencepiece

from app.inference.tokenizers.base import Tokenizer, load_tokenizer


def test_the_layout_is_read(gemma_like: Tokenizer) -> None:
    """Special and marker pieces are control tokens; white-space runs, HTML tags and bytes are text."""
    assert gemma_like.control_tokens == {
        "<pad>": 0,
        "<eos>": 1,
        "<bos>": 2,
        "<unk>": 3,
        "<mask>": 4,
        "[@BOS@]": 5,
        "<unused0>": 6,
        "<unused10>": 7,
        "<start_of_turn>": 8,
        "<end_of_turn>": 9,
    }
    assert (gemma_like.bos_id, gemma_like.eos_id, gemma_like.document_prefix) == (2, 1, (2,))
    assert [gemma_like.token_bytes(i) for i in range(10, 15)] == [b"\n", b"\n\n", b"  ", b"<h1>", b"</h1>"]
    assert gemma_like.token_bytes(15 + 0xE2) == b"\xe2"


def test_text_without_markers_agrees_with_the_library(gemma_like: Tokenizer, gemma_like_folder: Path) -> None:
    """The same ids as sentencepiece gives."""
    library = sentencepiece.SentencePieceProcessor(model_file=str(gemma_like_folder / "tokenizer.model"))
    for text in ("The model answers a question.", "a  b\n\n<h1>Whale</h1> 漢字", " lead and trail "):
        assert gemma_like.encode(text) == library.encode(text)


def test_a_typed_marker_is_split_where_the_library_would_match_it(
    gemma_like: Tokenizer, gemma_like_folder: Path
) -> None:
    """The library gives id 8 for `<start_of_turn>` in any text; the tokenizer spells it out."""
    library = sentencepiece.SentencePieceProcessor(model_file=str(gemma_like_folder / "tokenizer.model"))
    assert 8 in library.encode("a<start_of_turn>")
    assert 8 not in gemma_like.encode("a<start_of_turn>")


def test_no_space_is_put_first_and_none_is_lost(tmp_path: Path, train_tokenizer: Callable[..., Path]) -> None:
    """A model trained with a dummy prefix and with white space squeezed still gives every text back."""
    tokenizer = load_tokenizer(train_tokenizer(tmp_path, dummy_prefix=True))
    assert tokenizer.decode(tokenizer.encode("a  b ")) == "a  b "


def test_a_normaliser_cannot_make_a_marker(tmp_path: Path, train_tokenizer: Callable[..., Path]) -> None:
    """NFKC turns full-width look-alikes into `<start_of_turn>` after the text has been cut."""
    tokenizer = load_tokenizer(train_tokenizer(tmp_path, normalization="nmt_nfkc"))
    ids = tokenizer.encode("a ＜start_of_turn＞ b")
    assert tokenizer.control_ids.isdisjoint(ids)
    assert tokenizer.decode(ids) == "a <start_of_turn> b"
