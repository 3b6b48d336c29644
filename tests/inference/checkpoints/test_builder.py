"""Config and tensors become a model: every dtype and layout, and no value that is not finite."""

from collections.abc import Iterator
from math import inf, nan
from pathlib import Path

import pytest
import torch
from torch import Tensor

from app.core.errors import CheckpointError, InternalError
from app.inference.blocks import AttentionBlock, RecurrentBlock
from app.inference.checkpoints.builder import build_griffin
from app.inference.checkpoints.registry import open_checkpoint
from app.inference.dtypes import activation_dtype
from app.inference.griffin import Griffin
from app.inference.int4_linear import Int4GroupLinear
from app.inference.kernels import TOKEN_CLASSES, KernelChoice
from app.inference.linear import Int8RowLinear
from app.inference.weight_format import WeightFormat
from tests.checkpoints import int4_tensors, int8_tensors, random_tensors, raw_config, write_checkpoint

RAW = raw_config("recurrentgemma")
IDS = torch.arange(20)[None]
KERNELS = KernelChoice(dict.fromkeys(TOKEN_CLASSES, "int_mm"), {})
FLOAT32, BFLOAT16, INT8, INT4 = (WeightFormat(name) for name in ("float32", "bfloat16", "int8", "int4"))


@pytest.fixture(autouse=True)
def _no_gradients() -> Iterator[None]:
    with torch.inference_mode():
        yield


def _load(folder: Path, form: WeightFormat | None = None) -> Griffin:
    checkpoint = open_checkpoint(folder)
    form = form or checkpoint.stored_format
    return build_griffin(checkpoint.config, checkpoint.source, form, torch.device("cpu"), KERNELS)


def _logits(model: Griffin) -> Tensor:
    return model.forward(IDS, model.fresh_state())


def _logits_of(folder: Path, tensors: dict[str, Tensor], form: WeightFormat | None = None, shards: int = 1) -> Tensor:
    return _logits(_load(write_checkpoint(folder, RAW, tensors, shards=shards), form))


def test_shards_equal_a_single_file(tmp_path: Path) -> None:
    """Bit for bit."""
    one, three = (_logits_of(tmp_path / str(n), random_tensors(RAW), shards=n) for n in (1, 3))
    assert torch.equal(one, three)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_files_in_float32(dtype: torch.dtype, tmp_path: Path) -> None:
    """float16 and bfloat16 files, read as float32, are the float32 model of the rounded weights, bit for bit."""
    rounded = {name: tensor.to(dtype) for name, tensor in random_tensors(RAW).items()}
    actual = _logits_of(tmp_path / "half", rounded, FLOAT32, shards=2)
    expected = _logits_of(tmp_path / "wide", {name: tensor.float() for name, tensor in rounded.items()}, FLOAT32)
    assert torch.equal(actual, expected)


@pytest.mark.parametrize(
    ("dtype", "form"), [(torch.float32, FLOAT32), (torch.float16, FLOAT32), (torch.bfloat16, BFLOAT16)]
)
def test_the_format_on_disk_is_the_default(dtype: torch.dtype, form: WeightFormat, tmp_path: Path) -> None:
    """float16 counts as float32; activations and windows follow, the recurrence stays float32."""
    tensors = {name: tensor.to(dtype) for name, tensor in random_tensors(RAW).items()}
    folder = write_checkpoint(tmp_path, RAW, tensors)
    assert open_checkpoint(folder).stored_format is form
    model = _load(folder)
    assert model.dtype is activation_dtype(form)
    assert _logits(model).dtype == torch.float32
    assert model.fresh_state().layers[0].h.dtype == torch.float32


def test_bfloat16_is_near_float32(tmp_path: Path) -> None:
    """A twentieth of the largest logit at most: the same model, coarser."""
    expected = _logits_of(tmp_path / "a", random_tensors(RAW), FLOAT32)
    actual = _logits_of(tmp_path / "b", random_tensors(RAW), BFLOAT16)
    assert 0 < float((actual - expected).abs().max()) < 0.05 * float(expected.abs().max())


def test_int8_files_in_float32_are_dequantised(tmp_path: Path) -> None:
    """Codes times scales, bit for bit what a float32 file of those products gives."""
    quantized = int8_tensors(random_tensors(RAW))
    products = {
        name: tensor.float() * quantized[f"{name}_scale"][:, None] if tensor.dtype == torch.int8 else tensor
        for name, tensor in quantized.items()
        if not name.endswith("_scale")
    }
    assert open_checkpoint(write_checkpoint(tmp_path / "int8", RAW, quantized)).stored_format is INT8
    actual = _logits(_load(tmp_path / "int8", FLOAT32))
    assert torch.equal(actual, _logits_of(tmp_path / "float32", products, FLOAT32))


def test_float32_files_in_int8(tmp_path: Path) -> None:
    """Quantised while loading, bit for bit as an int8 file is; near the float32 model."""
    tensors = random_tensors(RAW)
    actual = _logits_of(tmp_path / "float32", tensors, INT8)
    assert torch.equal(actual, _logits_of(tmp_path / "int8", int8_tensors(tensors), INT8))
    expected = _logits_of(tmp_path / "expected", tensors, FLOAT32)
    assert 0 < float((actual - expected).abs().max()) < 0.05 * float(expected.abs().max())


def test_int4_files_are_held_as_they_lie(tmp_path: Path) -> None:
    """Their matrices come out int4 or int8 as stored; in float32 the same numbers are dequantised."""
    folder = write_checkpoint(tmp_path, RAW, int4_tensors(random_tensors(RAW)))
    assert open_checkpoint(folder).stored_format is INT4
    model = _load(folder)
    assert isinstance(model.blocks[0].mlp.up_proj, Int4GroupLinear) and isinstance(model.head, Int8RowLinear)
    attention = model.blocks[2].temporal
    assert isinstance(attention, AttentionBlock) and isinstance(attention.q_proj, Int8RowLinear)
    expected = _logits(_load(folder, FLOAT32))
    # Several tokens at once are multiplied by int8 rows made of the groups: half a 127th of a row's largest weight.
    assert float((_logits(model) - expected).abs().max()) < 2e-2 * float(expected.abs().max())


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_float_files_in_int4(dtype: torch.dtype, tmp_path: Path) -> None:
    """Rounded while loading, bit for bit as an int4 file of nearest codes is."""
    tensors = {name: tensor.to(dtype) for name, tensor in random_tensors(RAW).items()}
    expected = _logits_of(tmp_path / "int4", int4_tensors(tensors), INT4)
    assert torch.equal(_logits_of(tmp_path / "float", tensors, INT4), expected)


def test_int8_files_in_int4_and_int4_files_in_int8(tmp_path: Path) -> None:
    """Both go over the dequantised numbers; what was int8 and stays int8 keeps its codes."""
    eight = _load(write_checkpoint(tmp_path / "8", RAW, int8_tensors(random_tensors(RAW))), INT4)
    assert isinstance(eight.blocks[0].mlp.down_proj, Int4GroupLinear)
    four = _load(write_checkpoint(tmp_path / "4", RAW, int4_tensors(random_tensors(RAW))), INT8)
    assert isinstance(four.blocks[0].mlp.down_proj, Int8RowLinear)
    expected = _logits(_load(tmp_path / "4", FLOAT32))
    assert float((_logits(four) - expected).abs().max()) < 0.05 * float(expected.abs().max())


def test_rows_that_groups_do_not_divide_stay_int8(tmp_path: Path) -> None:
    """Griffin's recurrence of width 48 feeds linear_out; its other matrices have rows of 32 and 64."""
    raw = raw_config("griffin")
    block = _load(write_checkpoint(tmp_path, raw, random_tensors(raw)), INT4).blocks[0].temporal
    assert isinstance(block, RecurrentBlock)
    assert isinstance(block.linear_out, Int8RowLinear) and isinstance(block.linear_x, Int4GroupLinear)


def test_int8_needs_kernels(tmp_path: Path) -> None:
    """To forget the choice is a bug of ours."""
    checkpoint = open_checkpoint(write_checkpoint(tmp_path, RAW, random_tensors(RAW)))
    with pytest.raises(InternalError, match="without a choice of kernels"):
        build_griffin(checkpoint.config, checkpoint.source, INT8, torch.device("cpu"), None)


def test_copy_of_the_head_is_not_read(tmp_path: Path) -> None:
    """The published files hold the tied head twice; the embedding is what counts."""
    tensors = random_tensors(RAW)
    expected = _logits_of(tmp_path / "a", tensors)
    actual = _logits_of(tmp_path / "b", tensors | {"lm_head.weight": tensors["model.embed_tokens.weight"].clone()})
    assert torch.equal(actual, expected)


@pytest.mark.parametrize("value", [nan, inf, -inf])
@pytest.mark.parametrize("name", random_tensors(RAW))
def test_values_that_are_not_finite(name: str, value: float, tmp_path: Path) -> None:
    """One NaN or infinity in any tensor stops the load, by the tensor's name."""
    tensors = random_tensors(RAW)
    tensors[name].view(-1)[-1] = value
    folder = write_checkpoint(tmp_path, RAW, tensors)
    for form in (FLOAT32, INT8):
        with pytest.raises(CheckpointError, match=f"{name} holds values that are not finite"):
            _load(folder, form)


@pytest.mark.parametrize("form", [FLOAT32, INT8])
def test_scales_that_are_not_finite(form: WeightFormat, tmp_path: Path) -> None:
    """int8 codes cannot be NaN, their scales can."""
    tensors = int8_tensors(random_tensors(RAW))
    name = "model.layers.1.mlp_block.down_proj.weight_scale"
    tensors[name][3] = nan
    with pytest.raises(CheckpointError, match=f"{name} holds values that are not finite"):
        _load(write_checkpoint(tmp_path, RAW, tensors), form)
