"""Weight formats on disk -> linear maps in memory, in the format asked for."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import torch
from torch import Tensor

from app.core.errors import CheckpointError, InternalError, UserError
from app.inference.checkpoints.names import SCALE_SUFFIX
from app.inference.checkpoints.source import TensorSource
from app.inference.kernels import KernelChoice
from app.inference.linear import DenseEmbedding, DenseLinear, Embedding, Int8RowEmbedding, Int8RowLinear, Linear


class WeightFormat(StrEnum):
    """How large matrices are held and multiplied."""

    FLOAT32 = "float32"
    BFLOAT16 = "bfloat16"
    INT8 = "int8"

    @property
    def dtype(self) -> torch.dtype:
        """Of activations, biases and the attention window; the recurrence is float32 always."""
        return torch.bfloat16 if self is WeightFormat.BFLOAT16 else torch.float32


def parse_weight_format(text: str) -> WeightFormat:
    """A format by name; UserError lists those there are."""
    try:
        return WeightFormat(text)
    except ValueError:
        raise UserError(f"unknown weight format {text!r}: choose one of {', '.join(WeightFormat)}") from None


def stored_format(source: TensorSource, embedding: str) -> WeightFormat:
    """The format in which a checkpoint's matrices lie on disk; float16 counts as float32."""
    dtype = source.tensor(embedding).dtype
    if dtype == torch.int8:
        return WeightFormat.INT8
    return WeightFormat.BFLOAT16 if dtype == torch.bfloat16 else WeightFormat.FLOAT32


@dataclass(frozen=True, slots=True)
class MatrixLoader:
    """Builds the linear maps of one model in one weight format; int8 needs `kernels`."""

    source: TensorSource
    format: WeightFormat
    device: torch.device
    kernels: KernelChoice | None

    def linear(self, stem: str, *, bias: bool = True) -> Linear:
        """The map of `stem`.weight and `stem`.bias."""
        name = f"{stem}.weight"
        offset = self.vector(f"{stem}.bias", self.format.dtype) if bias else None
        if self.format is WeightFormat.INT8:
            return self._int8_linear(name, offset)
        return DenseLinear(self._dense(name), offset)

    def embedding(self, name: str) -> tuple[Embedding, Linear]:
        """The embedding matrix as a lookup and as the output head; both read the same tensor."""
        if self.format is WeightFormat.INT8:
            head = self._int8_linear(name, None)
            return Int8RowEmbedding(head.weight, head.scale, self.format.dtype), head
        weight = self._dense(name)
        return DenseEmbedding(weight), DenseLinear(weight, None)

    def vector(self, name: str, dtype: torch.dtype = torch.float32) -> Tensor:
        """A small tensor in the given dtype."""
        return self.source.tensor(name).to(device=self.device, dtype=dtype)

    def _dense(self, name: str) -> Tensor:
        tensor = self.source.tensor(name)
        if tensor.dtype == torch.int8:
            tensor = tensor.float().mul_(self._scale(name)[:, None])
        return tensor.to(device=self.device, dtype=self.format.dtype)

    def _int8_linear(self, name: str, bias: Tensor | None) -> Int8RowLinear:
        if self.kernels is None:
            raise InternalError("int8 weights were asked for without a choice of kernels")
        codes, scale = self._int8(name)
        return Int8RowLinear(codes, scale, bias, self.kernels)

    def _int8(self, name: str) -> tuple[Tensor, Tensor]:
        tensor = self.source.tensor(name)
        if tensor.dtype == torch.int8:
            return tensor.to(self.device), self._scale(name).to(self.device)
        codes, scale = quantize_weight(tensor)
        return codes.to(self.device), scale.to(self.device)

    def _scale(self, name: str) -> Tensor:
        scale_name = name + SCALE_SUFFIX
        rows = self.source.shape(name)[0]
        if scale_name not in self.source.names():
            raise CheckpointError(f"{name} is int8 but {scale_name} is missing: get the model's files again")
        if (shape := self.source.shape(scale_name)) not in {(rows,), (rows, 1)}:
            raise CheckpointError(f"{scale_name} has shape {shape}, expected ({rows},)")
        return self.source.tensor(scale_name).float().reshape(rows)


def quantize_weight(weight: Tensor) -> tuple[Tensor, Tensor]:
    """Symmetric int8 rows: (o, i) -> codes (o, i) int8 and scale (o,) float32 with weight ~ codes * scale[:, None]."""
    wide = weight.float()
    scale = wide.abs().amax(dim=1).clamp_(min=1e-30).mul_(1.0 / 127.0)
    return (wide / scale[:, None]).round_().to(torch.int8), scale
