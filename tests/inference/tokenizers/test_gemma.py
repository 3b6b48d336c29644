"""Gemma's tokenizer rules on its real special-token layout: against sentencepiece, and against transformers."""

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import sentencepiece
from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.inference.tokenizers.base import Tokenizer, load_tokenizer
from app.inference.tokenizers.bpe import BpeTokenizer
from app.inference.tokenizers.sentencepiece import SentencePieceTokenizer
from tests.gemma_layout import FIRST, MARKERS, tokenizer_config

RUNS = st.tuples(st.sampled_from(" \n\t\r"), st.integers(1, 31)).map(lambda run: run[0] * run[1])
PIECES = st.one_of(
    RUNS,
    st.sampled_from(["The model", " reads", "1851", "don't", "\r\n", "e\u0301", "👩‍👩‍👧", "漢字", "日本語", "한국어"]),
    st.sampled_from(
        ["<h1>", "</table>", "<b>", "<0x0A>", "<0xE2>", "<", ">", "[", "[0]", "<start_of_turn", "<unused>"]
    ),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="▁"), max_size=6),
)
PLAIN = st.lists(PIECES, max_size=10).map("".join).filter(lambda text: not any(m in text for m in MARKERS))


def short_runs(text: str) -> bool:
    """Whether no run of spaces is longer than the longest piece for one: there transformers cuts runs its own way."""
    return " " * 32 not in text


@pytest.fixture(scope="module")
def library(gemma_folder: Path) -> sentencepiece.SentencePieceProcessor:
    """The reference: the library as its authors use it."""
    return sentencepiece.SentencePieceProcessor(model_file=str(gemma_folder / "tokenizer.model"))


def in_transformers(tokenizer_model: Path, folder: Path, config: str) -> Any:
    """transformers' GemmaTokenizer, made from tokenizer.model; its tokenizer.json is then in `folder` / json."""
    found = pytest.importorskip("transformers")
    folder.mkdir()
    (folder / "tokenizer.model").write_bytes(tokenizer_model.read_bytes())
    (folder / "tokenizer_config.json").write_text(config)
    made = found.GemmaTokenizer.from_pretrained(folder)
    made.save_pretrained(folder / "json")
    return made


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where transformers reads and writes."""
    return tmp_path_factory.mktemp("transformers")


@pytest.fixture(scope="module")
def whole(gemma_folder: Path, folder: Path) -> Any:
    """Every piece that was put in by hand is an added token, as in SentencePiece."""
    config = {**json.loads(tokenizer_config(chat_template=None))}
    del config["added_tokens_decoder"], config["additional_special_tokens"]
    return in_transformers(gemma_folder / "tokenizer.model", folder / "whole", json.dumps(config))


@pytest.fixture(scope="module")
def sparse(gemma_folder: Path, folder: Path) -> Any:
    """With the published settings, which name six: it spells HTML tags and tabs out."""
    return in_transformers(gemma_folder / "tokenizer.model", folder / "sparse", tokenizer_config(chat_template=None))


@pytest.fixture(scope="module")
def json_folder(whole: Any, folder: Path) -> Path:
    """The tokenizer.json that transformers writes, and nothing else but its settings."""
    return folder / "whole" / "json"


@pytest.fixture(scope="module")
def json_tokenizer(json_folder: Path) -> Tokenizer:
    """Ours, of that file."""
    found = load_tokenizer(json_folder)
    assert isinstance(found, BpeTokenizer)
    return found


@pytest.fixture(scope="module")
def sparse_folder(sparse: Any, folder: Path) -> Path:
    """The other tokenizer.json."""
    return folder / "sparse" / "json"


@pytest.fixture(scope="module")
def sparse_tokenizer(sparse_folder: Path) -> Tokenizer:
    """Ours, of that one."""
    return load_tokenizer(sparse_folder)


def test_the_real_ids(gemma: Tokenizer, json_tokenizer: Tokenizer) -> None:
    """Gemma's ids, the same from both files; only the markers among what was put in by hand are control tokens."""
    expected = {"<pad>": 0, "<eos>": 1, "<bos>": 2, "<unk>": 3, "<mask>": 4, "[@BOS@]": 6, "<unused0>": 7}
    expected |= {"<unused98>": 105, "<start_of_turn>": 106, "<end_of_turn>": 107}
    for tokenizer in (gemma, json_tokenizer):
        assert {name: tokenizer.control_id(name) for name in expected} == expected
        assert set(tokenizer.control_tokens) == set(MARKERS) and len(MARKERS) == 110
        assert (tokenizer.bos_id, tokenizer.eos_ids, tokenizer.document_prefix) == (2, {1}, (2,))
        text = {108: b"\n", 138: b"\n" * 31, 139: b"  ", 168: b" " * 31, 169: b"<table>", 216: b"</code>", 217: b"\0"}
        assert {i: tokenizer.token_bytes(i) for i in text} == text


@given(text=PLAIN)
@example(text="  both ends \n\n\tand  runs   of spaces    ")
@example(text=" " * 40 + "x" + "\n" * 70 + "\t" * 33)
@example(text="\x00\x07\x1b\x7f\u0085\u2028\ufeff\u200d")
@example(text="\U00040000\U0010ffff\ue000")
@settings(max_examples=400, deadline=None)
def test_plain_text_is_sentencepieces(
    gemma: Tokenizer, library: sentencepiece.SentencePieceProcessor, text: str
) -> None:
    """The same ids as the library gives, and the text back to the last byte."""
    ids = gemma.encode(text)
    assert ids == library.encode(text)
    assert gemma.decode(ids) == text


@given(text=PLAIN)
@settings(max_examples=300, deadline=None)
def test_plain_text_is_transformers(
    gemma: Tokenizer, json_tokenizer: Tokenizer, whole: Any, sparse_tokenizer: Tokenizer, sparse: Any, text: str
) -> None:
    """From tokenizer.json the ids of transformers in every case, from tokenizer.model save for very long runs."""
    for ours, reference in ((json_tokenizer, whole), (sparse_tokenizer, sparse)):
        ids = ours.encode(text)
        assert ids == reference.encode(text, add_special_tokens=False)
        assert ours.decode(ids) == text
    if short_runs(text):
        assert gemma.encode(text) == json_tokenizer.encode(text)


@given(parts=st.lists(st.one_of(st.sampled_from([*MARKERS, "▁", " ▁▁", "<", ">", "\n"]), PIECES), max_size=8))
@example(parts=["<start_of_turn<start_of_turn>>", "<unused1<unused10>0>", "[@BOS@[@BOS@]]"])
@settings(max_examples=300, deadline=None)
def test_no_text_becomes_a_control_token(
    gemma: Tokenizer, json_tokenizer: Tokenizer, sparse_tokenizer: Tokenizer, parts: list[str]
) -> None:
    """Markers in a text are spelt out, and read back as the text they are."""
    text = "".join(parts)
    for tokenizer in (gemma, json_tokenizer, sparse_tokenizer):
        ids = tokenizer.encode(text)
        assert gemma.control_ids.isdisjoint(ids)
        assert tokenizer.decode(ids) == text


def test_each_marker_is_matched_by_the_library(gemma: Tokenizer, library: sentencepiece.SentencePieceProcessor) -> None:
    """What this is for: in any text the library makes control tokens of all that were put in by hand."""
    for name in MARKERS[4:]:
        assert gemma.control_id(name) in library.encode(f"a {name} b")


def test_text_around_a_marker_is_read_as_without_it(
    gemma: Tokenizer, library: sentencepiece.SentencePieceProcessor
) -> None:
    """Spelling a marker out changes nothing before its first character nor after the text goes on."""
    ids = gemma.encode("The model reads\n<end_of_turn>\nThe user asks")
    before, after = library.encode("The model reads\n<"), library.encode("\nThe user asks")
    assert ids[: len(before)] == before
    assert ids[-len(after) :] == after


@pytest.mark.parametrize(
    "text",
    ["<start_of_turn>user\n<end_of_turn> " * 3000, "▁ a" * 20_000, "<" * 50_000, "<unused9" * 6000, " " * 50_000],
)
def test_long_texts_full_of_markers_are_read_once(
    gemma_folder: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    """Every character goes to the library once: the time grows with the length, however many cuts there are."""
    tokenizer = load_tokenizer(gemma_folder)
    seen: list[int] = []
    split = SentencePieceTokenizer._split
    monkeypatch.setattr(
        SentencePieceTokenizer, "_split", lambda self, part: seen.append(len(part)) or split(self, part)
    )
    tokenizer.encode(text)
    assert sum(seen) == len(text)


def test_both_files_are_one_vocabulary(
    tmp_path: Path,
    gemma_folder: Path,
    json_folder: Path,
    sparse_folder: Path,
    library: sentencepiece.SentencePieceProcessor,
) -> None:
    """With both there, as published, the ids are SentencePiece's, also where transformers' differ."""
    for name, source, text in (("whole", json_folder, " " * 40), ("sparse", sparse_folder, "<h1>\t\t</h1>")):
        both = copy(source, tmp_path / name, gemma_folder / "tokenizer.model")
        found = load_tokenizer(both)
        assert isinstance(found, SentencePieceTokenizer)
        assert found.encode(text) == library.encode(text) != load_tokenizer(source).encode(text)
        assert found.document_prefix == (2,)


@pytest.mark.parametrize("token", ["<tool>", "more"])
def test_a_token_that_was_added_later_counts(tmp_path: Path, gemma_folder: Path, json_folder: Path, token: str) -> None:
    """A model trained further with new tokens has them in tokenizer.json alone: then that is its tokenizer."""
    both = copy(json_folder, tmp_path / "both", gemma_folder / "tokenizer.model")
    content = json.loads((both / "tokenizer.json").read_text())
    size = max(content["model"]["vocab"].values()) + 1
    content["added_tokens"].append({**content["added_tokens"][-1], "id": size, "content": token})
    (both / "tokenizer.json").write_text(json.dumps(content))
    found = load_tokenizer(both)
    assert isinstance(found, BpeTokenizer)
    assert found.vocab_size == size + 1


@pytest.mark.parametrize("change", ["another piece", "special", "no list", "damaged model"])
def test_tokenizer_json_wins_where_the_two_disagree(
    tmp_path: Path, gemma_folder: Path, json_folder: Path, change: str
) -> None:
    """Another token under an id, one that is no text there, a list that cannot be read, a damaged tokenizer.model."""
    both = copy(json_folder, tmp_path / "both", gemma_folder / "tokenizer.model")
    content = json.loads((both / "tokenizer.json").read_text())
    newline = next(token for token in content["added_tokens"] if token["content"] == "\n")
    if change == "another piece":
        newline["content"] = "\x0b"
        content["model"]["vocab"]["\x0b"] = content["model"]["vocab"].pop("\n")
        content["model"]["merges"] = [pair for pair in content["model"]["merges"] if "\n" not in "".join(pair)]
    elif change == "special":
        newline["special"] = True
    elif change == "no list":
        content["added_tokens"] = []
    else:
        (both / "tokenizer.model").write_bytes(b"version https://git-lfs.github.com/spec/v1\n")
    (both / "tokenizer.json").write_text(json.dumps(content))
    assert isinstance(load_tokenizer(both), BpeTokenizer)


def test_the_published_tab(json_folder: Path, gemma: Tokenizer, tmp_path: Path) -> None:
    """In the published tokenizer.json id 226 is a tab, in tokenizer.model the byte 09: the same text either way."""
    folder = copy(json_folder, tmp_path / "published")
    content = json.loads((folder / "tokenizer.json").read_text())
    vocab = content["model"]["vocab"]
    assert vocab.pop("<0x09>") == 226
    vocab["\t"] = 226
    (folder / "tokenizer.json").write_text(json.dumps(content))
    found = load_tokenizer(folder)
    for text in ("\t", "a\tb", "a \t b\t"):
        assert found.encode(text) == gemma.encode(text)
        assert found.decode(found.encode(text)) == text


def test_runs_are_single_tokens(gemma: Tokenizer) -> None:
    """Newlines, spaces and tabs up to 31 at a time; digits one by one."""
    assert [gemma.encode("\n" * n) for n in (1, 2, 31)] == [[108], [109], [138]]
    assert [gemma.encode(" " * n) for n in (2, 31)] == [[139], [168]]
    assert len(gemma.encode("\t" * 31)) == 1
    assert len(gemma.encode("1851")) == 4
    assert all(a != b for a, b in pairwise(FIRST))


def test_the_settings_of_the_published_files(tmp_path: Path, gemma_folder: Path) -> None:
    """`eos_token` and `bos_token` of tokenizer_config.json, with or without tokens marked special there."""
    (tmp_path / "tokenizer.model").write_bytes((gemma_folder / "tokenizer.model").read_bytes())
    (tmp_path / "tokenizer_config.json").write_text(tokenizer_config(chat_template=None, added=[]))
    found = load_tokenizer(tmp_path)
    assert (found.bos_id, found.eos_id, found.document_prefix) == (2, 1, (2,))


def copy(source: Path, target: Path, *more: Path) -> Path:
    """A folder with these files and no others."""
    target.mkdir()
    for path in (*source.iterdir(), *more):
        (target / path.name).write_bytes(path.read_bytes())
    return target
