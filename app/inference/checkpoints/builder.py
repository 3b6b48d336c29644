"""Config and tensors -> a Griffin model, block by block."""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812 (the field's usual name)

from app.inference.blocks import AttentionBlock, BlockDiagonal, Mlp, RecurrentBlock, ResidualBlock
from app.inference.checkpoints import names
from app.inference.checkpoints.quantized import MatrixLoader, WeightFormat
from app.inference.checkpoints.source import TensorSource
from app.inference.config import BlockType, GriffinConfig
from app.inference.griffin import Griffin, embedding_scale
from app.inference.kernels import KernelChoice
from app.inference.layers import RG_LRU_C
from app.inference.scan import rnn_scan


def build_griffin(
    config: GriffinConfig,
    source: TensorSource,
    weight_format: WeightFormat,
    device: torch.device,
    kernels: KernelChoice | None,
) -> Griffin:
    """The model in the given weight format, from tensors that check.py has seen.

    CheckpointError: a tensor cannot be read or holds a value that is not finite.
    """
    loader = MatrixLoader(source, weight_format, device, kernels)
    embedding, head = loader.embedding(names.EMBEDDING)
    blocks = tuple(_residual_block(config, loader, index) for index in range(len(config.block_types)))
    return Griffin(
        config=config,
        embedding=embedding,
        embedding_scale=embedding_scale(config),
        blocks=blocks,
        final_gain=_gain(loader, names.FINAL_NORM),
        head=head,
        dtype=weight_format.dtype,
        device=device,
    )


def _gain(loader: MatrixLoader, name: str) -> torch.Tensor:
    return 1.0 + loader.vector(name)


def _residual_block(config: GriffinConfig, loader: MatrixLoader, index: int) -> ResidualBlock:
    prefix = names.block(index)
    recurrent = config.block_types[index] is BlockType.RECURRENT
    return ResidualBlock(
        temporal_gain=_gain(loader, prefix + names.TEMPORAL_NORM),
        temporal=_recurrent(config, loader, prefix) if recurrent else _attention(config, loader, prefix),
        channel_gain=_gain(loader, prefix + names.CHANNEL_NORM),
        mlp=Mlp(
            gate_proj=loader.linear(f"{prefix}mlp_block.gate_proj"),
            up_proj=loader.linear(f"{prefix}mlp_block.up_proj"),
            down_proj=loader.linear(f"{prefix}mlp_block.down_proj"),
            activation=config.activation,
        ),
        eps=config.rms_norm_eps,
    )


def _recurrent(config: GriffinConfig, loader: MatrixLoader, prefix: str) -> RecurrentBlock:
    prefix += "temporal_block."
    dtype = loader.format.dtype
    # (e, 1, c) in the file; one contiguous row per tap here.
    conv_weight = loader.vector(f"{prefix}conv_1d.weight", dtype)[:, 0].t().contiguous()
    return RecurrentBlock(
        linear_x=loader.linear(f"{prefix}linear_x"),
        linear_y=loader.linear(f"{prefix}linear_y"),
        linear_out=loader.linear(f"{prefix}linear_out"),
        conv_weight=conv_weight,
        conv_bias=loader.vector(f"{prefix}conv_1d.bias", dtype),
        input_gate=_gate(loader, f"{prefix}rg_lru.input_gate"),
        recurrence_gate=_gate(loader, f"{prefix}rg_lru.recurrent_gate"),
        # The checkpoint's parameter enters as softplus(+a_param); the paper's Lambda is its negative.
        log_decay=-RG_LRU_C * F.softplus(loader.vector(f"{prefix}rg_lru.recurrent_param")),
        activation=config.activation,
        # The compiled scan works on the CPU's memory; elsewhere the torch one does.
        scan=rnn_scan
        if loader.kernels is None or loader.kernels.compiled is None
        else loader.kernels.compiled.rnn_scan,
    )


def _gate(loader: MatrixLoader, stem: str) -> BlockDiagonal:
    return BlockDiagonal(loader.vector(f"{stem}_weight"), loader.vector(f"{stem}_bias"))


def _attention(config: GriffinConfig, loader: MatrixLoader, prefix: str) -> AttentionBlock:
    prefix += "temporal_block."
    q, k, v = (loader.linear(f"{prefix}{stem}", bias=config.attention_bias) for stem in ("q_proj", "k_proj", "v_proj"))
    return AttentionBlock(q, k, v, loader.linear(f"{prefix}o_proj"), config.head_dim)
