"""A model's weights as the passes take them, and which models they turn down."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from app.inference.blocks import AttentionBlock, RecurrentBlock
from app.inference.checkpoints.builder import build_griffin
from app.inference.checkpoints.registry import open_checkpoint
from app.inference.cuda.layers import AttentionLayer, Layers, RecurrentLayer
from app.inference.cuda.matrices import FLOATS, INT4_GROUPS, INT8_ROWS, Matrix, UnsupportedError
from app.inference.griffin import Griffin
from app.inference.kernels import PLAIN_KERNELS
from app.inference.linear import DenseLinear
from app.inference.weight_format import WeightFormat
from tests.checkpoints import random_tensors, raw_config, write_checkpoint

Build = Callable[[str], Griffin]


@pytest.fixture
def build(tmp_path: Path, device: torch.device) -> Build:
    """build(weight format) -> a tiny model of two recurrent blocks and one of attention."""
    raw = raw_config("starter", attention_bias=True)
    checkpoint = open_checkpoint(write_checkpoint(tmp_path, raw, random_tensors(raw)))

    def make(form: str) -> Griffin:
        return build_griffin(checkpoint.config, checkpoint.source, WeightFormat(form), device, PLAIN_KERNELS)

    return make


@pytest.mark.parametrize(
    ("form", "dtype", "up", "head"),
    [
        ("float32", torch.float32, FLOATS, FLOATS),
        ("bfloat16", torch.bfloat16, FLOATS, FLOATS),
        ("int8", torch.bfloat16, INT8_ROWS, INT8_ROWS),
        ("int4", torch.bfloat16, INT4_GROUPS, INT8_ROWS),
    ],
)
def test_types(form: str, dtype: torch.dtype, up: int, head: int, build: Build) -> None:
    """Integer weights go with bfloat16 activations; every bias and gate is in their type, the recurrence in float32."""
    layers = Layers.of(build(form))
    assert layers.dtype == dtype and layers.head.form == head and (layers.row_scale is None) == (head == FLOATS)
    matrices = [layers.head]
    for block in layers.blocks:
        assert block.up.form == up
        matrices += [block.gate, block.up, block.down, block.temporal.out]
        if isinstance(block.temporal, RecurrentLayer):
            matrices += [block.temporal.x, block.temporal.y]
            cell = block.temporal.cell
            gates = cell.input_gate, cell.recurrence_gate
            assert all(gate.weight.dtype == dtype and gate.bias.shape == cell.log_decay.shape for gate in gates)
            wide = (cell.conv_weight, cell.conv_bias, cell.log_decay, *(gate.bias for gate in gates))
            assert all(tensor.dtype == torch.float32 for tensor in wide)
        else:
            matrices.append(block.temporal.qkv)
    assert all(matrix.bias is None or matrix.bias.dtype == dtype for matrix in matrices)


def test_weights_are_not_copied(build: Build) -> None:
    """But for what is joined: a GPU's memory holds them once."""
    model = build("float32")
    layers = Layers.of(model)
    for block, plain in zip(layers.blocks, model.blocks, strict=True):
        assert isinstance(plain.mlp.down_proj, DenseLinear)
        assert block.down.weight.data_ptr() == plain.mlp.down_proj.weight.data_ptr()
    assert isinstance(model.head, DenseLinear) and layers.head.weight.data_ptr() == model.head.weight.data_ptr()


def test_queries_keys_and_values_are_joined(build: Build) -> None:
    """Each is a part of one matrix."""
    model = build("int8")
    (layer,) = (block.temporal for block in Layers.of(model).blocks if isinstance(block.temporal, AttentionLayer))
    (plain,) = (block.temporal for block in model.blocks if isinstance(block.temporal, AttentionBlock))
    assert layer.qkv.rows == 32 + 2 * 16
    for part, linear in zip(layer.parts, (plain.q_proj, plain.k_proj, plain.v_proj), strict=True):
        single = Matrix.of(linear, torch.bfloat16)
        assert torch.equal(part.weight, single.weight) and part.rows == single.rows
        assert part.scale is not None and single.scale is not None and torch.equal(part.scale, single.scale)
        assert part.bias is not None and single.bias is not None and torch.equal(part.bias, single.bias)


@pytest.mark.parametrize("form", ["float32", "int8"])
def test_embed(form: str, build: Build, device: torch.device) -> None:
    """float32 rows of the embedding times the model's factor; the embedding stays as it is."""
    model = build(form)
    ids = torch.tensor([[5, 96, 0], [5, 1, 2]], device=device)
    expected = model.embedding(ids) * model.embedding_scale
    layers = Layers.of(model)
    for _ in range(2):
        assert torch.equal(layers.embed(ids), expected)


def test_float16_is_turned_down(build: Build) -> None:
    """There is no kernel for it."""
    with pytest.raises(UnsupportedError, match="float16"):
        Layers.of(build("float16"))


def test_an_unknown_embedding_is_turned_down(build: Build) -> None:
    """By the name of its class."""
    model = replace(build("float32"), embedding=lambda ids: ids)
    with pytest.raises(UnsupportedError, match="an embedding held as function"):
        Layers.of(model)


@pytest.mark.parametrize("pair", ["gate_proj", "linear_y", "k_proj"])
def test_inputs_shared_by_two_formats_are_turned_down(pair: str, build: Build) -> None:
    """Projections that are multiplied together have to be of one format."""
    model, other = build("float32"), build("int8")
    kind = AttentionBlock if pair == "k_proj" else RecurrentBlock
    index = next(i for i, block in enumerate(model.blocks) if isinstance(block.temporal, kind))
    block, source = model.blocks[index], other.blocks[index]
    if pair == "gate_proj":
        block = replace(block, mlp=replace(block.mlp, gate_proj=source.mlp.gate_proj))
    else:
        block = replace(block, temporal=replace(block.temporal, **{pair: getattr(source.temporal, pair)}))
    with pytest.raises(UnsupportedError, match="of one input in different formats"):
        Layers.of(replace(model, blocks=(*model.blocks[:index], block, *model.blocks[index + 1 :])))
