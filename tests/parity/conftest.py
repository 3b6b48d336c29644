"""Models for the parity tests: tiny random ones of every kind, and the starter."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from app.inference.checkpoints.builder import build_griffin
from app.inference.checkpoints.registry import open_checkpoint
from app.inference.compiled import load_compiled
from app.inference.griffin import Griffin
from app.inference.kernels import TOKEN_CLASSES, TOKEN_ROW, KernelChoice
from app.inference.weight_format import WeightFormat
from tests.checkpoints import random_tensors, raw_config, write_checkpoint

PLAIN = KernelChoice(dict.fromkeys(TOKEN_CLASSES, "int_mm"), {})
"""Plain torch throughout."""

Build = Callable[..., Griffin]


@pytest.fixture(autouse=True)
def _no_gradients() -> Any:
    with torch.inference_mode():
        yield


@pytest.fixture
def build(tmp_path: Path) -> Build:
    """build(kind, **config changes) -> a tiny random float32 model loaded from a checkpoint on disk."""

    def make(kind: str, **changes: Any) -> Griffin:
        raw = raw_config(kind, **changes)
        folder = write_checkpoint(tmp_path / kind, raw, random_tensors(raw))
        checkpoint = open_checkpoint(folder)
        return build_griffin(checkpoint.config, checkpoint.source, WeightFormat.FLOAT32, torch.device("cpu"), None)

    return make


@pytest.fixture(scope="session")
def compiled_kernels(tmp_path_factory: pytest.TempPathFactory) -> KernelChoice:
    """The compiled passes, with the float product for single tokens."""
    compiled = load_compiled(tmp_path_factory.mktemp("cache"))
    assert compiled is not None
    return KernelChoice({**PLAIN.chosen, 1: TOKEN_ROW}, {}, compiled)


def load_starter(folder: Path, weight_format: WeightFormat, kernels: KernelChoice = PLAIN) -> Griffin:
    """The starter model in one weight format."""
    checkpoint = open_checkpoint(folder)
    return build_griffin(
        checkpoint.config, checkpoint.source, weight_format, torch.device("cpu"), kernels, kernels.compiled
    )
