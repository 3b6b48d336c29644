"""What calibration learns of a matrix: the moments of its inputs, in the exact model and behind the rounded one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from app.inference.int4_groups import Int4Groups
from app.inference.int8_rows import row_blocks
from app.inference.linear import DenseLinear, Prepared

_ROWS = 512
"""Rows of a matrix that are multiplied at a time by moments: the product needs no more memory than they do."""


class Recorded(Exception):  # noqa: N818 (no error: it ends a pass that has told all it was run for)
    """The wanted input was recorded; nothing after it matters."""


@dataclass(slots=True)
class Moments:
    """Of the inputs x (exact model) and r (behind what is rounded) of one matrix over the calibration text.

    rounded: sum of r^T r (i, i); cross: sum of x^T r (i, i); sums: of x and of r (2, i); tokens: how many.
    """

    rounded: Tensor
    cross: Tensor
    sums: Tensor
    tokens: int = 0

    @classmethod
    def none(cls, width: int) -> Moments:
        """Before the first token."""
        return cls(torch.zeros((width, width)), torch.zeros((width, width)), torch.zeros((2, width)))

    def add(self, pair: Tensor) -> None:
        """Take in the inputs of a sequence, (2, t, i): exact and behind rounding."""
        exact, rounded = pair
        self.rounded.addmm_(rounded.t(), rounded)
        self.cross.addmm_(exact.t(), rounded)
        self.sums += pair.sum(1)
        self.tokens += pair.shape[1]


@dataclass(slots=True)
class Recorder:
    """Shared by the maps of one block: which inputs there are, and the moments of the one that is wanted.

    inputs: while a list, the stems of the maps that read each input are noted in it, in the order of the pass.
    """

    inputs: list[list[str]] | None = None
    wanted: str | None = None
    moments: Moments | None = None
    _last: Tensor | None = None

    def take(self, stem: str, x: Tensor) -> None:
        """Note that the map reads x, or take in x (2, t, i) if it is wanted and end the pass by Recorded."""
        if self.inputs is not None:
            self._note(stem, x, self.inputs)
        elif stem == self.wanted:
            if self.moments is None:
                self.moments = Moments.none(x.shape[-1])
            self.moments.add(x)
            raise Recorded

    def _note(self, stem: str, x: Tensor, inputs: list[list[str]]) -> None:
        if x is self._last:
            inputs[-1].append(stem)
        else:
            inputs.append([stem])
        self._last = x


@dataclass(slots=True)
class PairLinear:
    """A map on pairs (2, t, i) of activations: the exact map on the first, the rounded one (if any) on the second.

    Both are float32, made when a pass first needs them and let go of by `rest`.
    """

    load: Callable[[], DenseLinear]
    stem: str
    shape: tuple[int, ...]
    """(o, i) of the weight."""
    recorder: Recorder
    _rounded: tuple[Int4Groups, Tensor | None] | None = None
    _exact: DenseLinear | None = None
    _wide: DenseLinear | None = None

    @property
    def exact(self) -> DenseLinear:
        """The exact map."""
        if self._exact is None:
            self._exact = self.load()
        return self._exact

    @property
    def nbytes(self) -> int:
        """Those of the exact map."""
        return self.exact.nbytes

    @property
    def out_features(self) -> int:
        """Those of the exact map."""
        return self.shape[0]

    def round(self, groups: Int4Groups, bias: Tensor | None) -> None:
        """From here on the second of each pair goes through these."""
        self._rounded = groups, bias
        self._wide = None

    def rest(self) -> None:
        """Free the memory of both maps until a pass comes."""
        self._exact = self._wide = None

    def prepare(self, x: Tensor) -> Prepared:
        """x itself."""
        return x

    def __call__(self, x: Prepared) -> Tensor:
        """(2, t, i) -> (2, t, o); Recorded where the pass need not go on."""
        assert isinstance(x, Tensor)
        self.recorder.take(self.stem, x)
        if self._rounded is None:
            return self.exact(x)
        if self._wide is None:
            groups, bias = self._rounded
            wide = torch.empty(self.shape)
            for rows in row_blocks(wide):  # all at once, codes on their way to floats would double it
                wide[rows] = groups.dequantize(rows)
            self._wide = DenseLinear(wide, bias)
        return torch.cat((self.exact(x[:1]), self._wide(x[1:])))


def output_error(weight: Tensor, rounded: Callable[[slice], Tensor], moments: Tensor) -> float:
    """Norm of the change of a matrix's output for inputs of these second moments, over the norm of the output.

    rounded: gives rows (n, i) of what became of the weight.
    """

    def squared(matrix: Tensor) -> float:
        return float(torch.sum((matrix @ moments) * matrix))

    change, whole = 0.0, 0.0
    for start in range(0, weight.shape[0], _ROWS):
        rows = slice(start, start + _ROWS)
        change += squared(rounded(rows) - weight[rows])
        whole += squared(weight[rows])
    return (max(0.0, change) / whole) ** 0.5 if whole > 0 else 0.0


def largest_error(weight: Tensor, rounded: Callable[[slice], Tensor]) -> float:
    """The largest change of a weight (o, i) as a share of its largest magnitude; `rounded` gives rows (n, i)."""
    change, magnitude = 0.0, 0.0
    for rows in row_blocks(weight):
        wide = weight[rows].float()
        change = max(change, float((rounded(rows) - wide).abs().max()))
        magnitude = max(magnitude, float(wide.abs().max()))
    return change / magnitude if magnitude > 0 else 0.0
