"""Random weights of any Griffin shape, made tensor by tensor on demand: speed and memory do not ask what a model knows.

The numbers are such that a model of them behaves like one: activations keep their order of magnitude through the
layers, decays lie between 0.93 and 0.9995, and the logits spread by about three (no uniform noise, no one token that
always wins), so that formats can be compared on it too.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable

import numpy as np
import torch
from torch import Tensor

from app.core.errors import InternalError
from app.inference.checkpoints import names
from app.inference.checkpoints.shard_file import DTYPES
from app.inference.config import GriffinConfig
from app.inference.quantize.plan import GROUP, becomes_int4, is_matrix
from app.inference.weight_format import WeightFormat

_FLOATS = {"float32": "F32", "bfloat16": "BF16", "float16": "F16"}
"""Element type of all tensors of a model in a float format."""
_BLOCK_ELEMENTS = 1 << 24
"""Random float32 numbers at a time: what is made beside the tensor itself stays at 64 MiB."""
_CODE_STD = {"I8": math.sqrt((255**2 - 1) / 12), "U8": math.sqrt((16**2 - 1) / 12)}
"""Standard deviation of uniform codes -127..127 and 0..15."""
_EMBEDDING_STD, _FINAL_GAIN = 0.1, 30.0
"""Times 1 / sqrt(d), and the final norm's gain. A small embedding drowns in what the layers add: the head is tied to
it, and the last token would otherwise be its own best successor for ever. The gain makes up for it in the logits."""


class SyntheticSource:
    """A TensorSource of random weights in the layout of one weight format.

    Each tensor is drawn anew at every call from a seed that its name gives: the same name, the same numbers, in any
    order, and nothing is kept. On a CUDA device they are other numbers, drawn there in a fraction of the time.
    """

    def __init__(
        self,
        config: GriffinConfig,
        form: WeightFormat,
        *,
        seed: int = 0,
        group: int = GROUP,
        device: torch.device | str = "cpu",
    ) -> None:
        self._config = config
        self._form = str(form)
        self._seed = seed
        self._group = group
        self._device = torch.device(device)
        self._layout = dict(self._tensors())

    def names(self) -> Iterable[str]:
        """All tensor names, scales and offsets included."""
        return self._layout.keys()

    def shape(self, name: str) -> tuple[int, ...]:
        """Shape of a tensor; nothing is drawn."""
        return self._layout[name][1]

    def dtype(self, name: str) -> str:
        """Element type as safetensors writes it."""
        return self._layout[name][0]

    def tensor(self, name: str) -> Tensor:
        """The tensor, on the device if that is a CUDA device, else on the CPU."""
        dtype, shape = self._layout[name]
        digest = hashlib.sha256(f"{self._seed}|{name}".encode()).digest()
        if self._device.type == "cuda":
            return self._drawn_there(name, int.from_bytes(digest[:8], "little"))
        random = np.random.Generator(np.random.SFC64(int.from_bytes(digest[:16], "little")))
        if dtype in _CODE_STD:
            return _codes(random, dtype, shape)
        low, high = self._range(name, shape)
        tensor = torch.empty(shape, dtype=DTYPES[dtype])
        for block in torch.split(tensor.view(-1), _BLOCK_ELEMENTS):
            block.copy_(torch.from_numpy(random.random(block.numel(), dtype=np.float32)).mul_(high - low).add_(low))
        return tensor

    def _drawn_there(self, name: str, seed: int) -> Tensor:
        dtype, shape = self._layout[name]
        generator = torch.Generator(self._device).manual_seed(seed)
        if dtype in _CODE_STD:
            low, high = (-127, 128) if dtype == "I8" else (0, 256)
            return torch.randint(low, high, shape, dtype=DTYPES[dtype], device=self._device, generator=generator)
        tensor = torch.empty(shape, dtype=DTYPES[dtype], device=self._device)
        return tensor.uniform_(*self._range(name, shape), generator=generator)

    def _tensors(self) -> Iterable[tuple[str, tuple[str, tuple[int, ...]]]]:
        for name, shape in names.expected_shapes(self._config):
            if self._form in _FLOATS:
                yield name, (_FLOATS[self._form], shape)
            elif not is_matrix(name, shape):
                yield name, ("F32", shape)
            elif self._form == "int4" and becomes_int4(name, shape, self._group):
                rows, columns = shape
                yield name, ("U8", (rows, columns // 2))
                yield name + names.SCALE_SUFFIX, ("BF16", (rows, columns // self._group))
                yield name + names.OFFSET_SUFFIX, ("BF16", (rows, columns // self._group))
            elif self._form in ("int8", "int4"):
                yield name, ("I8", shape)
                yield name + names.SCALE_SUFFIX, ("F32", (shape[0],))
            else:
                raise InternalError(f"no random weights in the format {self._form}")

    def _range(self, name: str, shape: tuple[int, ...]) -> tuple[float, float]:
        """Bounds of a tensor's uniform numbers."""
        if name.endswith((names.SCALE_SUFFIX, names.OFFSET_SUFFIX)):
            weight = name.removesuffix(names.SCALE_SUFFIX).removesuffix(names.OFFSET_SUFFIX)
            code, (_, columns) = self._layout[weight]
            std = self._matrix_std(weight, 2 * columns if code == "U8" else columns) / _CODE_STD[code]
            # Every row and group its own: a product that mixes them up must not go unnoticed.
            return (-9.0 * std, -6.0 * std) if name.endswith(names.OFFSET_SUFFIX) else (0.8 * std, 1.2 * std)
        if name.endswith("recurrent_param"):
            return -9.0, -4.0
        if name == names.FINAL_NORM:
            return 0.9 * _FINAL_GAIN, 1.1 * _FINAL_GAIN
        if "conv_1d.weight" in name:
            return -0.9, 0.9
        bound = 0.1  # gains and biases
        if len(shape) > 1 and not name.endswith("bias"):
            # A gate's blocks are (h, in, out), square; every other matrix is (out, in).
            bound = math.sqrt(3.0) * self._matrix_std(name, shape[-1])
        return -bound, bound

    def _matrix_std(self, name: str, columns: int) -> float:
        return (_EMBEDDING_STD if name == names.EMBEDDING else 1.0) / math.sqrt(columns)


def _codes(random: np.random.Generator, dtype: str, shape: tuple[int, ...]) -> Tensor:
    """Uniform random bytes: int8 codes -127..127, or two 4-bit codes each."""
    count = math.prod(shape)
    # The raw stream, eight codes a draw: drawing bytes one by one would take a minute for 2.7 GB.
    raw = torch.from_numpy(random.bit_generator.random_raw(-(-count // 8)))
    codes = raw.view(DTYPES[dtype])[:count].view(shape)
    return codes.clamp_(min=-127) if dtype == "I8" else codes
