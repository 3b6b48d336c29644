"""A model's passes on a CUDA device, in place of the plain ones: reading, writing and the head."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from app.inference.batch import DecodeBatch
from app.inference.cuda.launch import StepKernels
from app.inference.cuda.layers import Layers
from app.inference.cuda.matrices import Matrix
from app.inference.cuda.ops import CudaOps
from app.inference.cuda.read import FusedRead
from app.inference.cuda.step import FusedStep
from app.inference.griffin import Griffin
from app.inference.linear import Prepared
from app.inference.shapes import Hidden, TokenIds
from app.inference.state import ModelState


@dataclass(frozen=True, slots=True)
class CudaHead:
    """The output head as a Linear over a matrix of any format; the scores of one token come as float32."""

    matrix: Matrix
    kernels: StepKernels

    @property
    def nbytes(self) -> int:
        """Bytes of weights, scales and offsets."""
        parts = (self.matrix.weight, self.matrix.scale, self.matrix.offset)
        return sum(part.nbytes for part in parts if part is not None)

    @property
    def out_features(self) -> int:
        """Rows of the weight."""
        return self.matrix.rows

    def prepare(self, x: Tensor) -> Prepared:
        """x itself."""
        return x

    def __call__(self, x: Prepared) -> Tensor:
        """The product, (b, t, d) -> (b, t, v)."""
        assert isinstance(x, Tensor)
        if x.numel() == self.matrix.width:
            scores = torch.empty((1, 1, self.matrix.rows), dtype=torch.float32, device=x.device)
            return self.kernels.project(x, self.matrix, scores)
        return self.kernels.multiply(x, self.matrix)


@dataclass(frozen=True, slots=True)
class CudaPasses:
    """See griffin.Passes. layers: all that the two ways through the blocks read."""

    layers: Layers
    through_many: FusedRead
    through_one: FusedStep

    def read(self, ids: TokenIds, state: ModelState) -> Hidden:
        """See Passes."""
        return self.through_many(ids, state)

    def decode(self, ids: TokenIds, batch: DecodeBatch) -> Tensor:
        """See Passes."""
        return self.through_one(ids, batch)


def accelerated(model: Griffin) -> Griffin:
    """The model with CUDA passes; integer weights get bfloat16 activations.

    Its blocks are empty: the passes hold the weights, some of them joined or in another type, and once is enough.
    UnsupportedError: see Layers.of.
    """
    layers = Layers.of(model)
    kernels = StepKernels(layers.dtype, layers.activation)
    return replace(
        model,
        blocks=(),
        head=CudaHead(layers.head, kernels),
        ops=CudaOps(),
        dtype=layers.dtype,
        passes=CudaPasses(layers, FusedRead(layers, kernels), FusedStep(layers, kernels)),
    )
