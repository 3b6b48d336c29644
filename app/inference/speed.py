"""How fast a model of any shape runs on this machine, worked out from what small models of random weights took here.

Writing a token costs time for every byte of the weights, for every layer and for every key that attention looks at;
reading costs it for every operation of the matrix products, for every number that passes between them and for every
key again. What each of these costs is measured (machine_limits.py); a model's shape says how many there are.
No torch here: the window and the services ask too, before anything is downloaded.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import prod

from app.inference.checkpoints import names
from app.inference.config import BlockType, GriffinConfig
from app.inference.device_names import CHUNK_TOKENS
from app.inference.memory import tensor_sizes
from app.inference.weight_format import WeightFormat


@dataclass(frozen=True, slots=True)
class FormatLimits:
    """What one weight format costs on one device, in seconds; see WritingWork and ReadingWork for the units."""

    write_byte_s: float
    write_layer_s: float
    write_key_s: float
    read_operation_s: float
    read_number_s: float
    read_key_s: float


@dataclass(frozen=True, slots=True)
class MachineLimits:
    """What small models took on one device.

    device: torch's name of its type. name: of the processor or the GPU, for the user. total_bytes: its memory.
    slow_formats: those it has no instructions for. formats: by name of the format; absent where there was no memory
    for the small models or the format does not run there.
    """

    device: str
    name: str
    total_bytes: int
    slow_formats: tuple[str, ...] = ()
    formats: Mapping[str, FormatLimits] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rates:
    """Tokens per second of one sequence."""

    read: float
    write: float


@dataclass(frozen=True, slots=True)
class WritingWork:
    """What one token takes.

    nbytes: weights in the format itself. int8_bytes: weights of an int4 model that stay int8. keys: products of a head
    with a key's numbers, over all layers with attention.
    """

    nbytes: int
    int8_bytes: int
    layers: int
    keys: int

    def seconds(self, limits: FormatLimits, int8: FormatLimits | None) -> float:
        """The time it takes. int8: what bytes in int8 cost, None for as much as others."""
        rest = self.int8_bytes * (int8 or limits).write_byte_s
        return (
            self.nbytes * limits.write_byte_s
            + rest
            + self.layers * limits.write_layer_s
            + self.keys * limits.write_key_s
        )


@dataclass(frozen=True, slots=True)
class ReadingWork:
    """What one chunk of tokens takes.

    operations: of the matrix products, two a weight and token. numbers: that pass between the products; of a GPU, for
    which they are nothing beside starting its kernels, the layers. keys: products of a head with a key's numbers, over
    all tokens and layers with attention.
    """

    operations: float
    numbers: float
    keys: float

    def seconds(self, limits: FormatLimits) -> float:
        """The time it takes."""
        return (
            self.operations * limits.read_operation_s
            + self.numbers * limits.read_number_s
            + self.keys * limits.read_key_s
        )


def writing_work(config: GriffinConfig, form: WeightFormat, *, position: int | None = None) -> WritingWork:
    """Of the token after `position` others; None for a window that is full."""
    own = int8 = 0
    for tensor in tensor_sizes(config, form):
        if form is WeightFormat.INT4 and tensor.held_as == "int8":
            int8 += tensor.nbytes
        else:
            own += tensor.nbytes
    seen = config.window_keys if position is None else min(position + 1, config.window_keys)
    return WritingWork(own, int8, len(config.block_types), _attention(config) * seen)


def reading_work(
    config: GriffinConfig, tokens: int, *, position: int | None = None, device: str = "cpu"
) -> ReadingWork:
    """Of a chunk after `position` tokens; None for a window that is full. device: torch's name of its type."""
    weights = 0
    for name, shape in names.expected_shapes(config):
        # Only the last token of a text meets the head. Gates are (h, in, out), every other weight of two is (out, in).
        if name != names.EMBEDDING and (name.endswith("_weight") or (len(shape) == 2 and name.endswith(".weight"))):
            weights += prod(shape)
    d, e, m = config.width, config.lru_width, config.mlp_width
    recurrent = sum(kind is BlockType.RECURRENT for kind in config.block_types)
    layers = len(config.block_types)
    # About as often as each is written and read again: norms and sums, the MLP's gate, the recurrence.
    numbers = float(tokens) * (layers * (4 * d + 3 * m) + recurrent * 8 * e + (layers - recurrent) * 3 * d)
    if device == "cuda":
        numbers = float(layers)
    keys = tokens + (config.window_keys if position is None else min(position, config.window_keys))
    return ReadingWork(2.0 * tokens * weights, numbers, float(tokens) * keys * _attention(config))


def _attention(config: GriffinConfig) -> int:
    """Products of heads with one key's numbers, over all layers with attention."""
    return sum(kind is BlockType.ATTENTION for kind in config.block_types) * config.num_heads * config.head_dim


def expected_rates(config: GriffinConfig, form: WeightFormat, limits: MachineLimits) -> Rates | None:
    """How fast one sequence will be read and written, far into a text; None for a format that was not measured."""
    cost = limits.formats.get(form)
    if cost is None:
        return None
    tokens = CHUNK_TOKENS[limits.device]
    return Rates(
        read=tokens / reading_work(config, tokens, device=limits.device).seconds(cost),
        write=1.0 / writing_work(config, form).seconds(cost, limits.formats.get(WeightFormat.INT8)),
    )
