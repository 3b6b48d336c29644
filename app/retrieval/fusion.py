"""One ranking out of two: by words and by meaning."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import TypeVar

DENSE_WEIGHT = 0.5
"""The share of the dense score; docs/quality.md has the measurement."""

_Key = TypeVar("_Key", bound=Hashable)


def fuse(lexical: Mapping[_Key, float], dense: Mapping[_Key, float]) -> dict[_Key, float]:
    """The weighted sum of both scores, each as a share of its best; what only one knows has 0 from the other.

    A sum rather than a sum of reciprocal ranks: it keeps how far apart two neighbours in a ranking are.
    """
    if not dense:
        return dict(lexical)
    best_lexical = max(lexical.values(), default=0.0) or 1.0
    best_dense = max(dense.values(), default=0.0) or 1.0
    return {
        key: (1 - DENSE_WEIGHT) * max(0.0, lexical.get(key, 0.0)) / best_lexical
        + DENSE_WEIGHT * max(0.0, dense.get(key, 0.0)) / best_dense
        for key in (*lexical, *(key for key in dense if key not in lexical))
    }
