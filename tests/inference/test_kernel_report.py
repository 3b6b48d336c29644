"""What `doctor` says of the kernels."""

from pathlib import Path

import pytest
import torch
from torch import Tensor

from app.inference import compiled as compiled_module
from app.inference import kernels
from app.inference.compiled import load_compiled
from app.inference.kernel_report import kernel_report
from app.inference.kernels import MATMULS, KernelChoice, choose_kernels
from app.inference.mps import MpsOps
from app.inference.ops import TorchOps


def test_every_number_of_tokens_has_its_product() -> None:
    """With its time, those of the others behind it, and what was turned down."""
    choice = KernelChoice(
        {1: "int_mm", 8: "by_row", 256: "float_mm"},
        {
            "1 int_mm": 0.00042,
            "1 float_mm": 0.0031,
            "1 by_row": None,
            "8 by_row": 0.0015,
            "8 float_mm": 0.0031,
            "256 float_mm": 0.21,
        },
    )
    assert kernel_report(TorchOps(), choice) == {
        "passes between products": "plain torch",
        "int8 product for 1 token": "int_mm, 0.42 ms (float_mm 3.1 ms)",
        "int8 product for 2 to 255 tokens": "by_row, 1.5 ms (float_mm 3.1 ms)",
        "int8 product for 256 tokens or more": "float_mm, 210 ms",
        "turned down": "by_row: a wrong result, or missing here",
    }


def test_other_formats_have_passes_only() -> None:
    """There is no choice of products where weights are floats."""
    assert kernel_report(MpsOps(torch.float16), None) == {
        "passes between products": "torch for Apple's GPUs (not measured)"
    }


def test_a_wrong_product_is_never_used_and_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """One that is quick and saturates, as x86 without VNNI may: out for every number of tokens."""

    def quick_and_wrong(codes: Tensor, weight: Tensor) -> Tensor:
        return torch.zeros((codes.shape[0], weight.shape[0]), dtype=torch.int32)

    monkeypatch.setitem(MATMULS, "int_mm", quick_and_wrong)
    choice = choose_kernels(64, 32, None, cache_dir=tmp_path)
    assert "int_mm" not in choice.chosen.values()
    assert kernel_report(TorchOps(), choice)["turned down"] == "int_mm: a wrong result, or missing here"
    # Kept so between starts.
    monkeypatch.setattr(kernels, "self_test", lambda *_: pytest.fail("tested again"))
    assert kernel_report(TorchOps(), choose_kernels(64, 32, None, cache_dir=tmp_path))["turned down"].startswith("int_")


def test_a_wrong_pass_is_never_used_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A compiled norm that is off by a factor: torch does all the passes' work."""
    right = compiled_module.Compiled.rms_norm
    monkeypatch.setattr(compiled_module.Compiled, "rms_norm", lambda *arguments: 1.1 * right(*arguments))
    told: list[str] = []
    assert load_compiled(None, told.append) is None
    (reason,) = told
    assert reason.startswith("compiled passes are not used (pass ")
    assert reason.endswith("): plain torch does their work, which is slower")
