"""How fast a model of any shape runs, from what a byte, a layer and an operation cost."""

from dataclasses import replace

import pytest

from app.inference.bench.cost import operations_per_token, weights_bytes
from app.inference.checkpoints.synthetic import SyntheticSource
from app.inference.config import BlockType
from app.inference.presets import preset
from app.inference.speed import (
    FormatLimits,
    MachineLimits,
    expected_rates,
    reading_work,
    writing_work,
)
from app.inference.weight_format import WeightFormat
from tests.checkpoints import synthetic_model

INT8, INT4, BF16 = WeightFormat.INT8, WeightFormat.INT4, WeightFormat.BFLOAT16
SMALL = replace(
    preset("2b"),
    vocab_size=512,
    width=64,
    mlp_width=128,
    num_heads=4,
    lru_width=96,
    block_types=(BlockType.RECURRENT, BlockType.RECURRENT, BlockType.ATTENTION, BlockType.RECURRENT),
    window_tokens=16,
    window_keys=17,
)


@pytest.mark.parametrize("form", [WeightFormat.FLOAT32, BF16, INT8, INT4])
def test_bytes_are_those_of_a_built_model(form: WeightFormat) -> None:
    """All weights that writing a token reads; those of an int4 model that are int8 by themselves."""
    work, model = writing_work(SMALL, form), synthetic_model(SMALL, form)
    # Products without a bias add one of zeros in int8, of which the arithmetic knows nothing.
    zeros = 4 * (SMALL.vocab_size + 64 + 2 * 16) if form.is_integer else 0
    assert work.nbytes + work.int8_bytes == weights_bytes(model) - zeros
    source = SyntheticSource(SMALL, form)
    rows = [source.shape(name) for name in source.names() if form is INT4 and source.dtype(name) == "I8"]
    assert work.int8_bytes == sum(outputs * inputs + 4 * outputs for outputs, inputs in rows)


def test_keys_are_seen_as_far_as_the_window_is_filled() -> None:
    """Of each head in each layer with attention; layers count all."""
    counts = [writing_work(SMALL, INT8, position=position).keys for position in (0, 5, 16, 1000, None)]
    assert [count // (SMALL.num_heads * SMALL.head_dim) for count in counts] == [1, 6, 17, 17, 17]
    assert writing_work(SMALL, INT8).layers == 4


def test_operations_are_those_of_the_products() -> None:
    """Two a weight and token, the head left out; keys grow with the position until the window is full."""
    assert reading_work(SMALL, 8).operations == 8 * operations_per_token(SMALL)
    keys = [reading_work(SMALL, 8, position=position).keys for position in (0, 5, None)]
    assert [count / (8 * SMALL.num_heads * SMALL.head_dim) for count in keys] == [8, 13, 25]
    assert reading_work(SMALL, 16).numbers == 2 * reading_work(SMALL, 8).numbers > 0


def _limits(**costs: float) -> FormatLimits:
    nothing = dict.fromkeys(FormatLimits.__dataclass_fields__, 0.0)
    return FormatLimits(**nothing | {"write_byte_s": 1e-30, "read_operation_s": 1e-30} | costs)


@pytest.mark.parametrize("cost", ["write_byte_s", "write_layer_s", "write_key_s"])
def test_each_cost_of_writing_counts(cost: str) -> None:
    """Alone, it takes its share for every one of them."""
    work = writing_work(SMALL, INT8)
    many = {"write_byte_s": work.nbytes, "write_layer_s": work.layers, "write_key_s": work.keys}[cost]
    found = expected_rates(SMALL, INT8, MachineLimits("cpu", "", 0, (), {"int8": _limits(**{cost: 0.5})}))
    assert found is not None and found.write == pytest.approx(2.0 / many)


@pytest.mark.parametrize("cost", ["read_operation_s", "read_number_s", "read_key_s"])
def test_each_cost_of_reading_counts(cost: str) -> None:
    """For a chunk of 512 tokens far into a text."""
    work = reading_work(SMALL, 512)
    many = {"read_operation_s": work.operations, "read_number_s": work.numbers, "read_key_s": work.keys}[cost]
    found = expected_rates(SMALL, INT8, MachineLimits("cpu", "", 0, (), {"int8": _limits(**{cost: 0.5})}))
    assert found is not None and found.read == pytest.approx(512 * 2.0 / many)


def test_int8_parts_of_int4_models_cost_what_int8_does() -> None:
    """Where that was measured, else as much as the rest."""
    work = writing_work(SMALL, INT4)
    alone = MachineLimits("cpu", "", 0, (), {"int4": _limits(write_byte_s=1.0)})
    both = replace(alone, formats={**alone.formats, "int8": _limits(write_byte_s=3.0)})
    seconds = [1.0 / found.write for limits in (alone, both) if (found := expected_rates(SMALL, INT4, limits))]
    assert seconds == pytest.approx([work.nbytes + work.int8_bytes, work.nbytes + 3 * work.int8_bytes])


def test_a_format_that_was_not_measured() -> None:
    """Has no rate, rather than another format's."""
    assert expected_rates(SMALL, BF16, MachineLimits("cpu", "", 0, (), {"int8": _limits()})) is None
