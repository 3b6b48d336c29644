"""What belongs to a model beside its weights, and goes with them: tokenizer, template, licence, model card."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from app.inference.weight_format import WeightFormat

CARD, ORIGINAL_CARD = "README.md", "README-original.md"
MADE_HERE = "Converted by Griffin Desk"
"""In a card of ours, which is not the publisher's and is written anew."""
_KNOWN = (
    "tokenizer.model",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "merges.txt",
    "generation_config.json",
    "chat_template*",
    "additional_chat_templates",
    "license*",
    "licence*",
    "notice*",
    "use_policy*",
    "copying*",
    "terms*",
    CARD.lower(),
    ORIGINAL_CARD.lower(),
)
"""By name and in lower case. A file of weights may lie in a folder with anything else."""
_MOST_BYTES = 64 << 20
_BFLOAT16 = "bfloat16"


def companions(folder: Path) -> Iterator[Path]:
    """The files that go with a model; its config, its weights and the record of its files are not among them."""
    for path in sorted(folder.iterdir()):
        known = any(fnmatchcase(path.name.lower(), pattern) for pattern in _KNOWN)
        if known and path.is_file() and path.stat().st_size <= _MOST_BYTES:
            yield path


def copy_companions(folder: Path, into: Path) -> None:
    """Copy them; the publisher's model card makes room for a new one. OSError where one cannot be read or written."""
    for path in companions(folder):
        if path.name.lower() != CARD.lower():
            shutil.copyfile(path, into / path.name)
        elif MADE_HERE not in path.read_text(encoding="utf-8", errors="replace"):
            shutil.copyfile(path, into / ORIGINAL_CARD)


def converted_config(
    raw: Mapping[str, Any], form: WeightFormat | None, group: int, calibration_tokens: int
) -> dict[str, Any]:
    """config.json of the new model."""
    config = dict(raw)
    if form is None:
        return config
    if form is WeightFormat.BFLOAT16:
        # The key that transformers wrote at the time, and what all its versions read.
        for key in {"dtype", "torch_dtype"} & config.keys() or {"torch_dtype"}:
            config[key] = _BFLOAT16
        return config
    note: dict[str, object] = {
        "quant_method": "int8_rowwise",
        "weight_dtype": "int8",
        "scale_dtype": "float32",
        "scheme": "w = int8 * scale[row]; scale tensor is named <weight>_scale",
    }
    if form is WeightFormat.INT4:
        note = {
            "quant_method": "int4_groupwise",
            "group_size": group,
            "weight_dtype": "uint8, two codes each",
            "scale_dtype": "bfloat16",
            "scheme": (
                "w = scale * code + offset, code 0..15; byte j of a group holds elements j (low) and j + group_size / 2"
                " (high); scale and offset tensors are named <weight>_scale and <weight>_offset; int8 matrices: "
                "w = int8 * scale[row]"
            ),
            "calibration_tokens": calibration_tokens,
        }
    return config | {"quantization_config": note}
