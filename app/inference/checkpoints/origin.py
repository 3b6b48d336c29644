"""Where a model's files come from, as far as the files and their place tell: what is made of them carries it on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from app.inference.checkpoints.locate import cached_repository
from app.inference.instruction_tuning import is_instruction_tuned
from app.inference.manifest import Manifest


def origin_of(folder: Path, name: str, known: Manifest | None) -> Manifest:
    """Where a model's files come from: the record in its folder, else where huggingface-hub's cache has them from.

    known: that record, None where there is none; outside the cache the result names no source then. name: what the
    publisher calls the model; whether it was trained to converse is recorded too, for a folder of another name would
    not show it.
    """
    if known is None:
        cached = cached_repository(folder.absolute())
        known = (
            Manifest(f"{cached.repository} at {cached.revision[:12]}", {}, cached.repository, cached.revision)
            if cached
            else Manifest("")
        )
    return replace(known, instruction_tuned=is_instruction_tuned(folder, name))
