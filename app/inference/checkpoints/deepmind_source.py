"""DeepMind's tensors under our names and in our shapes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from torch import Tensor

from app.core.errors import CheckpointError
from app.inference.checkpoints.names import Form, Layout, Place, deepmind_place, deepmind_places

# Shape in the files, None where any size may stand.
_SHAPES: dict[Form, tuple[int | None, ...]] = {
    Form.DENSE: (None, None),
    Form.CONVOLUTION: (None, None),
    Form.GATE_WEIGHT: (2, None, None),
    Form.UP_WEIGHT: (2, None, None),
    Form.GATE_BIAS: (2, 1, 1, None),
    Form.UP_BIAS: (2, 1, 1, None),
}
_HALVES = {Form.GATE_WEIGHT: 0, Form.GATE_BIAS: 0, Form.UP_WEIGHT: 1, Form.UP_BIAS: 1}


class ForeignTensors(Protocol):
    """Tensors as foreign files name and shape them."""

    def names(self) -> Iterable[str]:
        """All names in the files."""
        ...

    def shape(self, name: str) -> tuple[int, ...]:
        """Shape without reading the data."""
        ...

    def dtype(self, name: str) -> str:
        """Element type as safetensors writes it."""
        ...

    def tensor(self, name: str, index: int | None = None) -> Tensor:
        """The tensor, or one entry of its first dimension; CheckpointError when its data cannot be read."""
        ...


class DeepMindSource:
    """A TensorSource over DeepMind's names. CheckpointError for a tensor that no Griffin has, or of another rank."""

    def __init__(self, tensors: ForeignTensors, layout: Layout, origin: str) -> None:
        """origin: the file's or folder's name, for messages."""
        self._tensors = tensors
        self._layout = layout
        present = list(tensors.names())
        self._places = deepmind_places(present, layout)
        known = {place.name for place in self._places.values()}
        if not known:
            shown = ", ".join(sorted(present)[:2]) or "nothing"
            raise CheckpointError(
                f"{origin} holds {shown:.80} and such, expected embedder.input_embedding and blocks.0: it is not a "
                "RecurrentGemma model in DeepMind's layout"
            )
        if unknown := sorted(set(present) - known):
            raise CheckpointError(
                f"{origin} holds {unknown[0]!r:.80}, which has no place in a Griffin: it is another kind of model"
            )
        for place in self._places.values():
            _require_form(place, tensors.shape(place.name))

    def names(self) -> Iterable[str]:
        """Our names of all tensors."""
        return self._places.keys()

    def title(self, name: str) -> str:
        """What the files call one of our tensors, or would call it."""
        place = self._places.get(name) or deepmind_place(name, self._layout)
        return name if place is None else place.name

    def shape(self, name: str) -> tuple[int, ...]:
        """Shape in our layout, from the file's header."""
        place = self._places[name]
        shape = self._tensors.shape(place.name)
        match place.form:
            case Form.SAME:
                return shape
            case Form.DENSE:
                return shape[::-1] if self._layout is Layout.ORBAX else shape
            case Form.CONVOLUTION:
                return (shape[1], 1, shape[0])
            case Form.GATE_WEIGHT | Form.UP_WEIGHT:
                return (shape[2], shape[1])
            case Form.GATE_BIAS | Form.UP_BIAS:
                return (shape[3],)

    def dtype(self, name: str) -> str:
        """Element type from the file's header."""
        return self._tensors.dtype(self._places[name].name)

    def tensor(self, name: str) -> Tensor:
        """The tensor in our layout, every number as it is stored; a copy where the files have another order."""
        place = self._places[name]
        tensor = self._tensors.tensor(place.name, _HALVES.get(place.form))
        match place.form:
            case Form.DENSE if self._layout is Layout.ORBAX:
                tensor = tensor.t()
            case Form.CONVOLUTION:
                tensor = tensor.t()[:, None]
            case Form.GATE_WEIGHT | Form.UP_WEIGHT:
                tensor = tensor.t()
            case Form.GATE_BIAS | Form.UP_BIAS:
                tensor = tensor[0, 0]
            case _:
                pass
        # Products read rows; over columns they are slower and, added up in another order, differ in the last bits.
        return tensor.contiguous()


def _require_form(place: Place, shape: tuple[int, ...]) -> None:
    wanted = _SHAPES.get(place.form)
    if wanted is None:
        return
    if len(shape) != len(wanted) or any(want not in (None, size) for size, want in zip(shape, wanted, strict=True)):
        shown = ", ".join("any" if want is None else str(want) for want in wanted)
        raise CheckpointError(f"{place.name} has shape {shape}, expected ({shown})")
