"""What a hostile model is: a small sound one that was changed, and what may come of it."""

from __future__ import annotations

import json
import shutil
import struct
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors.torch import load_file, save_file

from tests.checkpoints import random_tensors, raw_config, write_checkpoint
from tests.gemma_layout import gemma_model

MARK = "was-run"
"""A file that code in a model's files would leave beside the model."""
WEIGHTS = "model.safetensors"
RAW = raw_config("recurrentgemma", vocab_size=1024, bos_token_id=1, eos_token_id=2)
"""config.json of the sound model."""
CONTROL = ("<pad>", "<bos>", "<eos>", "<|im_start|>", "<|im_end|>")
TEMPLATE = (
    "{% for m in messages %}{{ '<|im_start|>' + m.role + '\n' + m.content + '<|im_end|>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
_AREAS = ("safetensors", "shards", "configs", "pickles", "tokenizers", "templates", "places")
REFUSED, LOADED = "refused", "loaded"


@dataclass(frozen=True, slots=True)
class Case:
    """One hostile model.

    change: makes it of a sound one in the folder given. named: one of these must stand in its refusal. may: what may
    come of it. target: what is loaded, a name within the folder. by_command: whether the command line is asked too.
    """

    name: str
    change: Callable[[Path], object]
    named: tuple[str, ...]
    may: frozenset[str] = frozenset({REFUSED})
    target: str = ""
    by_command: bool = False


def refused(name: str, change: Callable[[Path], object], *named: str, target: str = "", cli: bool = False) -> Case:
    """A model that must not be loaded."""
    return Case(name, change, named, target=target, by_command=cli)


def harmless(name: str, change: Callable[[Path], object], *, target: str = "", cli: bool = False) -> Case:
    """A model that is as good as the sound one: what was changed is not looked at, or follows from the rest."""
    return Case(name, change, (), frozenset({LOADED}), target, cli)


def either(name: str, change: Callable[[Path], object], *named: str) -> Case:
    """A model of which nothing is known beforehand, but that a refusal names a file or a tensor."""
    return Case(name, change, named, frozenset({REFUSED, LOADED}))


def write_sound(folder: Path) -> Path:
    """A model of 60,000 weights with a tokenizer of bytes and a chat template."""
    write_checkpoint(folder, RAW, random_tensors(RAW))
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer_json()), encoding="utf-8")
    settings = {"bos_token": "<bos>", "eos_token": "<eos>", "add_bos_token": True}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings), encoding="utf-8")
    (folder / "chat_template.jinja").write_text(TEMPLATE, encoding="utf-8")
    return folder


def made(case: Case, sound: Path, folder: Path) -> Path:
    """A case's model; what to load of it."""
    shutil.copytree(sound, folder)
    case.change(folder)
    return folder / case.target if case.target else folder


def tokenizer_json(**changes: Any) -> dict[str, Any]:
    """A byte-level tokenizer without merges; changes: of its parts."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    alphabet = [chr(b) for b in printable] + [chr(256 + n) for n in range(256 - len(printable))]
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    plain = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [{"id": n, "content": name, **plain} for n, name in enumerate(CONTROL)],
        "normalizer": None,
        "pre_tokenizer": byte_level,
        "post_processor": None,
        "decoder": byte_level,
        "model": {
            "type": "BPE",
            "vocab": {piece: n for n, piece in enumerate([*CONTROL, *alphabet])},
            "merges": [],
        },
    } | changes


def gemma_tokenizer() -> bytes:
    """A sound tokenizer.model that fits the sound model."""
    return gemma_model()


def with_bytes(name: str, content: bytes | Callable[[bytes], bytes]) -> Callable[[Path], object]:
    """Other bytes in a file's place, or what becomes of its own."""

    def change(folder: Path) -> object:
        path = folder / name
        return path.write_bytes(content if isinstance(content, bytes) else content(path.read_bytes()))

    return change


def with_json(name: str, content: object) -> Callable[[Path], object]:
    """A JSON file."""
    return with_bytes(name, json.dumps(content).encode())


def without(*names: str) -> Callable[[Path], object]:
    """Take files away."""
    return lambda folder: [(folder / name).unlink() for name in names]


def all_of(*changes: Callable[[Path], object]) -> Callable[[Path], object]:
    """One change after the other."""
    return lambda folder: [change(folder) for change in changes]


def with_header(header: bytes | Mapping[str, Any], body: bytes = b"", length: int | None = None) -> bytes:
    """A safetensors file that begins with this; length: what it says of the header's."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + body


def with_headers_entry(name: str, **changes: Any) -> Callable[[Path], object]:
    """The sound weights with another entry for one tensor; a value of None leaves a key out."""

    def change(content: bytes) -> bytes:
        (length,) = struct.unpack("<Q", content[:8])
        header = json.loads(content[8 : 8 + length])
        entry = header.get(name, {}) | changes
        header[name] = {key: value for key, value in entry.items() if value is not None}
        return with_header(header, content[8 + length :])

    return with_bytes(WEIGHTS, change)


def with_tensors(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], object]:
    """Sound files of other tensors: `change` is given them by name."""

    def write(folder: Path) -> None:
        tensors = load_file(folder / WEIGHTS)
        change(tensors)
        save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, folder / WEIGHTS)

    return write


def in_shards(change: Callable[[Path], object]) -> Callable[[Path], object]:
    """The sound model in three files with an index, and then changed."""

    def write(folder: Path) -> None:
        tensors = load_file(folder / WEIGHTS)
        (folder / WEIGHTS).unlink()
        write_checkpoint(folder, RAW, tensors, shards=3)
        change(folder)

    return write


def cases_by_area() -> dict[str, list[Case]]:
    """All of them."""
    from tests.torture import (
        hostile_configs,
        hostile_pickles,
        hostile_places,
        hostile_templates,
        hostile_tokenizers,
        hostile_weights,
    )

    found: Iterable[list[Case]] = (
        hostile_weights.weights(),
        hostile_weights.shards(),
        hostile_configs.configs(),
        hostile_pickles.pickles(),
        hostile_tokenizers.tokenizers(),
        hostile_templates.templates(),
        hostile_places.places(),
    )
    return dict(zip(_AREAS, found, strict=True))
