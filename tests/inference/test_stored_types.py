"""Headers of safetensors files, without torch."""

import struct
import subprocess
import sys
from pathlib import Path

import pytest

from app.core.errors import CheckpointError
from app.inference.checkpoints.names import EMBEDDING
from app.inference.checkpoints.registry import open_checkpoint
from app.inference.stored_types import format_on_disk, stored_types
from app.inference.weight_format import WeightFormat
from tests.checkpoints import int4_tensors, int8_tensors, random_tensors, raw_config, write_checkpoint

RAW = raw_config("recurrentgemma", hidden_size=64, intermediate_size=256)


@pytest.mark.parametrize("shards", [1, 3])
@pytest.mark.parametrize("form", ["bfloat16", "int8", "int4"])
def test_types_are_those_that_the_checkpoint_tells(form: str, shards: int, tmp_path: Path) -> None:
    """Of every tensor, whatever files they lie in."""
    tensors = random_tensors(RAW)
    content = {
        "bfloat16": {name: tensor.bfloat16() for name, tensor in tensors.items()},
        "int8": int8_tensors(tensors),
        "int4": int4_tensors(tensors),
    }[form]
    folder = write_checkpoint(tmp_path / "model", RAW, content, shards=shards)
    source = open_checkpoint(folder).source
    assert stored_types(folder) == {name: source.dtype(name) for name in source.names()}


def test_a_folder_without_such_files(tmp_path: Path) -> None:
    """Tells nothing."""
    assert stored_types(tmp_path) == {}


@pytest.mark.parametrize(
    "content", [b"", b"abc", struct.pack("<Q", 10) + b"{}", struct.pack("<Q", 1 << 60), struct.pack("<Q", 2) + b"[]"]
)
def test_damage_is_named(content: bytes, tmp_path: Path) -> None:
    """And takes no memory, whatever length the file claims."""
    (tmp_path / "model.safetensors").write_bytes(content)
    with pytest.raises(CheckpointError, match=r"model\.safetensors is damaged or cut short") as caught:
        stored_types(tmp_path)
    assert "Error" not in caught.value.message


def test_services_stay_without_torch() -> None:
    """Everything that tells a fit, imported alone."""
    code = "import sys; import app.services.model_fit, app.inference.stored_types; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


@pytest.mark.parametrize(
    ("others", "embedding", "expected"),
    [
        ({"F32", "I8", "U8", "BF16"}, "I8", WeightFormat.INT4),
        ({"F32", "I8"}, "I8", WeightFormat.INT8),
        ({"F32"}, "BF16", WeightFormat.BFLOAT16),
        ({"BF16"}, "F16", WeightFormat.FLOAT32),
        ({"BF16"}, "F32", WeightFormat.FLOAT32),
    ],
)
def test_format_on_disk(others: set[str], embedding: str, expected: WeightFormat) -> None:
    """One int4 matrix decides, else the embedding's type."""
    assert format_on_disk({EMBEDDING: embedding, **{name: name for name in others}}) is expected
