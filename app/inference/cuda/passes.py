"""A model's passes on a CUDA device, in place of the plain ones: reading, writing and the head."""

from __future__ import annotations

from dataclasses import dataclass, replace

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
class CudaLinear:
    """A Linear over a matrix of any format."""

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
        """The product in the activations' dtype."""
        assert isinstance(x, Tensor)
        return self.kernels.multiply(x, self.matrix)


class CudaPasses:
    """See griffin.Passes."""

    def __init__(self, layers: Layers, kernels: StepKernels) -> None:
        self._read = FusedRead(layers, kernels)
        self._step = FusedStep(layers, kernels)

    def read(self, ids: TokenIds, state: ModelState) -> Hidden:
        """See Passes."""
        return self._read(ids, state)

    def decode(self, ids: TokenIds, batch: DecodeBatch) -> Tensor:
        """See Passes."""
        return self._step(ids, batch)


def accelerated(model: Griffin, *, dependent: bool) -> Griffin:
    """The model with CUDA passes; integer weights get bfloat16 activations.

    dependent: whether the device knows programmatic dependent launch. UnsupportedError: see Layers.of.
    """
    layers = Layers.of(model)
    kernels = StepKernels(layers.dtype, layers.activation, dependent=dependent)
    return replace(
        model,
        head=CudaLinear(layers.head, kernels),
        ops=CudaOps(),
        dtype=layers.dtype,
        passes=CudaPasses(layers, kernels),
    )
