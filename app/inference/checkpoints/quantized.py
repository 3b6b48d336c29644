"""Weight formats on disk -> linear maps in memory, in the format asked for."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from app.core.errors import CheckpointError, InternalError
from app.inference.checkpoints.names import OFFSET_SUFFIX, SCALE_SUFFIX
from app.inference.checkpoints.source import TensorSource
from app.inference.dtypes import activation_dtype, residual_dtype
from app.inference.int4_groups import Int4Groups
from app.inference.int4_linear import Int4GroupLinear
from app.inference.int8_rows import quantize_weight, row_blocks
from app.inference.kernels import KernelChoice
from app.inference.linear import (
    DenseEmbedding,
    DenseLinear,
    Embedding,
    Int8RowEmbedding,
    Int8RowLinear,
    Linear,
)
from app.inference.quantize.nearest import round_to_nearest
from app.inference.quantize.plan import GROUP, becomes_int4
from app.inference.stored_types import format_on_disk
from app.inference.weight_format import WeightFormat


def stored_format(source: TensorSource) -> WeightFormat:
    """The format in which a checkpoint's matrices lie on disk; see `format_on_disk`."""
    return format_on_disk({name: source.dtype(name) for name in source.names()})


@dataclass(frozen=True, slots=True)
class MatrixLoader:
    """Builds the linear maps of one model in one weight format; int8 and int4 need `kernels`.

    stored: the format on disk. In an int4 checkpoint, what is int8 was left so on purpose and stays so.
    """

    source: TensorSource
    format: WeightFormat
    device: torch.device
    kernels: KernelChoice | None
    stored: WeightFormat

    def linear(self, stem: str, *, bias: bool = True) -> Linear:
        """The map of `stem`.weight and `stem`.bias."""
        name = f"{stem}.weight"
        offset = self.vector(f"{stem}.bias", activation_dtype(self.format)) if bias else None
        if self._is_int4(name):
            return self._int4_linear(name, offset)
        if self.format.is_integer:
            return self._int8_linear(name, offset)
        return DenseLinear(self._dense(name), offset)

    def embedding(self, name: str) -> tuple[Embedding, Linear]:
        """The embedding matrix as a lookup and as the output head; both read the same tensor."""
        if self.format.is_integer:
            head = self._int8_linear(name, None)
            return Int8RowEmbedding(head.weight, head.scale), head
        weight = self._dense(name)
        return DenseEmbedding(weight, residual_dtype(self.format)), DenseLinear(weight, None)

    def vector(self, name: str, dtype: torch.dtype = torch.float32) -> Tensor:
        """A small tensor in the given dtype."""
        return finite(name, self.source.tensor(name).to(device=self.device, dtype=dtype))

    def _is_int4(self, name: str) -> bool:
        if self.format is not WeightFormat.INT4:
            return False
        if self.stored is WeightFormat.INT4:
            return self.source.dtype(name) == "U8"
        return becomes_int4(name, self.source.shape(name))

    def _dense(self, name: str) -> Tensor:
        tensor = widened(self.source, name, activation_dtype(self.format))
        return finite(name, tensor.to(device=self.device, dtype=activation_dtype(self.format)))

    def _int4_linear(self, name: str, bias: Tensor | None) -> Int4GroupLinear:
        weight = stored_groups(self.source, name) if self.stored is WeightFormat.INT4 else self._int4(name)
        codes, scale, offset = (part.to(self.device) for part in (weight.codes, weight.scale, weight.offset))
        zeros = torch.zeros(codes.shape[0], device=self.device)
        return Int4GroupLinear(codes, scale, offset, zeros if bias is None else bias, weight.group, self._kernels())

    def _int4(self, name: str) -> Int4Groups:
        return round_to_nearest(finite(name, widened(self.source, name, torch.float32)), GROUP)

    def _int8_linear(self, name: str, bias: Tensor | None) -> Int8RowLinear:
        codes, scale = self._int8(name)
        offset = torch.zeros(codes.shape[0], device=self.device) if bias is None else bias
        return Int8RowLinear(codes, scale, offset, self._kernels())

    def _kernels(self) -> KernelChoice:
        if self.kernels is None:
            raise InternalError(f"{self.format} weights were asked for without a choice of kernels")
        return self.kernels

    def _int8(self, name: str) -> tuple[Tensor, Tensor]:
        tensor = self.source.tensor(name)
        if tensor.dtype == torch.int8:
            return tensor.to(self.device), stored_scale(self.source, name).to(self.device)
        codes, scale = quantize_weight(finite(name, widened(self.source, name, torch.float32)))
        return codes.to(self.device), scale.to(self.device)


def widened(source: TensorSource, name: str, dtype: torch.dtype) -> Tensor:
    """A matrix in a float type: integer codes of either format dequantised to `dtype`, floats as they are stored."""
    codes = source.tensor(name)
    if codes.is_floating_point():
        return codes
    if codes.dtype == torch.uint8:
        groups = stored_groups(source, name)
        out = torch.empty((codes.shape[0], 2 * codes.shape[1]), dtype=dtype, device=codes.device)
        for rows in row_blocks(out):
            out[rows] = groups.dequantize(rows)
        return out
    scale = stored_scale(source, name)
    out = torch.empty(codes.shape, dtype=dtype, device=codes.device)
    for rows in row_blocks(out):
        out[rows] = codes[rows].float().mul_(scale[rows, None])
    return out


def stored_scale(source: TensorSource, name: str) -> Tensor:
    """The scales (o,) float32 of a matrix stored as int8 rows."""
    scale_name = name + SCALE_SUFFIX
    return finite(scale_name, source.tensor(scale_name).float().reshape(-1))


def stored_groups(source: TensorSource, name: str) -> Int4Groups:
    """A matrix stored as int4 groups."""
    scale, offset = (finite(part, source.tensor(part)) for part in (name + SCALE_SUFFIX, name + OFFSET_SUFFIX))
    return Int4Groups(source.tensor(name), scale, offset)


def finite(name: str, tensor: Tensor) -> Tensor:
    """The tensor itself; CheckpointError when it holds NaN or infinity, which would surface as noise in a reply."""
    # aminmax passes NaN on, and needs no copy of the tensor's size as isfinite does.
    if not all(bool(torch.isfinite(bound)) for bound in torch.aminmax(tensor)):
        if tensor.dtype == torch.float16:
            raise CheckpointError(f"{name} holds values beyond float16's 65,504: use --weight-format bfloat16")
        raise CheckpointError(f"{name} holds values that are not finite: the model's files are damaged")
    return tensor
