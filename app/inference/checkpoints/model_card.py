"""The card of a converted model: README.md as Hugging Face's tools read it, and people too."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from app.inference.checkpoints.companions import CARD, MADE_HERE, ORIGINAL_CARD
from app.inference.checkpoints.conversion_report import Conversion
from app.inference.checkpoints.registry import Checkpoint
from app.inference.weight_format import WeightFormat

_FRONT = re.compile(r"\A---\s*\n(.*?)^---\s*$", re.DOTALL | re.MULTILINE)
_LINE = re.compile(r"^(license|license_name|license_link|language):[ \t]*(\S.*?)[ \t]*$", re.MULTILINE)
_FRONT_CHARACTERS = 1 << 16
_SHOWN = 8
"""Tensors of which the errors are listed, the largest first."""
_MADE = {
    None: "Every tensor is as it was, bit for bit; only the names and the layout of the files are new.",
    WeightFormat.BFLOAT16: "Every tensor was rounded to the nearest bfloat16.",
    WeightFormat.INT8: (
        "Every large matrix is in int8 with one float32 scale a row, each weight rounded to the nearest code. All other"
        " tensors are as they were."
    ),
    WeightFormat.INT4: (
        "Large matrices are in 4-bit groups of {group} weights, each group with a scale and an offset in bfloat16. They"
        " were calibrated with error feedback (GPTQ, arXiv:2210.17323) on {tokens:,} tokens of English, block after"
        " block, each fitted to the blocks rounded before it. The embedding and the query, key and value projections"
        " are in int8 rows; all other tensors are as they were, but for the biases that make up for the mean error."
    ),
}


def card(
    folder: Path, checkpoint: Checkpoint, repository: str, form: WeightFormat | None, group: int, made: Conversion
) -> str:
    """README.md for the new files in a folder; the publisher's card, if any, is there under its other name.

    repository: what the source came from, empty where nobody knows.
    """
    name = repository or checkpoint.name
    source = f"[{repository}](https://huggingface.co/{repository})" if repository else name
    lines = ["---", *_front(checkpoint, form, repository), "---", ""]
    lines += [f"# {name}, {'as published' if form is None else form}", ""]
    lines += [f"{MADE_HERE} from {source}.", ""]
    lines += [_MADE[form].format(group=group, tokens=made.calibration_tokens), ""]
    lines += [*_errors(made), *_perplexity(made), *_loading(_is_rounded(checkpoint, form))]
    if (folder / ORIGINAL_CARD).is_file():
        lines += [f"The publisher's own card is in {ORIGINAL_CARD}; its terms hold for these files as well.", ""]
    return "\n".join(lines)


def _front(checkpoint: Checkpoint, form: WeightFormat | None, base: str) -> Iterator[str]:
    published = _published(checkpoint.folder)
    if base:
        yield f"base_model: {_quoted(base)}"
        # What Hugging Face calls the ways in which one model is made from another.
        if form is not None and form.is_integer:
            yield "base_model_relation: quantized"
    yield f"library_name: {'griffin-desk' if _is_rounded(checkpoint, form) else 'transformers'}"
    licence = published.get("license") or ("gemma" if _is_gemma(checkpoint, base) else "")
    if licence:
        yield f"license: {_quoted(licence)}"
    for key in ("license_name", "license_link", "language"):
        if key in published:
            yield f"{key}: {_quoted(published[key])}"
    yield "pipeline_tag: text-generation"
    yield "tags:"
    for tag in ("griffin-desk", "recurrent_gemma", "griffin", *([str(form)] if form is not None else [])):
        yield f"- {tag}"


def _errors(made: Conversion) -> Iterator[str]:
    if not made.matrices:
        return
    calibrated = [one for one in made.matrices if one.output_error is not None]
    yield "## What rounding changed"
    yield ""
    if calibrated:
        mean = sum(one.output_error or 0.0 for one in calibrated) / len(calibrated)
        yield f"Outputs of the {len(calibrated)} calibrated matrices on the calibration text: {mean:.1%} on average."
        yield ""
        yield "| tensor | format | change of its output |"
        yield "|---|---|---|"
        calibrated.sort(key=lambda one: -(one.output_error or 0.0))
        for one in calibrated[:_SHOWN]:
            yield f"| {one.name} | {one.form} | {one.output_error:.2%} |"
    else:
        yield "| tensor | format | largest change of a weight, of the tensor's largest |"
        yield "|---|---|---|"
        for one in sorted(made.matrices, key=lambda one: -one.largest_error)[:_SHOWN]:
            yield f"| {one.name} | {one.form} | {one.largest_error:.3%} |"
    yield ""


def _perplexity(made: Conversion) -> Iterator[str]:
    if made.perplexity_before is None or made.perplexity_after is None:
        return
    yield (
        f"Perplexity of {made.check_tokens:,} tokens of a text that the conversion has not seen, computed in float32: "
        f"{made.perplexity_before:.3f} with the source's weights, {made.perplexity_after:.3f} with these."
    )
    yield ""


def _loading(is_rounded: bool) -> Iterator[str]:
    yield "## How to load it"
    yield ""
    yield "In Griffin Desk: Models, Import, or `griffin-desk models import FOLDER`."
    yield ""
    if not is_rounded:
        yield 'Transformers loads it too: `AutoModelForCausalLM.from_pretrained("FOLDER")`.'
    else:
        yield (
            "The files are plain safetensors: codes, scales and offsets are described under `quantization_config` in "
            "config.json. Transformers does not know this format."
        )
    yield ""


def _published(folder: Path) -> Mapping[str, str]:
    """What the source's card says in its front matter of licence, language and origin, where that is one line each."""
    for name in (ORIGINAL_CARD, CARD):
        try:
            text = (folder / name).read_text(encoding="utf-8")[:_FRONT_CHARACTERS]
        except (OSError, UnicodeDecodeError):
            continue
        if front := _FRONT.match(text):
            return {key: value.strip("\"'") for key, value in _LINE.findall(front[1])}
    return {}


def _is_rounded(checkpoint: Checkpoint, form: WeightFormat | None) -> bool:
    """Whether the new files are integer codes, which this program alone reads."""
    return (form or checkpoint.stored_format).is_integer


def _is_gemma(checkpoint: Checkpoint, base: str) -> bool:
    return "recurrentgemma" in (base or checkpoint.name).lower()


def _quoted(value: Any) -> str:
    """A YAML scalar: plain where it is harmless, in JSON's quotes (which YAML reads) elsewhere."""
    text = str(value)
    return text if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._/-]*", text) else json.dumps(text)
