"""What lies at a path, by names alone; for what cannot be run, what it is and what to get instead."""

from pathlib import Path

import pytest

from app.core.errors import CheckpointError
from app.inference.checkpoints.locate import CachedRepository, cached_repository, locate
from app.inference.checkpoints.names import Layout
from app.inference.checkpoints.registry import open_checkpoint
from app.inference.checkpoints.weight_files import INDEX_FILE
from tests.checkpoints import random_tensors, raw_config, write_checkpoint

RAW = raw_config("recurrentgemma")
TENSORS = random_tensors(RAW)
COMMIT = "0123456789abcdef0123456789abcdef01234567"


def _names(path: Path) -> list[str]:
    return [weights.name for weights in locate(path).weights]


def test_a_file_stands_for_its_model(tmp_path: Path) -> None:
    """The one file, its config.json, or any shard of a set: the same model as its folder."""
    write_checkpoint(tmp_path / "one", RAW, TENSORS)
    write_checkpoint(tmp_path / "many", RAW, TENSORS, shards=3)
    for file in (
        "one/model.safetensors",
        "one/config.json",
        "many/model-00002-of-00003.safetensors",
        f"many/{INDEX_FILE}",
    ):
        path = tmp_path / file
        assert open_checkpoint(path).files == open_checkpoint(path.parent).files


def test_a_file_of_any_name_stands_for_itself(tmp_path: Path) -> None:
    """Beside others of which the folder alone would say nothing."""
    write_checkpoint(tmp_path, RAW, TENSORS)
    (tmp_path / "model.safetensors").rename(tmp_path / "tuned.safetensors")
    (tmp_path / "adapter.safetensors").write_bytes(b"")
    assert _names(tmp_path / "tuned.safetensors") == ["tuned.safetensors"]
    assert open_checkpoint(tmp_path / "tuned.safetensors").config.width == 32
    with pytest.raises(CheckpointError, match=r"lacks model\.safetensors"):
        locate(tmp_path)


def test_shards_without_an_index(tmp_path: Path) -> None:
    """All of them are read; where some are missing they are named."""
    write_checkpoint(tmp_path, RAW, TENSORS, shards=5)
    whole = open_checkpoint(tmp_path).files
    (tmp_path / INDEX_FILE).unlink()
    assert open_checkpoint(tmp_path).files == whole
    for number in (1, 3, 4, 5):
        (tmp_path / f"model-{number:05d}-of-00005.safetensors").unlink()
    expected = (
        r"lacks model-00001-of-00005\.safetensors, model-00003-of-00005\.safetensors, "
        r"model-00004-of-00005\.safetensors and 1 more"
    )
    for path in (tmp_path, tmp_path / "model-00002-of-00005.safetensors"):
        with pytest.raises(CheckpointError, match=expected):
            locate(path)


def test_two_sets_of_shards_without_an_index(tmp_path: Path) -> None:
    """Which of them is meant is not guessed."""
    for name in ("model-00001-of-00002.safetensors", "model-00001-of-00003.safetensors"):
        (tmp_path / name).write_bytes(b"")
    with pytest.raises(CheckpointError, match="holds several sets of numbered safetensors files"):
        locate(tmp_path)


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("pytorch_model.bin", "may hold code and are never opened"),
        ("pytorch_model-00001-of-00002.bin", "may hold code"),
        ("recurrentgemma-2b.Q4_K_M.gguf", "a GGUF file, made for llama.cpp"),
        ("model.weights.h5", "a Keras file"),
        ("flax_model.msgpack", "a Flax file"),
        ("model.onnx", "an ONNX file"),
        ("2b-it-sfp.sbs", "a gemma.cpp file"),
    ],
)
def test_other_programs_files(name: str, what: str, tmp_path: Path) -> None:
    """Named, with what to get instead, alone or in their folder with a sound config.json; none is opened."""
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / name).write_bytes(b"\x80\x04anything")
    for path in (tmp_path, tmp_path / name):
        with pytest.raises(CheckpointError, match=what) as caught:
            locate(path)
        assert name in caught.value.message
        assert "get the model's safetensors files from huggingface.co" in caught.value.message


def test_safetensors_are_taken_before_others(tmp_path: Path) -> None:
    """Repositories often hold the same weights twice."""
    write_checkpoint(tmp_path, RAW, TENSORS)
    for name in ("pytorch_model.bin", "original.pt", "model.gguf"):
        (tmp_path / name).write_bytes(b"")
    assert (locate(tmp_path).layout, _names(tmp_path)) == (Layout.HUGGINGFACE, ["model.safetensors"])


def test_a_file_of_no_model(tmp_path: Path) -> None:
    """A document, say."""
    (tmp_path / "book.pdf").write_bytes(b"%PDF")
    with pytest.raises(CheckpointError, match=r"book\.pdf is not a model's file"):
        locate(tmp_path / "book.pdf")


def test_unreadable_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lack of rights is not called damage."""

    def refuse(_: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", refuse)
    with pytest.raises(CheckpointError, match="may not be read"):
        locate(tmp_path)


def test_snapshot_in_hugging_faces_cache(tmp_path: Path) -> None:
    """Its files are links, and its folder's name is a hash: the repository's name is told instead."""
    cache = tmp_path / "models--google--recurrentgemma-2b-it"
    blobs, snapshot = cache / "blobs", cache / "snapshots" / COMMIT
    write_checkpoint(blobs, RAW, TENSORS)
    snapshot.mkdir(parents=True)
    for file in blobs.iterdir():
        (snapshot / file.name).symlink_to(file)
    assert cached_repository(snapshot) == CachedRepository("google/recurrentgemma-2b-it", COMMIT)
    assert open_checkpoint(snapshot).name == "recurrentgemma-2b-it"
    assert open_checkpoint(blobs).name == "blobs"
