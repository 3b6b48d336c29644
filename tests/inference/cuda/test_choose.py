"""Whether the CUDA passes are taken: only those that are there, know the format and agree with the plain ones."""

import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from app.inference.checkpoints.builder import build_griffin
from app.inference.checkpoints.registry import open_checkpoint
from app.inference.cuda import choose
from app.inference.cuda.choose import accelerate
from app.inference.cuda.ops import CudaOps
from app.inference.griffin import Griffin
from app.inference.kernels import PLAIN_KERNELS
from app.inference.weight_format import WeightFormat
from tests.checkpoints import KINDS, random_tensors, raw_config, write_checkpoint


def _model(kind: str, folder: Path, device: torch.device, form: WeightFormat = WeightFormat.FLOAT32) -> Griffin:
    raw = raw_config(kind)
    checkpoint = open_checkpoint(write_checkpoint(folder / kind, raw, random_tensors(raw)))
    kernels = PLAIN_KERNELS if form.is_integer else None
    return build_griffin(checkpoint.config, checkpoint.source, form, device, kernels)


@pytest.mark.parametrize(
    ("kind", "form"),
    [(kind, WeightFormat.FLOAT32) for kind in KINDS]
    + [("recurrentgemma", form) for form in (WeightFormat.BFLOAT16, WeightFormat.INT8, WeightFormat.INT4)],
)
def test_passes_that_agree_are_taken(kind: str, form: WeightFormat, tmp_path: Path, device: torch.device) -> None:
    """The weights lie in the passes alone then."""
    choice = accelerate(_model(kind, tmp_path, device, form))
    assert choice.problem is None
    assert choice.model.passes is not None and choice.model.blocks == ()


def test_wrong_results_are_turned_down(tmp_path: Path, device: torch.device, monkeypatch: pytest.MonkeyPatch) -> None:
    """With how far they are off; the model stays as it was."""
    rotate = CudaOps.rotate
    monkeypatch.setattr(CudaOps, "rotate", lambda self, x, cos, sin: rotate(self, x, cos, -sin))
    model = _model("recurrentgemma", tmp_path, device)
    choice = accelerate(model)
    assert choice.model is model
    assert choice.problem is not None and choice.problem.startswith("the Triton kernels' self-test was off by ")


def test_no_number_is_no_agreement(tmp_path: Path, device: torch.device, monkeypatch: pytest.MonkeyPatch) -> None:
    """NaN compares with nothing."""
    monkeypatch.setattr(choose, "self_test", lambda model: float("nan"))
    model = _model("hawk", tmp_path, device)
    choice = accelerate(model)
    assert choice.model is model and choice.problem is not None and "off by nan" in choice.problem


def test_a_kernel_that_fails_is_turned_down(
    tmp_path: Path, device: torch.device, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the compiler or the driver says, in its first line."""

    def fail(*arguments: Any) -> None:
        raise RuntimeError("PTX was compiled with an unsupported toolchain\nand more")

    monkeypatch.setattr(CudaOps, "causal_conv", fail)
    model = _model("griffin", tmp_path, device)
    choice = accelerate(model)
    assert choice.model is model
    assert choice.problem == "a Triton kernel failed (RuntimeError: PTX was compiled with an unsupported toolchain)"


def test_without_triton(tmp_path: Path, device: torch.device, monkeypatch: pytest.MonkeyPatch) -> None:
    """Plain torch, and the reason."""
    monkeypatch.setitem(sys.modules, "app.inference.cuda.kernels", None)
    for name in list(sys.modules):
        if name.startswith("app.inference.cuda.kernels."):
            monkeypatch.delitem(sys.modules, name)
    model = _model("griffin", tmp_path, device)
    assert accelerate(model) == choose.Choice(model, "Triton is not installed")


def test_formats_without_kernels(tmp_path: Path, device: torch.device) -> None:
    """float16 is held for Apple's GPUs only."""
    model = _model("griffin", tmp_path, device, WeightFormat.FLOAT16)
    assert accelerate(model) == choose.Choice(model, "there are no Triton kernels for torch.float16 weights")
