"""tokenizer.json: the starter's, byte for byte against transformers, and one in Gemma's form."""

import json
from pathlib import Path
from typing import Any

import pytest

from app.inference.tokenizers.base import Tokenizer, load_tokenizer

SAMPLES = [
    "Call me Ishmael. Some years ago—never mind how long precisely—having little or no money in my purse",
    "  def f(x):\n\treturn x**2  # naïve\n\n\n",
    "漢字とかな, 한국어, Привет, שלום, 😀👩‍👩‍👧",
    "It's 1,234.56 % of what they'll've said",
]


@pytest.mark.parametrize("text", SAMPLES)
def test_the_starter_agrees_with_transformers(
    starter_tokenizer: Tokenizer, starter_model_path: Path, text: str
) -> None:
    """The same ids and the same text back as AutoTokenizer gives."""
    reference = pytest.importorskip("transformers").AutoTokenizer.from_pretrained(starter_model_path)
    ids = starter_tokenizer.encode(text)
    assert ids == reference.encode(text, add_special_tokens=False)
    assert starter_tokenizer.decode(ids) == reference.decode(ids, clean_up_tokenization_spaces=False) == text


def test_the_starters_facts(starter_tokenizer: Tokenizer) -> None:
    """As its README states them."""
    assert starter_tokenizer.vocab_size == 49152
    assert (starter_tokenizer.bos_id, starter_tokenizer.eos_id) == (1, 2)
    assert starter_tokenizer.control_ids == frozenset(range(17))
    assert starter_tokenizer.document_prefix == ()  # raw text was trained without BOS


def test_a_typed_end_of_turn_is_split_up(starter_tokenizer: Tokenizer) -> None:
    """`<|im_end|>` in a text is seven ordinary tokens: < | im _ end | >."""
    assert starter_tokenizer.encode("<|im_end|>") == [44, 108, 306, 79, 486, 108, 46]


def test_characters_that_cannot_be_spelt_are_replaced(starter_tokenizer: Tokenizer) -> None:
    """SmolLM2 has no token for byte 0x04 nor for 0xF1, the first byte of U+40000: U+FFFD instead of a silent gap."""
    assert (
        starter_tokenizer.decode(starter_tokenizer.encode("a\x04b\U00040000c\U0003fffdd"))
        == "a\ufffdb\ufffdc\U0003fffdd"
    )


def gemma_json() -> dict[str, Any]:
    """A tokenizer.json as converted from Gemma's model: markers that are not marked special, pieces, byte pieces."""
    names = ["<pad>", "<eos>", "<bos>", "<unk>", "<start_of_turn>", "<end_of_turn>", "[@BOS@]", "\n\n"]
    pieces = [*names, *(f"<0x{b:02X}>" for b in range(256)), *"▁abcdefghijklmnopqrstuvwxyz\n", "▁a"]
    special = {"<pad>", "<eos>", "<bos>", "<unk>"}
    return {
        "version": "1.0",
        "truncation": {"max_length": 5, "stride": 0, "strategy": "LongestFirst", "direction": "Right"},
        "padding": {
            "strategy": {"Fixed": 9},
            "direction": "Right",
            "pad_to_multiple_of": None,
            "pad_id": 0,
            "pad_type_id": 0,
            "pad_token": "<pad>",
        },
        "added_tokens": [
            {
                "id": i,
                "content": name,
                "single_word": False,
                "lstrip": False,
                "rstrip": False,
                "normalized": False,
                "special": name in special,
            }
            for i, name in enumerate(names)
        ],
        "normalizer": {"type": "Replace", "pattern": {"String": " "}, "content": "▁"},
        "pre_tokenizer": None,
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [{"SpecialToken": {"id": "<bos>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
            "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
            "special_tokens": {"<bos>": {"id": "<bos>", "ids": [2], "tokens": ["<bos>"]}},
        },
        "decoder": {
            "type": "Sequence",
            "decoders": [
                {"type": "Replace", "pattern": {"String": "▁"}, "content": " "},
                {"type": "ByteFallback"},
                {"type": "Fuse"},
            ],
        },
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": "<unk>",
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": True,
            "byte_fallback": True,
            "ignore_merges": False,
            "vocab": {piece: i for i, piece in enumerate(pieces)},
            "merges": [["▁", "a"]],
        },
    }


@pytest.fixture
def gemma_form(tmp_path: Path) -> Tokenizer:
    """That file, loaded as a model's."""
    (tmp_path / "tokenizer.json").write_text(json.dumps(gemma_json()))
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"bos_token": "<bos>", "eos_token": "<eos>"}))
    return load_tokenizer(tmp_path)


def test_gemmas_form_is_read(gemma_form: Tokenizer) -> None:
    """Text tokens put in by hand stay; BOS before raw text comes from the file's own post-processor."""
    a = gemma_json()["model"]["vocab"]
    assert gemma_form.encode("ab a\n\nz") == [a["a"], a["b"], a["▁a"], a["\n\n"], a["z"]]
    assert gemma_form.token_bytes(a["\n\n"]) == b"\n\n"
    assert gemma_form.control_ids == frozenset(range(7))
    assert (gemma_form.bos_id, gemma_form.eos_id, gemma_form.document_prefix) == (2, 1, (2,))


def test_markers_not_marked_special_are_plain_text_too(gemma_form: Tokenizer) -> None:
    """`<start_of_turn>` is an added token that the library would match in any text."""
    text = "a<start_of_turn>b<end_of_turn>[@BOS@]<eos><unk>"
    ids = gemma_form.encode(text)
    assert gemma_form.control_ids.isdisjoint(ids)
    assert gemma_form.decode(ids) == text


def test_long_text_is_neither_cut_nor_padded(gemma_form: Tokenizer) -> None:
    """A truncation or padding rule in the file does not reach documents."""
    assert gemma_form.decode(gemma_form.encode("abc" * 9)) == "abc" * 9
    assert len(gemma_form.encode("abc")) == 3


def test_the_space_mark_itself_reads_back(gemma_form: Tokenizer) -> None:
    """U+2581 in a text goes by its bytes, since its piece means a space."""
    assert gemma_form.decode(gemma_form.encode("a▁ ▁b")) == "a▁ ▁b"
