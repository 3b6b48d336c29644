"""The perplexity of a text by the weights of two checkpoints of one model, with one block of either in memory.

Both are computed in float32, from weights widened to it: what differs is what rounding did to the weights, and nothing
of how a device multiplies them. The text goes through both side by side, block after block.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import torch
from torch import Tensor

from app.inference.blocks import Step
from app.inference.checkpoints import names
from app.inference.checkpoints.builder import build_block
from app.inference.checkpoints.quantized import MatrixLoader, stored_format, stored_scale
from app.inference.checkpoints.source import TensorSource
from app.inference.config import GriffinConfig
from app.inference.layers import rotary_angles
from app.inference.ops import Ops
from app.inference.quantize.calibrate import SEQUENCE_TOKENS, embedded
from app.inference.shapes import Hidden
from app.inference.state import fresh_state
from app.inference.tokenizers.base import Tokenizer
from app.inference.weight_format import WeightFormat

CHECK_TOKENS = 1024
"""The most of a text that is scored: of a large model each thousand tokens take minutes."""
_HEAD_WEIGHTS = 1 << 24
"""Of the output head at a time: 64 MiB in float32, where all of it may be four gigabytes."""


@dataclass(frozen=True, slots=True)
class Perplexity:
    """Of the same tokens: by the weights before and after. tokens: those that were predicted."""

    before: float
    after: float
    tokens: int


def check_sequences(config: GriffinConfig, tokenizer: Tokenizer, text: str) -> list[list[int]]:
    """The beginning of a text as sequences, each begun as a document is; none where it is too short."""
    ids, prefix = tokenizer.encode(text)[:CHECK_TOKENS], tokenizer.document_prefix
    length = min(SEQUENCE_TOKENS, config.window_keys) - len(prefix)
    pieces = [[*prefix, *ids[start : start + length]] for start in range(0, len(ids), length)]
    return [piece for piece in pieces if len(piece) > 1]


@torch.inference_mode()
def compare_perplexity(
    config: GriffinConfig,
    before: TensorSource,
    after: TensorSource,
    sequences: Sequence[Sequence[int]],
    ops: Ops,
    on_progress: Callable[[int, int], None],
) -> Perplexity | None:
    """Score token ids by two checkpoints of one config; None where there is nothing to score.

    ops: passes for float32 on the CPU. on_progress: parts done and parts in all, a block or the head each.
    CheckpointError: a tensor cannot be read or holds a value that is not finite.
    """
    if not sequences:
        return None
    parts = len(config.block_types) + 1
    sides = before, after
    hidden = [[embedded(config, source, ids) for ids in sequences] for source in sides]
    for index in range(len(config.block_types)):
        for source, states in zip(sides, hidden, strict=True):
            _through_block(config, source, states, ops, index, partial(on_progress, index, parts))
    on_progress(parts - 1, parts)
    losses = [_loss(config, source, states, sequences, ops) for source, states in zip(sides, hidden, strict=True)]
    on_progress(parts, parts)
    tokens = sum(len(ids) - 1 for ids in sequences)
    old, new = (math.exp(loss / tokens) for loss in losses)
    return Perplexity(old, new, tokens)


def _through_block(
    config: GriffinConfig, source: TensorSource, states: list[Hidden], ops: Ops, index: int, on_pass: Callable[[], None]
) -> None:
    stored = stored_format(source)
    loader = MatrixLoader(source, WeightFormat.FLOAT32, torch.device("cpu"), None, stored)
    block = build_block(config, loader, ops, index)
    one = replace(config, block_types=(config.block_types[index],))
    for place, x in enumerate(states):
        on_pass()
        cos, sin = rotary_angles(torch.arange(x.shape[1]), config.rotary_dim, config.rope_base)
        states[place] = block(x, fresh_state(one).layers[0], Step(0, cos, sin, None))


def _loss(
    config: GriffinConfig, source: TensorSource, states: Sequence[Hidden], sequences: Sequence[Sequence[int]], ops: Ops
) -> float:
    """Nats of all tokens but each sequence's first, with the head taken in slices of its rows."""
    gain = 1.0 + source.tensor(names.FINAL_NORM).float()
    x = torch.cat([ops.rms_norm(state[:, :-1], gain, config.rms_norm_eps)[0] for state in states])
    wanted = torch.tensor([id_ for ids in sequences for id_ in ids[1:]])
    weight = source.tensor(names.EMBEDDING)
    scale = stored_scale(source, names.EMBEDDING) if weight.dtype == torch.int8 else None
    total, chosen = torch.full((len(wanted),), -torch.inf), torch.zeros(len(wanted))
    step = max(1, _HEAD_WEIGHTS // config.width)
    for start in range(0, config.vocab_size, step):
        rows = slice(start, start + step)
        logits = _logits(config, x, weight[rows], None if scale is None else scale[rows])
        total = torch.logaddexp(total, logits.logsumexp(-1))
        here = (wanted >= start) & (wanted < start + step)
        chosen[here] = logits[here].gather(1, (wanted[here] - start)[:, None])[:, 0]
    return float((total - chosen).double().sum())


def _logits(config: GriffinConfig, x: Tensor, weight: Tensor, scale: Tensor | None) -> Tensor:
    """Scores (n, rows) of some rows of the vocabulary."""
    wide = weight.float() if scale is None else weight.float().mul_(scale[:, None])
    out, cap = x @ wide.t(), config.logits_soft_cap
    return out.div_(cap).tanh_().mul_(cap) if cap else out
