"""Config and tensors -> a Griffin model, block by block."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F  # noqa: N812 (the field's usual name)

from app.inference.blocks import AttentionBlock, Mlp, RecurrentBlock, ResidualBlock
from app.inference.checkpoints import names
from app.inference.checkpoints.quantized import MatrixLoader, stored_format
from app.inference.checkpoints.source import TensorSource
from app.inference.config import BlockType, GriffinConfig
from app.inference.dtypes import activation_dtype
from app.inference.griffin import Griffin, embedding_scale
from app.inference.kernels import KernelChoice
from app.inference.layers import RG_LRU_C, BlockDiagonal, RecurrentCell
from app.inference.ops import Ops, TorchOps
from app.inference.weight_format import WeightFormat


def build_griffin(
    config: GriffinConfig,
    source: TensorSource,
    weight_format: WeightFormat,
    device: torch.device,
    kernels: KernelChoice | None,
    ops: Ops | None = None,
) -> Griffin:
    """The model in the given weight format, from tensors that check.py has seen.

    kernels: the integer products, needed for int8 and int4 only. ops: the passes between products, None for plain
    torch; compiled ones need float32 activations on the CPU.

    CheckpointError: a tensor cannot be read or holds a value that is not finite.
    """
    loader = MatrixLoader(source, weight_format, device, kernels, stored_format(source))
    return _Builder(config, loader, ops or TorchOps()).build()


def build_block(config: GriffinConfig, loader: MatrixLoader, ops: Ops, index: int) -> ResidualBlock:
    """One block alone, for work that goes through a model block by block. CheckpointError as for build_griffin."""
    return _Builder(config, loader, ops).block(index)


@dataclass(frozen=True, slots=True)
class _Builder:
    config: GriffinConfig
    loader: MatrixLoader
    ops: Ops

    def build(self) -> Griffin:
        embedding, head = self.loader.embedding(names.EMBEDDING)
        return Griffin(
            config=self.config,
            embedding=embedding,
            embedding_scale=embedding_scale(self.config),
            blocks=tuple(self.block(index) for index in range(len(self.config.block_types))),
            final_gain=self._gain(names.FINAL_NORM),
            head=head,
            ops=self.ops,
            dtype=activation_dtype(self.loader.format),
            device=self.loader.device,
        )

    def block(self, index: int) -> ResidualBlock:
        prefix = names.block(index)
        recurrent = self.config.block_types[index] is BlockType.RECURRENT
        temporal = f"{prefix}temporal_block."
        return ResidualBlock(
            temporal_gain=self._gain(prefix + names.TEMPORAL_NORM),
            temporal=self._recurrent(temporal) if recurrent else self._attention(temporal),
            channel_gain=self._gain(prefix + names.CHANNEL_NORM),
            mlp=Mlp(
                gate_proj=self.loader.linear(f"{prefix}mlp_block.gate_proj"),
                up_proj=self.loader.linear(f"{prefix}mlp_block.up_proj"),
                down_proj=self.loader.linear(f"{prefix}mlp_block.down_proj"),
                activation=self.config.activation,
                ops=self.ops,
            ),
            eps=self.config.rms_norm_eps,
            ops=self.ops,
        )

    def _recurrent(self, prefix: str) -> RecurrentBlock:
        vector, linear = self.loader.vector, self.loader.linear
        dtype = activation_dtype(self.loader.format)
        return RecurrentBlock(
            linear_x=linear(f"{prefix}linear_x"),
            linear_y=linear(f"{prefix}linear_y"),
            linear_out=linear(f"{prefix}linear_out"),
            cell=RecurrentCell(
                # (e, 1, c) in the file; one contiguous row per tap here.
                conv_weight=vector(f"{prefix}conv_1d.weight", dtype)[:, 0].t().contiguous(),
                conv_bias=vector(f"{prefix}conv_1d.bias", dtype),
                input_gate=self._gate(f"{prefix}rg_lru.input_gate"),
                recurrence_gate=self._gate(f"{prefix}rg_lru.recurrent_gate"),
                # The checkpoint's parameter enters as softplus(+a_param); the paper's Lambda is its negative.
                log_decay=-RG_LRU_C * F.softplus(vector(f"{prefix}rg_lru.recurrent_param")),
            ),
            activation=self.config.activation,
            ops=self.ops,
        )

    def _attention(self, prefix: str) -> AttentionBlock:
        bias = self.config.attention_bias
        q, k, v = (self.loader.linear(f"{prefix}{stem}", bias=bias) for stem in ("q_proj", "k_proj", "v_proj"))
        return AttentionBlock(q, k, v, self.loader.linear(f"{prefix}o_proj"), self.config.head_dim, self.ops)

    def _gain(self, name: str) -> torch.Tensor:
        return 1.0 + self.loader.vector(name)

    def _gate(self, stem: str) -> BlockDiagonal:
        return BlockDiagonal(self.loader.vector(f"{stem}_weight"), self.loader.vector(f"{stem}_bias"))
