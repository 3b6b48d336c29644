"""What is measured: a model with one sequence (or several) whose length can be set without reading."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from app.inference.bench.limits import MatrixShapes


@dataclass(frozen=True, slots=True)
class Facts:
    """A model as the report shows it; the names are those of report.Series."""

    name: str
    kind: str
    parameters: int
    weight_format: str
    weights_bytes: int
    operations_per_token: int
    matrix_kind: str
    matrix_shapes: MatrixShapes
    notes: tuple[str, ...] = ()


class Subject(Protocol):
    """A model that reads and writes tokens of one sequence. Token ids are random: speed does not depend on them."""

    @property
    def facts(self) -> Facts:
        """What it is."""
        ...

    def state_bytes(self, length: int) -> int:
        """Bytes that a sequence of this length keeps."""
        ...

    def bytes_read(self, length: int) -> int:
        """Bytes of weights and state that writing the next token reads."""
        ...

    def need_bytes(self, length: int, new_tokens: int, sequences: int = 1) -> int:
        """Memory to be allocated for sequences of this length that read `new_tokens` more at once."""
        ...

    def start(self, length: int, sequences: int = 1) -> None:
        """Drop what there is and begin sequences whose states are those of `length` tokens, with random values."""
        ...

    def read(self, tokens: int) -> float:
        """Seconds to read so many more tokens, up to the scores of the next."""
        ...

    def write(self, tokens: int) -> float:
        """Seconds to write so many tokens one by one; of several sequences, in each of them."""
        ...

    def stop(self) -> None:
        """Drop the sequences."""
        ...
