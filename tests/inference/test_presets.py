"""The published shapes: sizes by name."""

import pytest

from app.core.errors import UserError
from app.inference.config import BlockType
from app.inference.presets import preset


@pytest.mark.parametrize(("name", "width", "attention", "layers"), [("2b", 2560, 8, 26), ("9b", 4096, 12, 38)])
def test_sizes(name: str, width: int, attention: int, layers: int) -> None:
    """Every third block attends; heads of 256; two blocks of recurrence end the 2B and the 9B."""
    config = preset(name)
    kinds = config.block_types
    assert (config.width, len(kinds), kinds.count(BlockType.ATTENTION)) == (width, layers, attention)
    assert kinds[:3] == (BlockType.RECURRENT, BlockType.RECURRENT, BlockType.ATTENTION)
    assert kinds[-2:] == (BlockType.RECURRENT, BlockType.RECURRENT)
    assert config.width // config.num_heads == 256 and config.mlp_width == 3 * width


def test_another_size() -> None:
    """The sentence lists those there are."""
    with pytest.raises(UserError, match="choose one of 2b, 9b"):
        preset("27b")
