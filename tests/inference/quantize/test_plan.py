"""Which matrices become int4."""

from app.inference.checkpoints.names import EMBEDDING, expected_shapes
from app.inference.presets import preset
from app.inference.quantize.plan import becomes_int4


def test_the_published_2b_model() -> None:
    """Everything large but the embedding and the attention's inputs; nothing that is no matrix."""
    stems = {name.rsplit(".", 2)[-2] for name, shape in expected_shapes(preset("2b")) if becomes_int4(name, shape)}
    assert stems == {"linear_x", "linear_y", "linear_out", "o_proj", "gate_proj", "up_proj", "down_proj"}


def test_rows_must_hold_whole_groups() -> None:
    """96 columns are three groups of 32 and no number of groups of 64; the embedding never becomes int4."""
    name = "model.layers.0.mlp_block.up_proj.weight"
    assert becomes_int4(name, (10, 96)) and not becomes_int4(name, (10, 96), 64) and not becomes_int4(name, (10, 97))
    assert not becomes_int4(EMBEDDING, (256_000, 2560))
