"""How much memory a model needs in a weight format, from its shapes alone: nothing is read or allocated.

No torch here: the window and the services ask too, before anything is downloaded.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import prod

from app.inference.checkpoints import names
from app.inference.config import BlockType, GriffinConfig
from app.inference.quantize.plan import GROUP, becomes_int4, is_matrix
from app.inference.weight_format import WeightFormat

RUNTIME_BYTES = 64 * 2**20
"""What the libraries take once numbers flow: buffers of their kernels, threads, freed blocks kept for reuse."""

_HELD_AS = {"F32": "float32", "BF16": "bfloat16", "F16": "float16", "I8": "int8", "U8": "int4"}
"""Weight format of a matrix by its element type on disk."""
_REBUILT = (names.TEMPORAL_NORM, names.CHANNEL_NORM, names.FINAL_NORM, "conv_1d.weight", "recurrent_param")
_FLOAT32 = 4


@dataclass(frozen=True, slots=True)
class MemoryNeed:
    """Bytes that a loaded model takes, in the memory of its device.

    weights_bytes: all weights, scales and vectors as they are held, mapped ones included.
    mapped_bytes: the part of them that is read in place from the model's files: memory that the system may take back
        and fill again from the disk, slowly.
    converted_bytes: pages of the files that pass through memory while weights are converted; a process counts them as
        its own until the system takes them back, which it does before anything else. No part of the total.
    state_bytes: one sequence's state. working_bytes: the most that reading one chunk takes for a moment.
    """

    weights_bytes: int
    mapped_bytes: int
    converted_bytes: int
    state_bytes: int
    working_bytes: int

    @property
    def total(self) -> int:
        """What must be free for the model to run at its speed."""
        return self.weights_bytes + self.state_bytes + self.working_bytes

    @property
    def unmapped(self) -> int:
        """What must be free for it to run at all."""
        return self.total - self.mapped_bytes


@dataclass(frozen=True, slots=True)
class TensorSize:
    """One tensor as a model holds it.

    held_as: name of the format. nbytes: scales included. stored_as, stored_nbytes: in the model's files, None and 0
    where they are not known.
    """

    name: str
    held_as: str
    nbytes: int
    stored_as: str | None = None
    stored_nbytes: int = 0


def tensor_sizes(
    config: GriffinConfig, form: WeightFormat, *, stored: Mapping[str, str] | None = None
) -> Iterator[TensorSize]:
    """Every tensor of a model in the given format; for `stored` see `estimate_memory`."""
    stored = stored or {}
    in_int4_files = "U8" in stored.values()
    for name, shape in names.expected_shapes(config):
        on_disk = _HELD_AS.get(stored.get(name, ""))
        # What int4 files hold as int8 was left so on purpose, and stays so.
        kept = form == "int4" and in_int4_files and on_disk == "int8"
        held_as = "int8" if kept else _held_as(name, shape, form, on_disk)
        stored_nbytes = 0 if on_disk is None else _tensor_nbytes(shape, on_disk)
        yield TensorSize(name, held_as, _tensor_nbytes(shape, held_as), on_disk, stored_nbytes)


def estimate_memory(
    config: GriffinConfig,
    form: WeightFormat,
    *,
    chunk_tokens: int,
    stored: Mapping[str, str] | None = None,
    mapped: bool = True,
    device: str = "cpu",
) -> MemoryNeed:
    """The need of a model that reads chunks of `chunk_tokens` tokens.

    stored: element type on disk by tensor name, as safetensors writes it; None where the files are not there yet.
    mapped: whether weights that lie on disk as they are held stay there (the CPU), or are copied (other devices).
    device: torch's name of its type.
    """
    weights = in_place = converted = 0
    for tensor in tensor_sizes(config, form, stored=stored):
        weights += tensor.nbytes
        if mapped and tensor.held_as == tensor.stored_as and not tensor.name.endswith(_REBUILT):
            in_place += tensor.nbytes
        else:
            converted += tensor.stored_nbytes
    working = _working_nbytes(config, form, chunk_tokens, device) + RUNTIME_BYTES
    return MemoryNeed(weights, in_place, converted, state_nbytes(config, form), working)


def state_nbytes(config: GriffinConfig, form: WeightFormat) -> int:
    """Bytes of one sequence's state, as state.py's `fresh_state` makes it: the same at every position."""
    size, total = form.activation_bytes, 0
    for kind in config.block_types:
        if kind is BlockType.RECURRENT:
            total += config.lru_width * (_FLOAT32 + (config.conv_width - 1) * size)
        else:
            total += 2 * config.num_kv_heads * config.window_keys * config.head_dim * size
    return total


def _held_as(name: str, shape: tuple[int, ...], form: WeightFormat, on_disk: str | None) -> str:
    """The format in which the loader (builder.py, quantized.py) holds one tensor."""
    if not is_matrix(name, shape):
        # Gates, norms and the recurrence's parameter are float32 always; biases and the convolution as activations.
        activations = name.endswith((".bias", "conv_1d.weight")) and form.activation_bytes < _FLOAT32
        return str(form) if activations else WeightFormat.FLOAT32
    if form == "int4":
        return "int4" if on_disk == "int4" or becomes_int4(name, shape) else "int8"
    return str(form)


def _tensor_nbytes(shape: tuple[int, ...], held_as: str) -> int:
    """Bytes of one tensor with its scales."""
    if held_as == "int4":
        # Half a byte a weight, and a scale and an offset of two bytes each a group.
        return prod(shape) // 2 + prod(shape) // GROUP * 4
    if held_as == "int8":
        return prod(shape) + shape[0] * _FLOAT32
    return prod(shape) * WeightFormat(held_as).activation_bytes


def _working_nbytes(config: GriffinConfig, form: WeightFormat, t: int, device: str) -> int:
    """The largest sum of buffers alive at once while t tokens pass through one block; letters as in shapes.py.

    Formats that hold integers turn each input of a product into two int8 codes and get two int32 sums for each output;
    on a GPU they are multiplied by activations in bfloat16.
    """
    d, e, m, size = config.width, config.lru_width, config.mlp_width, form.activation_bytes
    integers = form.is_integer and device == "cpu"
    if form.is_integer and not integers:
        size = WeightFormat.BFLOAT16.activation_bytes

    def product(into: int, out: int) -> int:
        return t * (2 * into + 2 * _FLOAT32 * out) if integers else 0

    residual = 2 * t * d * size
    mlp = 3 * t * m * size + max(product(d, m), product(m, d))
    recurrent = 2 * t * e * size + 6 * t * e * _FLOAT32 + product(d, e)
    q, kv = config.num_heads * config.head_dim, config.num_kv_heads * config.head_dim
    keys = config.window_keys + t
    # Keys and values of the window and the chunk, beside them q and the output, and the mask as bool and as floats.
    attention = (2 * t * q + 2 * keys * kv) * size + t * keys * (1 + size) + product(d, q)
    parts = [mlp]
    if BlockType.RECURRENT in config.block_types:
        parts.append(recurrent)
    if BlockType.ATTENTION in config.block_types:
        parts.append(attention)
    # One row of logits in the state, one being made.
    return residual + max(parts) + 2 * config.vocab_size * _FLOAT32
