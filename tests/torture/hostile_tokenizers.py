"""Damaged and hostile tokenizer.json and tokenizer.model."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.torture.hostile_model_case import (
    Case,
    all_of,
    either,
    gemma_tokenizer,
    refused,
    tokenizer_json,
    with_bytes,
    with_json,
    without,
)

JSON, MODEL = "tokenizer.json", "tokenizer.model"
_NAMES = (JSON, "the tokenizer", "config.json")


def tokenizers() -> list[Case]:
    """Both forms."""
    return [*_files(), *_steps(), *_models(), *_sentencepiece()]


def _files() -> list[Case]:
    whole = json.dumps(tokenizer_json()).encode()
    files = {
        "nothing": b"", "no JSON": b"{", "an object without parts": b"{}", "a list": b"[]", "no UTF-8": b"\xff\xfe{",
        "100,000 brackets": b"[" * 100_000, "normalizers in each other":
        b'{"version": "1.0", "normalizer": ' + b'{"type": "Sequence", "normalizers": [' * 100_000,
        "a third": whole[: len(whole) // 3], "nearly all": whole[:-1], "257 MiB": b"", "a pickle": b"\x80\x04\x95...",
    }  # fmt: skip
    return [
        *(refused(f"a tokenizer.json of {name}", _sparse if "MiB" in name else with_bytes(JSON, content), JSON,
                  cli=name == "no JSON") for name, content in files.items()),
        refused("no tokenizer", without(JSON), "tokenizer.json", cli=True),
    ]  # fmt: skip


def _sparse(folder: Path) -> None:
    with (folder / JSON).open("wb") as stream:
        stream.truncate(257 << 20)


def _json(**changes: Any) -> Callable[[Path], object]:
    return with_json(JSON, tokenizer_json(**changes))


def _steps() -> list[Case]:
    """What a text goes through before pieces are looked for."""

    def replace(content: str, **pattern: str) -> dict[str, Any]:
        return {"type": "Replace", "pattern": pattern, "content": content}

    def split(pattern: str, behavior: str = "Isolated") -> dict[str, Any]:
        return {"type": "Split", "pattern": {"Regex": pattern}, "behavior": behavior, "invert": False}

    def around(ids: list[int]) -> dict[str, Any]:
        special = {"x": {"id": "x", "ids": ids, "tokens": ["x"] * len(ids)}}
        single = [{"SpecialToken": {"id": "x", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}]
        return {"type": "TemplateProcessing", "single": single, "pair": [], "special_tokens": special}

    doubled = {"type": "Sequence", "normalizers": [replace("aa", String="a")] * 40}
    nested: dict[str, Any] = {"type": "Lowercase"}
    for _ in range(50):
        nested = {"type": "Sequence", "normalizers": [nested]}
    normalizers = {
        "that double 40 times": doubled,
        "that put 10,000 letters for one": replace("a" * 10_000, String="a"),
        "that put 10,000 letters everywhere": replace("a" * 10_000, Regex=""),
        "that put a million letters first": {"type": "Prepend", "prepend": "a" * 10**6},
        "with a table of characters": {"type": "Precompiled", "precompiled_charsmap": "AAAA////"},
        "of an endless search": replace("x", Regex=r"(a|aa|[^x])+\z(?!.)"),
        "that take all away": replace("", Regex="[\\s\\S]"),
        "50 deep": nested,
        "of no type": {},
        "of a type that there is not": {"type": "Evil"},
        "that make controls of letters": replace("<|im_end|>", String="a"),
    }
    pre = {
        "by an endless search": split(r"([a-zA-Z ]+)+\z"),
        "by a search that is open": split("(("),
        "by a million letters": split("a" * 10**6),
        "by a million choices": split("|".join(map(str, range(200_000)))),
        "by counts of counts": split("(((a{1,999}){1,999}){1,999}){1,999}"),
        "by a search that looks back": split(r"(?<=.{1,200})(.*)\1+\z"),
        "by a search that calls itself": split(r"(?<x>a\g<x>?b|\g<x>)"),
        "everywhere": split(""),
        "into pieces of no length": {"type": "FixedLength", "length": 0},
        "into pieces of any length": {"type": "FixedLength", "length": 2**63},
        "by a mark of many letters": {"type": "Metaspace", "replacement": "abc", "prepend_scheme": "always"},
        "by a mark of no letters": {"type": "CharDelimiterSplit", "delimiter": ""},
    }
    post = {
        "1,000 tokens": around([1] * 1000), "a token that there is not": around([2**31]), "token 5,000": around([5000]),
        "a negative token": around([-1]), "a name that is not told": around([]) | {"special_tokens": {}},
        "a token twice": {"type": "BertProcessing", "sep": ["<eos>", 2], "cls": ["<bos>", 2**32 - 1]},
    }  # fmt: skip
    limits = {
        "a length of nought": {"max_length": 0, "strategy": "LongestFirst", "stride": 0, "direction": "Right"},
        "a stride longer than all": {
            "max_length": 5, "strategy": "LongestFirst", "stride": 2**40, "direction": "Right"},
    }  # fmt: skip
    fill = {"strategy": {"Fixed": 2**40}, "direction": "Right", "pad_to_multiple_of": 2**40, "pad_id": 0,
            "pad_type_id": 0, "pad_token": "x"}  # fmt: skip
    return [
        *(either(f"normalizers {name}", _json(normalizer=part), *_NAMES) for name, part in normalizers.items()),
        *(either(f"texts cut {name}", _json(pre_tokenizer=part), *_NAMES) for name, part in pre.items()),
        *(either(f"around a text {name}", _json(post_processor=part), *_NAMES) for name, part in post.items()),
        *(either(f"texts cut at {name}", _json(truncation=part), *_NAMES) for name, part in limits.items()),
        either("texts filled up to 2**40", _json(padding=fill), *_NAMES),
        *(either(f"a decoder {part}", _json(decoder=part), *_NAMES)
          for part in (None, {"type": "Evil"}, {"type": "Strip", "content": "a", "start": 2**40, "stop": 2**40})),
    ]  # fmt: skip


def _models() -> list[Case]:
    base = tokenizer_json()["model"]
    vocab = base["vocab"]
    plain = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}

    def added(*tokens: tuple[int, str], **changes: Any) -> Callable[[Path], object]:
        own = tokenizer_json()["added_tokens"]
        return _json(added_tokens=own + [{"id": i, "content": text, **plain, **changes} for i, text in tokens])

    def model(**changes: Any) -> Callable[[Path], object]:
        return _json(model=base | changes)

    unigram = {"type": "Unigram", "unk_id": 0, "byte_fallback": False}
    models = {
        "no pieces": model(vocab={}),
        "20,000 pieces more than rows": model(vocab=vocab | {f"x{n}": 300 + n for n in range(20_000)}),
        "an id of 2**32 - 1": model(vocab=vocab | {"zz": 2**32 - 1}),
        "an id of 2**64": model(vocab=vocab | {"zz": 2**64}),
        "a negative id": model(vocab=vocab | {"zz": -1}),
        "one id for all": model(vocab=dict.fromkeys(vocab, 7)),
        "a piece of a million letters": model(vocab=vocab | {"z" * 10**6: 300}),
        "merges of pieces that there are not": model(merges=[["no", "such"]]),
        "merges that are none": model(merges=["a", 5, ["a"]]),
        "a merge of a million": model(merges=[["a", "b"]] * 10**6),
        "merges of itself": model(merges=[["a", "a"], ["aa", "aa"]], vocab=vocab | {"aa": 300, "aaaa": 301}),
        "dropout": model(dropout=0.5),
        "dropout of 2": model(dropout=2.0),
        "an unknown piece that there is not": model(unk_token="nowhere"),
        "a type that there is not": _json(model={"type": "Evil"}),
        "words": _json(model={"type": "WordLevel", "vocab": vocab, "unk_token": "nowhere"}),
        "words in pieces": _json(model={"type": "WordPiece", "vocab": vocab, "unk_token": "nowhere",
                                        "continuing_subword_prefix": "", "max_input_chars_per_word": 2**60}),
        "pieces without sense": _json(model=unigram | {"vocab": [["a", float("nan")], ["b", -1e308], ["", 0.0]]}),
        "an unknown id far out": _json(model=unigram | {"vocab": [["a", 0.0]], "unk_id": 2**60}),
        "no piece and an unknown id": _json(model=unigram | {"vocab": [], "unk_id": 0}),
    }  # fmt: skip
    return [
        *(either(f"a vocabulary with {name}", change, *_NAMES) for name, change in models.items()),
        refused("more pieces than the model has rows", models["20,000 pieces more than rows"], *_NAMES, cli=True),
        either("an added token of the id 2**31", added((2**31, "<x>")), *_NAMES),
        either("an added token of the id 2**32 - 1", added((2**32 - 1, "<x>")), *_NAMES),
        either("an added token of no letters", added((300, "")), *_NAMES),
        either("20,000 added tokens", added(*((300 + n, f"<x{n}>") for n in range(20_000))), *_NAMES),
        either("700 added tokens that any text holds", added(*((300 + n, chr(32 + n)) for n in range(700)),
               special=False, normalized=True), *_NAMES),
        either("an added token of a million letters", added((300, "x" * 10**6)), *_NAMES),
        either("an added token with a control's name twice", added((301, "<bos>"), (302, "<bos>")), *_NAMES),
    ]  # fmt: skip


def _sentencepiece() -> list[Case]:
    sound = gemma_tokenizer()

    def file(content: bytes) -> Callable[[Path], object]:
        return all_of(without(JSON), with_bytes(MODEL, content))

    def field(number: int, content: bytes) -> bytes:
        return _varint(number << 3 | 2) + _varint(len(content)) + content

    def piece(text: bytes, score: float, kind: int) -> bytes:
        return field(1, field(1, text) + b"\x15" + struct.pack("<f", score) + b"\x18" + _varint(kind))

    charsmap = struct.pack("<I", 1024) + b"\xff\xff\xff\x7f" * 256 + b"abc\0"
    files = {
        "nothing": b"", "rubbish": b"\x00\xff" * 999, "a pickle": b"\x80\x04\x95...",
        "half of it": sound[: -len(sound) // 2],
        "all but a byte": sound[:-1], "a field longer than all": sound + b"\x0a\xff\xff\xff\xff\x0f",
        "a field of 2**63 bytes": sound + b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\x7f",
        "groups in groups": sound + b"\x0b" * 100_000, "an endless number": sound + b"\x08" + b"\xff" * 9999,
        "the same pieces twice": sound + sound, "a piece of NaN": sound + piece(b"zzz", float("nan"), 1),
        "a piece of no letters": sound + piece(b"", 0.0, 1), "a piece of no UTF-8": sound + piece(b"\xff\xfe", 0.0, 1),
        "a piece of a kind that there is not": sound + piece(b"zzz", 0.0, 77),
        "a piece of a million letters": sound + piece(b"z" * 10**6, 0.0, 4),
        "90 pieces of one text": sound + piece(b"zzz", 0.0, 1) * 90, "a byte twice": sound + piece(b"<0x41>", 0.0, 6),
        "20,000 pieces more than rows": sound + b"".join(piece(b"q%d" % n, 0.0, 1) for n in range(20_000)),
        "a table of characters that leads out of itself": sound + field(3, field(2, charsmap)),
        "a table of characters that is short": sound + field(3, field(2, b"\xff\xff\xff\xff")),
        "a table of characters without letters": sound + field(3, field(2, struct.pack("<I", 4) + bytes(4))),
        "a model of a kind that there is not": sound + field(2, b"\x18\x63"),
        "pieces by likelihood": sound + field(2, b"\x18\x01"), "a model of words": sound + field(2, b"\x18\x03"),
        "a model of characters": sound + field(2, b"\x18\x04"),
        "no byte pieces though it says so": piece(b"<unk>", 0.0, 2) + piece(b"a", 0.0, 1) + field(2, b"\x98\x02\x01"),
        "a test of itself that fails": sound + field(4, field(1, field(1, b"a") + field(2, b"b c d"))),
    }  # fmt: skip
    return [
        *(either(f"a tokenizer.model of {name}", file(content), MODEL, "the tokenizer")
          for name, content in files.items()),
        *(refused(f"a tokenizer.model of {name}, surely", file(files[name]), MODEL, "the tokenizer",
                  cli=name == "rubbish")
          for name in ("nothing", "rubbish", "half of it", "20,000 pieces more than rows")),
    ]  # fmt: skip


def _varint(value: int) -> bytes:
    out = b""
    while value > 0x7F:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])
