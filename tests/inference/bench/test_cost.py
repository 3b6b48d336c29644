from __future__ import annotations

import pytest

from app.inference.bench.cost import matrix_shapes, operations_per_token, state_bytes_read, weights_bytes
from app.inference.checkpoints.names import expected_shapes
from app.inference.loading import state_nbytes
from app.inference.presets import preset
from app.inference.weight_format import WeightFormat
from tests.checkpoints import synthetic_model


def test_weights_of_a_float32_model_are_four_bytes_each(tiny_config) -> None:
    """Every tensor once: the embedding, which is the head too, is not counted twice."""
    parameters = 0
    for _, shape in expected_shapes(tiny_config):
        size = 1
        for extent in shape:
            size *= extent
        parameters += size
    assert weights_bytes(synthetic_model(tiny_config, WeightFormat.FLOAT32)) == 4 * parameters


def test_int8_counts_codes_and_scales(tiny_config) -> None:
    """A matrix of o rows and i columns is o * i bytes and o scales of four."""
    dense = synthetic_model(tiny_config, WeightFormat.FLOAT32)
    quantised = synthetic_model(tiny_config, WeightFormat.INT8)
    matrices = [shape for name, shape in expected_shapes(tiny_config) if len(shape) == 2 and name.endswith(".weight")]
    saved = sum(4 * rows * columns - (rows * columns + 4 * rows) for rows, columns in matrices)
    # A map without a bias has zeros in its place: q, k, v and the head.
    zeros = 4 * (3 * 32 - 2 * 24 + tiny_config.vocab_size)
    assert weights_bytes(dense) - weights_bytes(quantised) == saved - zeros


@pytest.mark.parametrize(("itemsize", "whole"), [(2, 17_238_016 + 8 * 1024), (4, 34_291_712 + 8 * 2048)])
def test_state_of_the_2b(itemsize: int, whole: int) -> None:
    """The bytes worked out by hand for 2,048 slots, and one slot more of 8 layers; half of the window is half read."""
    config = preset("2b")
    assert state_bytes_read(config, itemsize, 1 << 20) == whole
    slot = 8 * 2 * 256 * itemsize
    assert state_bytes_read(config, itemsize, 1024) == whole - (2049 - 1025) * slot


def test_state_kept_is_the_state_read_when_the_window_is_full(tiny_config) -> None:
    """Nothing of a full state is left unread."""
    model = synthetic_model(tiny_config, WeightFormat.FLOAT32)
    assert state_nbytes(model) == state_bytes_read(tiny_config, 4, 100)


def test_operations_of_the_2b() -> None:
    """Two for each of the 2.028 billion weights outside the embedding, less norms, biases and convolutions."""
    assert operations_per_token(preset("2b")) == pytest.approx(2 * 2.028e9, rel=1e-3)


def test_matrix_shapes_leave_the_head_out(tiny_config) -> None:
    """Width 32, MLP 64, one key/value head of 8, two recurrent layers and one of attention."""
    assert matrix_shapes(tiny_config) == {(64, 32): 6, (32, 64): 3, (32, 32): 8, (8, 32): 2}
