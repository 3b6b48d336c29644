"""Packed vectors: their bytes, their rounding, what is refused."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.retrieval.vectors import pack, products


def unpack(blobs: list[bytes]) -> np.ndarray:
    """The rows again, number by number: products with the axes."""
    axes = np.eye(len(blobs[0]) - 4, dtype=np.float32)
    return np.stack([products(blobs, len(blobs), axis) for axis in axes], axis=1)


def unit_rows(seed: int, count: int, dimension: int) -> np.ndarray:
    rows = np.random.default_rng(seed).standard_normal((count, dimension)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_bytes_of_a_vector_by_hand() -> None:
    """A little-endian scale, then one signed byte per number: 0.6 is 95 of 127 where 0.8 is all of them."""
    vector = np.array([[0.6, -0.8]], dtype=np.float32)
    assert pack(vector) == [struct.pack("<f2b", 1 / (95**2 + 127**2) ** 0.5, 95, -127)]


@given(st.integers(0, 2**32 - 1), st.integers(1, 5), st.integers(1, 400))
def test_round_trip(seed: int, count: int, dimension: int) -> None:
    """Rows come back in order with unit length, each number within a step of a 127th of the row's largest."""
    rows = unit_rows(seed, count, dimension)
    blobs = pack(rows)
    found = unpack(blobs)
    assert [len(blob) for blob in blobs] == [dimension + 4] * count
    assert found.dtype == np.float32 and found.shape == rows.shape
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)
    assert (np.abs(found - rows) <= np.abs(rows).max(axis=1, keepdims=True) / 127).all()


def test_batches_of_several() -> None:
    """Packed in a row they give the same products as one by one, whatever the batches."""
    blobs, asked = pack(unit_rows(2, 5, 16)), unit_rows(3, 1, 16)[0]
    expected = products(blobs, 5, asked)
    np.testing.assert_array_equal(products([b"".join(blobs[:3]), b"".join(blobs[3:])], 5, asked), expected)
    np.testing.assert_allclose(expected, unpack(blobs) @ asked, atol=1e-6)


def test_cosines_survive() -> None:
    """Rounding moves the cosine of two vectors of 384 numbers by less than 0.003."""
    rows = unit_rows(1, 200, 384)
    found = unpack(pack(rows))
    assert np.abs(found @ found.T - rows @ rows.T).max() < 0.003


def test_a_vector_of_zeros_stays_one() -> None:
    """Nothing is divided by its length, and its neighbour is not touched."""
    rows = np.array([[0, 0, 0], [0, 1, 0]], dtype=np.float32)
    np.testing.assert_allclose(unpack(pack(rows)), rows, atol=1e-6)


def test_none() -> None:
    """No vectors are no bytes, and the other way round."""
    assert pack(np.zeros((0, 384), dtype=np.float32)) == []
    assert products([], 0, np.ones(384, dtype=np.float32)).shape == (0,)


@pytest.mark.parametrize("shape", [(3,), (2, 0), (1, 2, 3)])
def test_other_shapes_are_refused(shape: tuple[int, ...]) -> None:
    """Only rows of numbers can be packed."""
    with pytest.raises(ValueError, match="expected \\(n, d\\)"):
        pack(np.ones(shape, dtype=np.float32))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_number_that_is_none_is_refused(bad: float) -> None:
    """What cannot be rounded is not stored as something else."""
    with pytest.raises(ValueError, match="not finite"):
        pack(np.array([[0.5, bad]], dtype=np.float32))


@pytest.mark.parametrize(
    "blobs", [[b"\0" * 8, b"\0" * 9], [b""], [b"\0" * 4], [b"\0" * 8, b""], [b"\0" * 10, b"\0" * 6]]
)
def test_wrong_sizes_are_refused(blobs: list[bytes]) -> None:
    """A blob that was cut off, or of another encoder, does not shift its neighbours."""
    with pytest.raises(ValueError, match="expected 8 for each"):
        products(blobs, len(blobs), np.ones(4, dtype=np.float32))


def test_a_damaged_scale_is_refused() -> None:
    """A scale that is no number would make every comparison false."""
    with pytest.raises(ValueError, match="scale that is not finite"):
        unpack([struct.pack("<f2b", float("nan"), 1, 2)])
