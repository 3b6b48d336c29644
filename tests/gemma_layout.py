"""A SentencePiece model with Gemma's special tokens at their real ids, small enough to be trained in a test.

The layout is that of the tokenizer.model of Gemma 1 and 2 and of RecurrentGemma: 3 control pieces, <unk>, 245 pieces
put in by hand, 256 bytes, and what was learned (here a few hundred in place of a quarter of a million).
"""

from __future__ import annotations

import io
import json
import struct
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import sentencepiece

_TAGS = (
    "table caption thead tbody tfoot tr th td",
    "h1 h2 h3 h4 h5 h6 blockquote",
    "strong em b i u s sub sup code",
)
FIRST = [  # ids 4 to 216
    *("<mask>", "<2mass>", "[@BOS@]", *(f"<unused{n}>" for n in range(99)), "<start_of_turn>", "<end_of_turn>"),
    *("\n" * n for n in range(1, 32)),
    *("▁" * n for n in range(2, 32)),
    *(f"<{mark}{tag}>" for tags in _TAGS for mark in ("", "/") for tag in tags.split()),
]
LAST = ["[toxicity=0]", *("\t" * n for n in range(2, 32)), "<unused99>"]
MARKERS = ["<pad>", "<eos>", "<bos>", "<unk>", *FIRST[:104], "[toxicity=0]", "<unused99>"]
"""What no text may become."""

LINES = [
    "The state of the model has a fixed size, however long the document is.",
    "A user asks a question and the model answers it from the pages it has read.",
    "user model user model system turn of start end unused mask bos eos pad",
    "Moby Dick, the white whale; Ishmael, Ahab, Queequeg and Starbuck sailed in 1851.",
    "Die Flüsse tragen Sand; l'été, naïve, déjà vu; Привет мир; 日本語の文章です。",
    "def read(self, path):    return [line for line in path.read_text().splitlines() if line]",
]

# As published beside google/gemma-1.1-2b-it; its turns are those of DeepMind's apply_it_formatter.
TEMPLATE = (
    "{{ bos_token }}{% if messages[0]['role'] == 'system' %}"
    "{{ raise_exception('System role not supported') }}{% endif %}"
    "{% for message in messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}{% endif %}"
    "{% if (message['role'] == 'assistant') %}{% set role = 'model' %}"
    "{% else %}{% set role = message['role'] %}{% endif %}"
    "{{ '<start_of_turn>' + role + '\n' + message['content'] | trim + '<end_of_turn>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{'<start_of_turn>model\n'}}{% endif %}"
)


def train(lines: Iterable[str], symbols: list[str], **changes: Any) -> bytes:
    """A tokenizer.model by SentencePiece with Gemma's settings; changes: others of the trainer's."""
    model = io.BytesIO()
    settings: dict[str, Any] = {
        "model_type": "bpe",
        "byte_fallback": True,
        "pad_id": 0,
        "eos_id": 1,
        "bos_id": 2,
        "unk_id": 3,
        "pad_piece": "<pad>",
        "bos_piece": "<bos>",
        "eos_piece": "<eos>",
        "normalization_rule_name": "identity",
        "add_dummy_prefix": False,
        "remove_extra_whitespaces": False,
        "allow_whitespace_only_pieces": True,
        "hard_vocab_limit": False,
        "num_threads": 1,
        "minloglevel": 2,
    }
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter([*lines] * 4), model_writer=model, user_defined_symbols=symbols, **(settings | changes)
    )
    return model.getvalue()


def gemma_model(lines: Iterable[str] = LINES) -> bytes:
    """A tokenizer.model of that layout, with Gemma's settings."""
    model = train(lines, FIRST, vocab_size=900, split_digits=True)
    # Appended to a serialised model, pieces are its last ones; the trainer would put them with the first.
    return model + b"".join(map(_user_defined, LAST))


def tokenizer_config(*, chat_template: str | None, added: Iterable[str] = ("<start_of_turn>", "<end_of_turn>")) -> str:
    """tokenizer_config.json as published: `GemmaTokenizer`, BOS first, and the template where there is one."""
    special = {"lstrip": False, "normalized": False, "rstrip": False, "single_word": False, "special": True}
    names = [(0, "<pad>"), (1, "<eos>"), (2, "<bos>"), (3, "<unk>"), (106, "<start_of_turn>"), (107, "<end_of_turn>")]
    config = {
        "add_bos_token": True,
        "add_eos_token": False,
        "added_tokens_decoder": {str(i): {"content": name, **special} for i, name in names},
        "additional_special_tokens": list(added),
        "bos_token": "<bos>",
        "clean_up_tokenization_spaces": False,
        "eos_token": "<eos>",
        "legacy": None,
        "model_max_length": 1000000000000000019884624838656,
        "pad_token": "<pad>",
        "sp_model_kwargs": {},
        "spaces_between_special_tokens": False,
        "tokenizer_class": "GemmaTokenizer",
        "unk_token": "<unk>",
        "use_default_system_prompt": False,
    }
    return json.dumps(config if chat_template is None else {**config, "chat_template": chat_template})


def write_published(folder: Path, model: bytes, *, chat_template: str | None) -> Path:
    """The files beside the weights of google/recurrentgemma-*, tokenizer.json left out."""
    folder.mkdir(parents=True)
    (folder / "tokenizer.model").write_bytes(model)
    (folder / "tokenizer_config.json").write_text(tokenizer_config(chat_template=chat_template))
    ids = {"bos_token_id": 2, "eos_token_id": 1, "pad_token_id": 0}
    (folder / "config.json").write_text(json.dumps({"model_type": "recurrent_gemma", **ids}))
    (folder / "generation_config.json").write_text(json.dumps(ids))
    return folder


def _user_defined(piece: str) -> bytes:
    """One serialised ModelProto.SentencePiece, as field 1 of the model."""
    text = piece.encode()
    body = b"\x0a" + bytes([len(text)]) + text + b"\x15" + struct.pack("<f", 0.0) + b"\x18\x04"
    return b"\x0a" + bytes([len(body)]) + body
