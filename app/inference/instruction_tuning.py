"""Whether a model was trained to converse, by its record or its name: nothing else in a checkpoint says so."""

from __future__ import annotations

import re
from pathlib import Path

from app.inference.manifest import read_manifest

_INSTRUCTION_TUNED = re.compile(r"(?:^|[-_])\d+b[-_](?:it|instruct)(?![^\W_])", re.IGNORECASE)

# Google's names of the base models, as they are or with a weight format behind; anything else may be trained further.
_BASE = re.compile(
    r"(?:recurrentgemma[-_])?[29]b(?:[-_](?:int[48]|b?f(?:loat|p)?(?:16|32)|flax|pytorch))*", re.IGNORECASE
)


def is_instruction_tuned(folder: Path, name: str = "") -> bool | None:
    """Whether the model was trained to converse, as its manifest says, else its name; None where neither does.

    Only a name of its own makes a base model of one that has a template: what was trained further may lie within the
    folder of what it was made from.

    name: what its publisher calls it (Located.name), which of several models in a folder tells the one that is meant.
    """
    manifest = read_manifest(folder)
    if manifest is not None and manifest.instruction_tuned is not None:
        return manifest.instruction_tuned
    repository = manifest.repository if manifest is not None else ""
    # In huggingface-hub's cache a model lies in models--google--recurrentgemma-2b/snapshots/REVISION.
    cached = folder.parent.parent.name.rsplit("--", 1)[-1] if folder.parent.name == "snapshots" else ""
    for own in (repository.rsplit("/", 1)[-1], name, cached, folder.name):
        if _BASE.fullmatch(own):
            return False
        if _INSTRUCTION_TUNED.search(own):
            return True
    # The weights' name (2b-it.pt), or that of one of the two folders above (a version number may be in between).
    names = [*(path.name for path in folder.iterdir()), folder.parent.name, folder.parent.parent.name]
    return True if any(_INSTRUCTION_TUNED.search(near) for near in names) else None
