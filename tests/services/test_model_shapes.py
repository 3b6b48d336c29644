"""What a model's headers say of it, without a weight being read."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.core.errors import CheckpointError
from app.inference.weight_format import WeightFormat
from app.services.model_shapes import read_shape
from tests.checkpoints import int8_tensors, random_tensors, raw_config, write_checkpoint

RAW = raw_config("recurrentgemma")
TENSORS = random_tensors(RAW)


@pytest.mark.parametrize("shards", [1, 3])
def test_shape_of_a_folder(tmp_path: Path, shards: int) -> None:
    """Its config, and the format that its files are in."""
    shape = read_shape(write_checkpoint(tmp_path, RAW, int8_tensors(TENSORS), shards=shards))
    assert shape is not None
    assert (shape.config.width, shape.weight_format) == (32, WeightFormat.INT8)


def test_shape_of_a_file_among_others(tmp_path: Path) -> None:
    """Its neighbours say nothing of it."""
    write_checkpoint(tmp_path, RAW, int8_tensors(TENSORS))
    (tmp_path / "model.safetensors").rename(tmp_path / "small.safetensors")
    write_checkpoint(tmp_path, RAW, TENSORS)
    (tmp_path / "model.safetensors").rename(tmp_path / "large.safetensors")
    formats = []
    for name in ("small", "large"):
        shape = read_shape(tmp_path / f"{name}.safetensors")
        assert shape is not None
        formats.append(shape.weight_format)
    assert formats == [WeightFormat.INT8, WeightFormat.FLOAT32]


@pytest.mark.parametrize("weights", ["2b-it.pt", "2b-it.pth", "2b-it/manifest.ocdbt", "params.embedder/.zarray"])
@pytest.mark.parametrize("config", [True, False])
def test_another_layout_is_not_damaged(tmp_path: Path, weights: str, config: bool) -> None:
    """Nothing is known of it before it is opened, though a config.json may lie beside the weights."""
    (tmp_path / weights).parent.mkdir(exist_ok=True)
    (tmp_path / weights).write_bytes(b"")
    if config:
        (tmp_path / "config.json").write_text('{"model_type": "recurrent_gemma"}')
    assert read_shape(tmp_path) is None


def test_damage_is_named(tmp_path: Path) -> None:
    """No weights at all, or a shard that is missing."""
    write_checkpoint(tmp_path, RAW, TENSORS, shards=2)
    (tmp_path / "model-00002-of-00002.safetensors").unlink()
    with pytest.raises(CheckpointError, match=r"lacks model-00002-of-00002\.safetensors"):
        read_shape(tmp_path)
    (tmp_path / "model-00001-of-00002.safetensors").unlink()
    with pytest.raises(CheckpointError, match=r"holds a config\.json and no weights"):
        read_shape(tmp_path)
