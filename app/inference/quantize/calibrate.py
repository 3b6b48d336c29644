"""int4 groups by calibration: block after block of a model, each rounded to serve behind the rounded ones before it.

A text goes through the exact model and through the rounded one side by side. Each matrix is first moved to the weights
that give, of the inputs it will really see, what the exact model gives of its own (least squares), then rounded with
error feedback; what is left of the mean error goes into the bias. Within a block the inputs come one after the other:
what the MLP's last matrix sees has passed through rounded ones already.

In memory at a time: one half of a block in float32 or the moments of one input with their factor, and the calibration
text's hidden states at that depth. No more of the model, whatever its depth.
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
from app.inference.int8_rows import row_blocks
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
_AIM_ROWS = 512
"""Rows of a matrix that are moved at a time: the products on the way need no more memory than they do."""


Known = Callable[[str], "tuple[Int4Groups, Tensor | None] | None"]
"""Gives, by the stem of its name, a matrix that an earlier run has rounded, with its bias; None for all others."""


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
    config: GriffinConfig,
    source: TensorSource,
    sequences: Sequence[Sequence[int]],
    group: int,
    ops: Ops,
    *,
    known: Known = lambda stem: None,
    on_pass: Callable[[], None] = lambda: None,
) -> Iterator[Rounded]:
    """Every matrix that becomes int4, in the order of the blocks.

    Args:
        sequences: token ids, each sequence from an empty state and at most as long as the window.
        ops: passes for float32 on the CPU.
        known: matrices that serve as they are and are not given out, all that read one input together.
        on_pass: called before each sequence goes through a part of a block; what it raises ends the work.
    Raises:
        CheckpointError: a tensor cannot be read or holds a value that is not finite.
    """
    # (2, t, d) each: as the exact model has it, and as it is behind the rounded blocks.
    hidden = [embedded(config, source, ids).repeat(2, 1, 1) for ids in sequences]
    stored = stored_format(source)
    for index in range(len(config.block_types)):
        halves = _halves(config, source, stored, ops, index)
        while halves:
            half = halves.pop(0)  # the first goes before the second's moments come
            yield from _rounded_half(half, hidden, group, known, on_pass)
            for place, x in enumerate(hidden):
                on_pass()
                hidden[place] = x + half.adds(x)
            half.rest()


@dataclass(frozen=True, slots=True)
class _Half:
    """What a block adds to the residual stream by its recurrence or attention, or by its MLP.

    adds: (b, t, d) -> (b, t, d). inputs: its maps, those that read one input together, in the order of the pass.
    """

    adds: Callable[[Hidden], Hidden]
    inputs: list[list[PairLinear]]
    recorder: Recorder

    def rest(self) -> None:
        """Free the memory of its maps until the next pass."""
        for maps in self.inputs:
            for map_ in maps:
                map_.rest()


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


def _rounded_half(
    half: _Half, hidden: Sequence[Hidden], group: int, known: Known, on_pass: Callable[[], None]
) -> Iterator[Rounded]:
    recorder = half.recorder
    for maps in half.inputs:
        chosen = [map_ for map_ in maps if becomes_int4(f"{map_.stem}.weight", map_.shape, group)]
        found = [known(map_.stem) for map_ in chosen]
        if chosen and not all(found):
            recorder.wanted = maps[0].stem
            for x in hidden:
                on_pass()
                with suppress(Recorded):
                    half.adds(x)
            recorder.wanted = None
            half.rest()
            yield from _rounded(chosen, recorder, group)
        else:
            for map_, was in zip(chosen, found, strict=True):
                assert was is not None
                map_.round(*was)


def _rounded(maps: Sequence[PairLinear], recorder: Recorder, group: int) -> Iterator[Rounded]:
    """Round the maps that read one input; from here on they serve the rounded side."""
    moments, recorder.moments = recorder.moments, None
    assert moments is not None
    feedback = Feedback.of(moments.rounded)
    # What the inputs lost on their way is no longer needed by itself: only what it takes to make up for it.
    lost = moments.cross.sub_(moments.rounded)
    aims = [_aim(map_.exact.weight, lost, feedback) for map_ in maps]
    moments.cross = lost = lost.new_empty(0)
    exact_mean, rounded_mean = moments.sums / moments.tokens
    for map_ in maps:
        groups = round_with_feedback(aims.pop(0), feedback, group)
        weight, bias = map_.exact.weight, map_.exact.bias
        if bias is not None:
            given = torch.cat([groups.dequantize(rows) @ rounded_mean for rows in row_blocks(weight)])
            bias = bias + weight @ exact_mean - given
        map_.round(groups, bias)
        errors = (
            largest_error(weight, groups.dequantize),
            output_error(weight, groups.dequantize, moments.rounded),
        )
        map_.rest()
        yield Rounded(map_.stem, groups, bias, *errors)


def _aim(weight: Tensor, lost: Tensor, feedback: Feedback) -> Tensor:
    """W^T (i, o) for the weights that give, of the inputs they will see, what W gives of its own."""
    aim = torch.empty((weight.shape[1], weight.shape[0]))
    for start in range(0, weight.shape[0], _AIM_ROWS):
        rows = slice(start, start + _AIM_ROWS)
        aim[:, rows] = (weight[rows] + feedback.solve(weight[rows] @ lost)).t()
    return aim


@dataclass(frozen=True, slots=True)
class _PairLoader(MatrixLoader):
    """Gives the builder float32 maps on pairs of activations, and remembers them."""

    recorder: Recorder
    maps: list[PairLinear] = field(default_factory=list)

    def linear(self, stem: str, *, bias: bool = True) -> Linear:
        """See MatrixLoader."""

        def load() -> DenseLinear:
            found = MatrixLoader.linear(self, stem, bias=bias)
            assert isinstance(found, DenseLinear)  # the format is float32
            return found

        self.maps.append(PairLinear(load, stem, self.source.shape(f"{stem}.weight"), self.recorder))
        return self.maps[-1]


def embedded(config: GriffinConfig, source: TensorSource, ids: Sequence[int]) -> Hidden:
    """The hidden states (1, t, d) before the first block, from the rows that the text needs alone."""
    rows = source.tensor(names.EMBEDDING)[torch.tensor(ids)].float()
    if source.dtype(names.EMBEDDING) == "I8":
        rows *= stored_scale(source, names.EMBEDDING)[torch.tensor(ids)][:, None]
    return (rows * embedding_scale(config))[None]
