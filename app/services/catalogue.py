"""The models that there are for this program: those on this machine, and those that can be fetched."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING

from app.inference.checkpoints.names import expected_shapes
from app.inference.config import GriffinConfig
from app.inference.presets import PRESETS

if TYPE_CHECKING:
    from app.inference.fit import Fit


class ModelStatus(StrEnum):
    """Where a model is."""

    BUNDLED = "bundled"
    """It came with the program."""
    INSTALLED = "installed"
    """Among the user's models."""
    PAUSED = "paused"
    """Its download has begun and is not finished."""
    AVAILABLE = "available"
    """It can be fetched."""
    DAMAGED = "damaged"
    """It is on this machine and cannot be used; `CatalogueEntry.problem` says why."""


@dataclass(frozen=True, slots=True)
class PublishedModel:
    """A model that Google publishes on the Hugging Face hub."""

    repository: str
    title: str
    config: GriffinConfig
    instruction_tuned: bool
    download_nbytes: int
    """About; the hub says it exactly once the download is planned. The 9B's files hold the embedding twice."""

    @property
    def name(self) -> str:
        """Of its folder among the user's models."""
        return self.repository.split("/")[1]


def _published(size: str, title: str, nbytes: int) -> tuple[PublishedModel, PublishedModel]:
    return (
        PublishedModel(f"google/recurrentgemma-{size}-it", f"{title}, instruction-tuned", PRESETS[size], True, nbytes),
        PublishedModel(f"google/recurrentgemma-{size}", f"{title}, base", PRESETS[size], False, nbytes),
    )


PUBLISHED = (
    *_published("2b", "RecurrentGemma 2B", 5_366_000_000),
    *_published("9b", "RecurrentGemma 9B", 19_280_000_000),
)
"""All in bfloat16. Sizes: two bytes a parameter (2B), the published shards (9B)."""

STARTER_TITLE = "Starter model"


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """One model, as the list of models shows it."""

    name: str
    """What commands call it; for a model that is not here, its folder's name once it is."""
    title: str
    status: ModelStatus
    repository: str = ""
    """On the hub, where it comes from there."""
    path: Path | None = None
    nbytes: int = 0
    """On the disk, or of the whole download."""
    done_bytes: int = 0
    """Of an unfinished download."""
    parameters: int = 0
    """0 where that is not known."""
    weight_format: str = ""
    """Of the files; "" where that is not known."""
    instruction_tuned: bool | None = None
    """None where that is not known before it is loaded."""
    source: str = ""
    """Where the files come from, in words."""
    fit: Fit | None = None
    """How it will run on this machine; None where its files do not say what it is."""
    problem: str = ""
    """Why it cannot be used, a sentence."""
    licence_url: str = ""
    """The page on which its licence is accepted."""


def published(name: str) -> PublishedModel | None:
    """The published model of this repository or name, whatever the case of its letters."""
    return next((model for model in PUBLISHED if name.lower() in (model.repository, model.name)), None)


def parameters_of(config: GriffinConfig) -> int:
    """Numbers that a model of this config learnt."""
    return sum(prod(shape) for _, shape in expected_shapes(config))


def title_of(name: str, config: GriffinConfig, *, instruction_tuned: bool | None, weight_format: str) -> str:
    """What a model is, in words: `RecurrentGemma 2B, instruction-tuned, int8`; another shape by its size."""
    size = next((key for key, preset in PRESETS.items() if _same_size(preset, config)), None)
    if size is not None:
        words = [f"RecurrentGemma {size.upper()}"]
    else:
        words = [f"Griffin {parameters_of(config) / 1e6:,.0f}M"]
    if instruction_tuned is not None:
        words.append("instruction-tuned" if instruction_tuned else "base")
    if weight_format and weight_format != "bfloat16":
        words.append(weight_format)
    return ", ".join(words)


def _same_size(one: GriffinConfig, other: GriffinConfig) -> bool:
    return (one.width, one.mlp_width, len(one.block_types), one.vocab_size) == (
        other.width,
        other.mlp_width,
        len(other.block_types),
        other.vocab_size,
    )
