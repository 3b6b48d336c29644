"""tokenizer.json: the starter's, byte for byte against transformers, and one in Gemma's form."""

import json
from pathlib import Path
from typing import Any

import pytest

from app.core.errors import CheckpointError
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


def _replace(pattern: dict[str, str], content: str) -> dict[str, Any]:
    return {"type": "Replace", "pattern": pattern, "content": content}


def _split(pattern: str) -> dict[str, Any]:
    return {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False}


def _around(tokens: int) -> dict[str, Any]:
    special = {"x": {"id": "x", "ids": [1] * tokens, "tokens": ["x"] * tokens}}
    single = [{"SpecialToken": {"id": "x", "type_id": 0}}]
    return {"type": "TemplateProcessing", "single": single, "pair": [], "special_tokens": special}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"normalizer": {"type": "Sequence", "normalizers": [_replace({"String": "a"}, "aa")] * 40}}, "41 steps"),
        ({"normalizer": _replace({"String": "a"}, "a" * 1000)}, "2,000 times as long"),
        ({"normalizer": _replace({"Regex": ""}, "a" * 1000)}, "2,002 times as long"),
        ({"normalizer": {"type": "Precompiled", "precompiled_charsmap": "AAAA////"}}, "precompiled_charsmap"),
        ({"pre_tokenizer": _split(r"([a-zA-Z ]+)+\z")}, "retry-limit-in-match"),
        ({"pre_tokenizer": _split("((")}, "unmatched parenthesis"),
        ({"post_processor": _around(1000)}, "puts 1000 tokens around a text"),
        ({"post_processor": _around(1)}, "makes nothing of a text"),
        ({"post_processor": _around(1) | {"special_tokens": {}}}, "no entry found for key"),
        ({"model": {"type": "BPE", "vocab": {"\u65e5": 0}, "merges": []}}, "makes nothing of a text"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_immodest_files_are_refused(
    changes: dict[str, Any], reason: str, starter_model_path: Path, tmp_path: Path
) -> None:
    """A tokenizer.json is a small program: the library would end this one for lack of memory, or panic."""
    raw = json.loads((starter_model_path / "tokenizer.json").read_text())
    (tmp_path / "tokenizer.json").write_text(json.dumps(raw | changes))
    with pytest.raises(CheckpointError, match=f"tokenizer.json is no tokenizer .*{reason}") as caught:
        load_tokenizer(tmp_path)
    assert caught.value.code == "damaged-tokenizer" and "\n" not in caught.value.message


def test_a_table_of_characters_is_found_behind_escapes(tmp_path: Path) -> None:
    """The library reads `\\u0070` as p."""
    (tmp_path / "tokenizer.json").write_text('{"normalizer": {"\\u0070recompiled_charsmap" : "AAAA////"}}')
    with pytest.raises(CheckpointError, match="precompiled_charsmap"):
        load_tokenizer(tmp_path)


def test_pieces_outside_the_alphabet_have_bytes(starter_model_path: Path, tmp_path: Path) -> None:
    """A byte-level vocabulary may hold characters that stand for no byte."""
    raw = json.loads((starter_model_path / "tokenizer.json").read_text())
    raw["model"] |= {"vocab": {"\u65e5": 0, "t": 1}, "merges": []}
    (tmp_path / "tokenizer.json").write_text(json.dumps(raw | {"added_tokens": []}))
    assert load_tokenizer(tmp_path).decode([0, 1]) == "\u65e5t"


def test_a_panic_while_splitting_is_an_error_of_the_files(starter_model_path: Path, tmp_path: Path) -> None:
    """A pattern that only some texts make look without end."""
    raw = json.loads((starter_model_path / "tokenizer.json").read_text())
    (tmp_path / "tokenizer.json").write_text(json.dumps(raw | {"pre_tokenizer": _split("(z+)+$")}))
    tokenizer = load_tokenizer(tmp_path)
    with pytest.raises(CheckpointError, match="retry-limit-in-match"):
        tokenizer.encode("z" * 60 + "!")


def test_a_lack_of_memory_is_no_damage(starter_model_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file may be sound."""

    class Full:
        @staticmethod
        def from_buffer(content: bytes) -> None:
            raise MemoryError

    monkeypatch.setattr("app.inference.tokenizers.bpe.HuggingFaceTokenizer", Full)
    with pytest.raises(MemoryError):
        load_tokenizer(starter_model_path)
