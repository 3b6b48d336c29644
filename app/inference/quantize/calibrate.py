"""int4 groups by calibration: block after block of a model, each rounded to serve behind the rounded ones before it.

A text goes through the exact model and through the rounded one side by side. Each matrix is first moved to the weights
that give, of the inputs it will really see, what the exact model gives of its own (least squares), then rounded with
error feedback; what is left of the mean error goes into the bias. Within a block the inputs come one after the other:
what the MLP's last matrix sees has passed through rounded ones already.

In memory at a time: one block in float32, the moments of one input, and the calibration text's hidden states at that
depth. No more of the model, whatever its depth.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from app.inference.blocks import Step
from app.inference.checkpoints import names
from app.inference.checkpoints.builder import build_block
from app.inference.checkpoints.quantized import MatrixLoader, stored_format, stored_scale
from app.inference.checkpoints.source import TensorSource
from app.inference.config import GriffinConfig
from app.inference.griffin import embedding_scale
from app.inference.int4_groups import Int4Groups
from app.inference.layers import rotary_angles
from app.inference.linear import DenseLinear, Linear
from app.inference.ops import Ops
from app.inference.quantize.error_feedback import Feedback, round_with_feedback
from app.inference.quantize.moments import PairLinear, Recorded, Recorder, largest_error, output_error
from app.inference.quantize.plan import becomes_int4
from app.inference.shapes import Hidden
from app.inference.state import fresh_state
from app.inference.weight_format import WeightFormat

SEQUENCE_TOKENS = 1024
"""Tokens of one calibration sequence: long enough for the recurrence to fill, short enough to keep buffers small."""


@dataclass(frozen=True, slots=True)
class Rounded:
    """A matrix by the stem of its name, as int4 groups, and its bias, moved to suit them (o,) float32.

    largest_error: of a weight, as a share of the matrix's largest. output_error: relative change of the matrix's output
    for the same inputs, on the calibration text.
    """

    stem: str
    groups: Int4Groups
    bias: Tensor | None
    largest_error: float
    output_error: float


def calibration_sequences(config: GriffinConfig, ids: Sequence[int], prefix: Sequence[int]) -> list[list[int]]:
    """The text cut into sequences of one length, each begun as a document is; what is left at the end is dropped."""
    length = min(SEQUENCE_TOKENS, config.window_keys) - len(prefix)
    whole = len(ids) - len(ids) % length
    return [[*prefix, *ids[start : start + length]] for start in range(0, whole, length)]


@torch.inference_mode()
def calibrated_groups(
    config: GriffinConfig, source: TensorSource, sequences: Sequence[Sequence[int]], group: int, ops: Ops
) -> Iterator[Rounded]:
    """Every matrix that becomes int4, in the order of the blocks.

    Args:
        sequences: token ids, each sequence from an empty state and at most as long as the window.
        ops: passes for float32 on the CPU.
    Raises:
        CheckpointError: a tensor cannot be read or holds a value that is not finite.
    """
    # (2, t, d) each: as the exact model has it, and as it is behind the rounded blocks.
    hidden = [_embedded(config, source, ids).repeat(2, 1, 1) for ids in sequences]
    stored = stored_format(source, names.EMBEDDING)
    for index in range(len(config.block_types)):
        halves = _halves(config, source, stored, ops, index)
        while halves:
            half = halves.pop(0)  # the first goes before the second's moments come
            yield from _rounded_half(half, hidden, group)
            for place, x in enumerate(hidden):
                hidden[place] = x + half.adds(x)


@dataclass(frozen=True, slots=True)
class _Half:
    """What a block adds to the residual stream by its recurrence or attention, or by its MLP.

    adds: (b, t, d) -> (b, t, d). inputs: its maps, those that read one input together, in the order of the pass.
    """

    adds: Callable[[Hidden], Hidden]
    inputs: list[list[PairLinear]]
    recorder: Recorder


def _halves(config: GriffinConfig, source: TensorSource, stored: WeightFormat, ops: Ops, index: int) -> list[_Half]:
    recorder = Recorder()
    loader = _PairLoader(source, WeightFormat.FLOAT32, torch.device("cpu"), None, stored, recorder)
    block = build_block(config, loader, ops, index)
    one = replace(config, block_types=(config.block_types[index],))
    temporal, temporal_gain, mlp, channel_gain = block.temporal, block.temporal_gain, block.mlp, block.channel_gain

    def by_temporal(x: Hidden) -> Hidden:
        cos, sin = rotary_angles(torch.arange(x.shape[1]), config.rotary_dim, config.rope_base)
        state = fresh_state(one, batch=x.shape[0]).layers[0]
        return temporal(ops.rms_norm(x, temporal_gain, config.rms_norm_eps), state, Step(0, cos, sin, None))

    def by_mlp(x: Hidden) -> Hidden:
        return mlp(ops.rms_norm(x, channel_gain, config.rms_norm_eps))

    return [_Half(adds, _traced(config, loader, adds), recorder) for adds in (by_temporal, by_mlp)]


def _traced(config: GriffinConfig, loader: _PairLoader, adds: Callable[[Hidden], Hidden]) -> list[list[PairLinear]]:
    """The maps that share each input, found by two tokens."""
    recorder, maps = loader.recorder, {map_.stem: map_ for map_ in loader.maps}
    recorder.inputs = []
    adds(torch.zeros((1, 2, config.width)))
    found, recorder.inputs = recorder.inputs, None
    return [[maps[stem] for stem in stems] for stems in found]


def _rounded_half(half: _Half, hidden: Sequence[Hidden], group: int) -> Iterator[Rounded]:
    recorder = half.recorder
    for maps in half.inputs:
        chosen = [map_ for map_ in maps if _becomes_int4(map_, group)]
        if not chosen:
            continue
        recorder.wanted = maps[0].stem
        for x in hidden:
            with suppress(Recorded):
                half.adds(x)
        recorder.wanted = None
        yield from _rounded(chosen, recorder, group)


def _rounded(maps: Sequence[PairLinear], recorder: Recorder, group: int) -> Iterator[Rounded]:
    """Round the maps that read one input; from here on they serve the rounded side."""
    moments, recorder.moments = recorder.moments, None
    assert moments is not None
    feedback = Feedback.of(moments.rounded)
    # What the inputs lost on their way is no longer needed by itself: only what it takes to make up for it.
    lost = moments.cross.sub_(moments.rounded)
    for map_ in maps:
        assert isinstance(map_.exact, DenseLinear)
        weight, bias = map_.exact.weight, map_.exact.bias
        groups = round_with_feedback(weight + feedback.solve(weight @ lost), feedback, group)
        wide = groups.dequantize()
        if bias is not None:
            exact_mean, rounded_mean = moments.sums / moments.tokens
            bias = bias + weight @ exact_mean - wide @ rounded_mean
        map_.rounded = DenseLinear(wide, bias)
        errors = largest_error(weight, groups.dequantize), output_error(weight, wide, moments.rounded)
        yield Rounded(map_.stem, groups, bias, *errors)


def _becomes_int4(map_: PairLinear, group: int) -> bool:
    assert isinstance(map_.exact, DenseLinear)
    return becomes_int4(f"{map_.stem}.weight", tuple(map_.exact.weight.shape), group)


@dataclass(frozen=True, slots=True)
class _PairLoader(MatrixLoader):
    """Gives the builder float32 maps on pairs of activations, and remembers them."""

    recorder: Recorder
    maps: list[PairLinear] = field(default_factory=list)

    def linear(self, stem: str, *, bias: bool = True) -> Linear:
        """See MatrixLoader."""
        self.maps.append(PairLinear(MatrixLoader.linear(self, stem, bias=bias), stem, self.recorder))
        return self.maps[-1]


def _embedded(config: GriffinConfig, source: TensorSource, ids: Sequence[int]) -> Hidden:
    """The hidden states (1, t, d) before the first block, from the rows that the text needs alone."""
    rows = source.tensor(names.EMBEDDING)[torch.tensor(ids)].float()
    if source.dtype(names.EMBEDDING) == "I8":
        rows *= stored_scale(source, names.EMBEDDING)[torch.tensor(ids)][:, None]
    return (rows * embedding_scale(config))[None]
