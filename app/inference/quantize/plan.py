"""Which matrices of an int4 model are int4 groups and which stay int8 rows.

The rule is the same for every model. It goes by inputs: projections that read the same input share its prepared form,
so all of them are in one format.
"""

from __future__ import annotations

from app.inference.checkpoints import names

GROUP = 32
"""The size of a group where nothing else was asked for."""

_KEPT = tuple(f".{stem}.weight" for stem in ("q_proj", "k_proj", "v_proj"))
"""Keys and values of all heads come out of matrices of a few rows, which every later token reads again: the errors
there cost most and the bytes there count least (docs/quality.md has the figures)."""


def becomes_int4(name: str, shape: tuple[int, ...], group: int = GROUP) -> bool:
    """Whether a tensor of an int4 model is held in int4 groups; other matrices are int8 rows."""
    return is_matrix(name, shape) and name != names.EMBEDDING and not name.endswith(_KEPT) and shape[1] % group == 0


def is_matrix(name: str, shape: tuple[int, ...]) -> bool:
    """Whether a tensor is a large matrix, which formats of integers quantise; all others stay as they are."""
    return len(shape) == 2 and name.endswith(".weight")
