import numpy as np
import pytest

from app.inference.generator import never
from app.tasks.salience import COMPONENTS, REFERENCE, HiddenSpace
from tests.fakes import VECTOR_SIZE, FakeGenerator


def test_what_all_vectors_share_is_taken_away() -> None:
    """Mean (10, 0, 0) and direction (0, 1, 0) are removed; the third axis alone decides."""
    space = HiddenSpace(np.array([10, 0, 0], dtype=np.float32), np.array([[0, 1, 0]], dtype=np.float32))
    near = space.nearness([[10, 5, 1], [10, -7, 2], [10, 0, -1]])
    # What is left is +1, +1 and -1 after normalisation, with the mean 1/3.
    assert near == pytest.approx([1 / 3, 1 / 3, -1 / 3], rel=1e-5)


def test_leading_directions_of_reference_vectors() -> None:
    """The direction in which the reference varies most comes first."""
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(60, 6)) * [9, 1, 1, 1, 1, 1] + 3
    space = HiddenSpace.of_vectors(vectors.tolist())
    assert space.mean == pytest.approx(vectors.mean(axis=0), rel=1e-5)
    assert space.directions.shape == (COMPONENTS, 6)
    assert abs(space.directions[0, 0]) > 0.98


def test_reference_is_read_through_a_state_of_its_own() -> None:
    """The state is dropped and the reference's tokens are counted as read."""
    generator = FakeGenerator()
    space = HiddenSpace.of_model(generator, never)
    assert generator.states == {}
    assert space.mean.shape == (VECTOR_SIZE,)
    assert generator.usage.prefill_tokens == 1 + sum(len(sentence.split()) for sentence in REFERENCE)
