"""The path of Apple's GPUs, run on the CPU: the same operations on tensors that lie there."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from app.core.errors import CheckpointError
from app.inference import batch, griffin, layers
from app.inference.checkpoints.builder import build_griffin
from app.inference.checkpoints.registry import open_checkpoint
from app.inference.config import Activation
from app.inference.griffin import Griffin
from app.inference.layers import rotary_angles
from app.inference.mps import MpsOps
from app.inference.ops import Ops
from app.inference.weight_format import WeightFormat
from tests.checkpoints import KINDS, random_tensors, raw_config, write_checkpoint

CPU = torch.device("cpu")
IDS = torch.randint(0, 97, (1, 300), generator=torch.Generator().manual_seed(8))


@pytest.fixture(autouse=True)
def _like_mps(monkeypatch: pytest.MonkeyPatch) -> Any:
    for name in ("WITHOUT_FLOAT64", "WITHOUT_GROUPED_ATTENTION"):
        monkeypatch.setattr(layers, name, frozenset({"cpu"}))
    with torch.inference_mode():
        yield


@pytest.fixture(params=KINDS)
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A tiny float32 model of each kind."""
    raw = raw_config(request.param)
    return write_checkpoint(tmp_path / request.param, raw, random_tensors(raw))


def _model(folder: Path, form: str, ops: Ops | None) -> Griffin:
    checkpoint = open_checkpoint(folder)
    return build_griffin(checkpoint.config, checkpoint.source, WeightFormat(form), CPU, None, ops)


def _logits(model: Griffin, chunks: list[int]) -> Tensor:
    state = model.fresh_state()
    return torch.cat([model.forward(part, state) for part in IDS.split(chunks, dim=1)], dim=1)


@pytest.mark.parametrize("chunks", [[300], [1, 130, 1, 1, 128, 39]])
@pytest.mark.parametrize(
    ("form", "dtype", "tolerance"),
    [("float32", torch.float32, 1e-5), ("float16", torch.float16, 5e-3), ("bfloat16", torch.bfloat16, 4e-2)],
)
def test_equals_plain_torch(form: str, dtype: torch.dtype, tolerance: float, chunks: list[int], folder: Path) -> None:
    """Logits of every token, over many windows and in chunks, against the float32 model in plain torch."""
    expected = _logits(_model(folder, "float32", None), [300])
    found = _logits(_model(folder, form, MpsOps(dtype)), chunks)
    assert float((found - expected).norm() / expected.norm()) <= tolerance


class _NoFloat64(TorchDispatchMode):
    """Refuses what MPS has not."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        for tensor in out if isinstance(out, tuple | list) else (out,):
            if isinstance(tensor, Tensor) and tensor.dtype == torch.float64:
                raise TypeError(f"{func} gives float64")
        return out


def test_no_float64_outside_of_the_angles(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading and writing; the angles' own float64 is on the CPU wherever the model is."""
    model = _model(folder, "float16", MpsOps(torch.float16))
    config = model.config
    at = {t: rotary_angles(torch.arange(t, t + n), config.rotary_dim, config.rope_base) for t, n in ((0, 50), (50, 1))}
    for module in (griffin, batch):
        monkeypatch.setattr(module, "rotary_angles", lambda positions, *_: at[int(positions[0])])
    state = model.fresh_state()
    with _NoFloat64():
        model.forward(IDS[:, :50], state)
        model.forward(IDS[:, 50:51], state)
        with pytest.raises(TypeError, match="float64"):
            torch.ones(1).double()


def test_angles_far_out_are_exact() -> None:
    """At position one million, where float32 would be off by 0.06 rad."""
    cos, _ = rotary_angles(torch.tensor([1_000_003]), 2, 10_000.0)
    assert cos.dtype == torch.float32
    assert cos.item() == pytest.approx(torch.tensor(1_000_003.0, dtype=torch.float64).cos().item(), abs=1e-6)


def test_float16_keeps_a_large_residual(tmp_path: Path) -> None:
    """Each block adds numbers that float16 can hold to a sum that it cannot: the logits stay finite and right."""
    raw = raw_config("recurrentgemma", num_hidden_layers=24)
    tensors = random_tensors(raw)
    for name in tensors:
        if name.endswith(("down_proj.weight", "o_proj.weight", "linear_out.weight")):
            tensors[name] *= 1.8e3
    folder = write_checkpoint(tmp_path / "large", raw, tensors)
    plain = _model(folder, "float32", None)
    x = plain.embedding(IDS) * plain.embedding_scale
    state = plain.fresh_state()
    step = plain._step(0, IDS.shape[1])
    for block, layer in zip(plain.blocks, state.layers, strict=True):
        x = block(x, layer, step)
    assert float(x.abs().max()) > 65_504
    expected = _logits(plain, [300])
    found = _logits(_model(folder, "float16", MpsOps(torch.float16)), [300])
    assert float((found - expected).norm() / expected.norm()) <= 1e-2


def test_gated_products_are_cut() -> None:
    """At float16's largest number, with their sign; never infinite."""
    x, up = torch.tensor([[[300.0, 300.0, 2.0]]]).half(), torch.tensor([[[300.0, -300.0, 3.0]]]).half()
    out = MpsOps(torch.float16).gate(x, up, Activation.SILU)
    assert out[0, 0, :2].tolist() == [65_504.0, -65_504.0]
    assert out[0, 0, 2].item() == pytest.approx(2 * torch.sigmoid(torch.tensor(2.0)).item() * 3, rel=1e-3)


def test_weights_beyond_float16(tmp_path: Path) -> None:
    """Named when the model is loaded, with what to do."""
    raw = raw_config("hawk")
    tensors = random_tensors(raw)
    tensors["model.layers.0.mlp_block.up_proj.weight"][0, 0] = 1e5
    folder = write_checkpoint(tmp_path / "hawk", raw, tensors)
    with pytest.raises(CheckpointError, match=r"up_proj.weight holds values beyond float16's 65,504: use --weight-f"):
        _model(folder, "float16", MpsOps(torch.float16))
