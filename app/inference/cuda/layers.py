"""A model's weights as the CUDA passes take them: matrices of any format, gates in the activations' dtype."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F  # noqa: N812 (the field's usual name)
from torch import Tensor

from app.inference.blocks import AttentionBlock, RecurrentBlock, ResidualBlock
from app.inference.config import Activation
from app.inference.cuda.matrices import Matrix, UnsupportedError
from app.inference.griffin import Griffin
from app.inference.layers import BlockDiagonal, RecurrentCell
from app.inference.linear import DenseEmbedding, Int8RowEmbedding
from app.inference.shapes import TokenIds


@dataclass(frozen=True, slots=True)
class RecurrentLayer:
    """A recurrent block's matrices and cell; the cell's gates are in the activations' dtype, biases (e,) float32."""

    x: Matrix
    y: Matrix
    out: Matrix
    cell: RecurrentCell


@dataclass(frozen=True, slots=True)
class AttentionLayer:
    """An attention block's matrices. qkv: queries, keys and values joined; ends: where the rows of each end."""

    qkv: Matrix
    ends: tuple[int, int, int]
    out: Matrix

    @property
    def parts(self) -> tuple[Matrix, Matrix, Matrix]:
        """The matrices of queries, keys and values, in the joined one's memory."""
        q, k, v = self.ends
        return self.qkv.part(0, q), self.qkv.part(q, k), self.qkv.part(k, v)


@dataclass(frozen=True, slots=True)
class Block:
    """One residual block."""

    temporal_gain: Tensor
    temporal: RecurrentLayer | AttentionLayer
    channel_gain: Tensor
    gate: Matrix
    up: Matrix
    down: Matrix


@dataclass(frozen=True, slots=True)
class Layers:
    """A whole model. dtype: of activations, float32 or bfloat16; integer weights go with bfloat16."""

    blocks: tuple[Block, ...]
    embedding: Tensor
    row_scale: Tensor | None
    embedding_scale: float
    final_gain: Tensor
    head: Matrix
    eps: float
    soft_cap: float
    activation: Activation
    head_dim: int
    rotary_dim: int
    rope_base: float
    dtype: torch.dtype

    @classmethod
    def of(cls, model: Griffin) -> Layers:
        """The weights of a model, not copied but for gates and joined projections.

        UnsupportedError: it has a format, or a mixture of formats, for which there are no kernels.
        """
        config = model.config
        dtype = model.dtype if Matrix.of(model.head).is_float else torch.bfloat16
        if dtype not in (torch.float32, torch.bfloat16):
            raise UnsupportedError(f"{dtype} activations")
        embedding, row_scale = _embedding(model)
        return cls(
            blocks=tuple(_block(block, dtype) for block in model.blocks),
            embedding=embedding,
            row_scale=row_scale,
            embedding_scale=model.embedding_scale,
            final_gain=model.final_gain,
            head=Matrix.of(model.head, dtype),
            eps=config.rms_norm_eps,
            soft_cap=config.logits_soft_cap,
            activation=config.activation,
            head_dim=config.head_dim,
            rotary_dim=config.rotary_dim,
            rope_base=config.rope_base,
            dtype=dtype,
        )

    def embed(self, ids: TokenIds) -> Tensor:
        """ids (b, t) -> (b, t, d) float32, scaled; a new tensor."""
        rows = F.embedding(ids, self.embedding).float()
        if self.row_scale is not None:
            rows *= self.row_scale[ids][..., None]
        return rows * self.embedding_scale


def _block(block: ResidualBlock, dtype: torch.dtype) -> Block:
    mlp, temporal = block.mlp, block.temporal
    gate, up = Matrix.of(mlp.gate_proj, dtype), Matrix.of(mlp.up_proj, dtype)
    _require_alike(gate, up)
    return Block(
        block.temporal_gain,
        _recurrent(temporal, dtype) if isinstance(temporal, RecurrentBlock) else _attention(temporal, dtype),
        block.channel_gain,
        gate,
        up,
        Matrix.of(mlp.down_proj, dtype),
    )


def _recurrent(block: RecurrentBlock, dtype: torch.dtype) -> RecurrentLayer:
    x, y = Matrix.of(block.linear_x, dtype), Matrix.of(block.linear_y, dtype)
    _require_alike(x, y)
    cell = block.cell

    def gate(old: BlockDiagonal) -> BlockDiagonal:
        return BlockDiagonal(old.weight.to(dtype).contiguous(), old.bias.reshape(-1))

    return RecurrentLayer(
        x,
        y,
        Matrix.of(block.linear_out, dtype),
        RecurrentCell(
            conv_weight=cell.conv_weight.float(),
            conv_bias=cell.conv_bias.float(),
            input_gate=gate(cell.input_gate),
            recurrence_gate=gate(cell.recurrence_gate),
            log_decay=cell.log_decay,
        ),
    )


def _attention(block: AttentionBlock, dtype: torch.dtype) -> AttentionLayer:
    parts = [Matrix.of(linear, dtype) for linear in (block.q_proj, block.k_proj, block.v_proj)]
    joined = Matrix.joined(parts)
    q, k = parts[0].rows, parts[0].rows + parts[1].rows
    return AttentionLayer(joined, (q, k, joined.rows), Matrix.of(block.o_proj, dtype))


def _require_alike(first: Matrix, second: Matrix) -> None:
    if (first.form, first.group, first.bias is None) != (second.form, second.group, second.bias is None):
        raise UnsupportedError("two projections of one input in different formats")


def _embedding(model: Griffin) -> tuple[Tensor, Tensor | None]:
    if isinstance(model.embedding, DenseEmbedding):
        return model.embedding.weight, None
    if isinstance(model.embedding, Int8RowEmbedding):
        return model.embedding.weight, model.embedding.scale
    raise UnsupportedError(f"an embedding held as {type(model.embedding).__name__}")
