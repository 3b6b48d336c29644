"""Which files of a repository this program needs, and whether the repository holds a model for it at all."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePosixPath, PureWindowsPath

from app.core.errors import UserError
from app.core.text import one_line
from app.inference.checkpoints.weight_files import INDEX_FILE, SINGLE_FILE
from app.inference.config import CONFIG_FILE
from app.services.hub.repository import did_you_mean

MODEL_TYPE = "recurrent_gemma"

_BESIDE = re.compile(
    r"config\.json|generation_config\.json|tokenizer[\w.-]*\.(json|model)|special_tokens_map\.json|added_tokens\.json"
    r"|chat_template\.(jinja|json)|README\.md|LICENSE[\w.-]*|NOTICE[\w.-]*"
)
_GRIFFIN = re.compile(r"recurrent-?gemma|griffin")
_SHARD = re.compile(r"model-\d{5}-of-\d{5}\.safetensors")


def check_names(repository: str, names: Sequence[str]) -> None:
    """UserError (hub-damaged) where a listing names a file outside of its folder, as no honest one does."""
    for name in names:
        parts = PurePosixPath(name).parts
        if (
            not name
            or ".." in parts
            or name.startswith("/")
            or "\\" in name
            or PureWindowsPath(name).drive
            or any(ord(character) < 32 for character in name)
        ):
            raise UserError(
                f"{repository} lists a file named {one_line(name)[:80]!r}, which would lie outside of the model's "
                "folder: nothing was fetched; take the model from another repository",
                code="hub-damaged",
            )


def needed_files(repository: str, names: Sequence[str]) -> list[str]:
    """The files to fetch, those beside the weights first. UserError (hub-model) where there are no weights to take.

    Weights are safetensors; where a repository has none, DeepMind's own `.pt` files. Never those of another format,
    nor copies of the same weights under another name.
    """
    top = [name for name in names if "/" not in name]
    beside = sorted((name for name in top if _BESIDE.fullmatch(name)), key=lambda name: (name != CONFIG_FILE, name))
    return beside + _weights(repository, names, top)


def check_model_type(repository: str, model_type: object, *, deepmind: bool = False) -> None:
    """UserError (hub-model) where a config.json does not say that it belongs to a model of this kind.

    deepmind: the weights are DeepMind's `.pt`, whose config.json need not say it where the repository's name does.
    """
    if model_type == MODEL_TYPE or (deepmind and model_type is None and _GRIFFIN.search(repository.lower())):
        return
    said = f"is a model of the kind {one_line(model_type)[:40]!r}" if isinstance(model_type, str) else "names no kind"
    raise UserError(
        f"{repository} {said}, expected {MODEL_TYPE!r}: this program reads with RecurrentGemma models only"
        f"{did_you_mean(repository)}",
        code="hub-model",
    )


def _weights(repository: str, names: Sequence[str], top: Sequence[str]) -> list[str]:
    safetensors = sorted(name for name in top if name.endswith(".safetensors"))
    if SINGLE_FILE in safetensors:
        return [SINGLE_FILE]
    shards = [name for name in safetensors if _SHARD.fullmatch(name)]
    if shards:
        return [*(name for name in top if name == INDEX_FILE), *shards]
    if safetensors:
        return safetensors
    # Without a config.json only its name says what a .pt file may be.
    if torch_files := sorted(name for name in top if name.endswith(".pt")):
        if CONFIG_FILE not in top:
            check_model_type(repository, None, deepmind=True)
        return torch_files
    kinds = sorted({PurePosixPath(name).suffix for name in names} & {".bin", ".gguf", ".h5", ".msgpack", ".onnx"})
    flax = any(PurePosixPath(name).name in ("_METADATA", "checkpoint") for name in names)
    held = "weights for Flax" if flax else f"weights as {', '.join(kinds)}" if kinds else "no weights"
    raise UserError(
        f"{repository} holds {held}, expected *.safetensors or DeepMind's .pt"
        f"{did_you_mean(repository) or ': take another repository'}",
        code="hub-model",
    )
