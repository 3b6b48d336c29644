"""A head that is no copy of the embedding is told of, a copy is not."""

from pathlib import Path

import pytest
import torch

from app.inference.checkpoints.names import EMBEDDING, HEAD
from app.inference.checkpoints.registry import open_checkpoint
from app.inference.checkpoints.tied_head import differing_head
from tests.checkpoints import random_tensors, raw_config, write_checkpoint

RAW = raw_config("recurrentgemma")


def test_copy_or_none(tmp_path: Path) -> None:
    """Nothing to tell."""
    tensors = random_tensors(RAW)
    assert differing_head(open_checkpoint(write_checkpoint(tmp_path / "none", RAW, tensors)).source) is None
    tensors[HEAD] = tensors[EMBEDDING].clone()
    assert differing_head(open_checkpoint(write_checkpoint(tmp_path / "copy", RAW, tensors)).source) is None


@pytest.mark.parametrize("change", ["one number", "type", "rows"])
def test_head_of_its_own(change: str, tmp_path: Path) -> None:
    """One number that differs is enough, and another shape or type is no copy."""
    tensors = random_tensors(RAW)
    head = tensors[EMBEDDING].clone()
    head[96, 31] += 1
    tensors[HEAD] = {"one number": head, "type": head.to(torch.bfloat16), "rows": head[:-1].clone()}[change]
    note = differing_head(open_checkpoint(write_checkpoint(tmp_path, RAW, tensors)).source)
    assert note is not None
    assert note.startswith("lm_head.weight differs from model.embed_tokens.weight")
