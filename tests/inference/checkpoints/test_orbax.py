"""Flax parameters as Orbax writes them: every tensor in its place to the bit, from either kind of store."""

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from app.core.errors import CheckpointError
from app.inference.checkpoints.builder import build_griffin
from app.inference.checkpoints.names import Layout
from app.inference.checkpoints.registry import Checkpoint, open_checkpoint
from app.inference.checkpoints.weight_files import is_orbax, orbax_files
from app.inference.fingerprint import fingerprint
from app.inference.weight_format import WeightFormat
from tests.checkpoints import (
    TRAITS,
    deepmind_tensors,
    random_tensors,
    raw_config,
    write_checkpoint,
    write_deepmind,
    write_orbax,
)

pytest.importorskip("tensorstore", reason="the optional package that reads Orbax checkpoints is not installed")

RAW = raw_config("recurrentgemma")


def _logits(checkpoint: Checkpoint) -> torch.Tensor:
    ids = torch.randint(0, 97, (1, 33), generator=torch.Generator().manual_seed(7))
    with torch.inference_mode():
        model = build_griffin(checkpoint.config, checkpoint.source, WeightFormat.FLOAT32, torch.device("cpu"), None)
        return model.forward(ids, model.fresh_state())


@pytest.mark.parametrize(
    ("kind", "dtype", "ocdbt", "zarr3"),
    [
        ("recurrentgemma", torch.bfloat16, True, False),
        ("recurrentgemma", torch.bfloat16, False, False),
        ("recurrentgemma", torch.float32, True, True),
        ("hawk", torch.float32, False, True),
        ("griffin", torch.float32, True, False),
        ("starter", torch.bfloat16, True, True),
    ],
)
def test_tensors_come_back_to_the_bit(kind: str, dtype: torch.dtype, ocdbt: bool, zarr3: bool, tmp_path: Path) -> None:
    """Under our names, in our shapes, contiguous; zeros among them."""
    raw = raw_config(kind)
    tensors = {name: tensor.to(dtype) for name, tensor in random_tensors(raw).items()}
    tensors["model.final_norm.weight"] = torch.zeros_like(tensors["model.final_norm.weight"])
    source = open_checkpoint(write_orbax(tmp_path / "2b", tensors, raw, ocdbt=ocdbt, zarr3=zarr3)).source
    assert sorted(source.names()) == sorted(tensors)
    for name, tensor in tensors.items():
        assert source.shape(name) == tuple(tensor.shape)
        assert source.dtype(name) == {torch.float32: "F32", torch.bfloat16: "BF16"}[dtype]
        found = source.tensor(name)
        assert found.is_contiguous()
        assert torch.equal(found, tensor)


@pytest.mark.parametrize("kind", ["recurrentgemma", "griffin"])
def test_logits_equal_those_of_the_other_layouts(kind: str, tmp_path: Path) -> None:
    """To the bit: the same file of torch's, and a Hugging Face folder with DeepMind's window rule."""
    raw, tensors = raw_config(kind), random_tensors(raw_config(kind))
    found = _logits(open_checkpoint(write_orbax(tmp_path / "2b", tensors, raw)))
    torch_file = write_deepmind(tmp_path / "torch" / "2b.pt", tensors, raw)
    folder = write_checkpoint(tmp_path / "folder", raw | {"attention_window_keys": 9}, tensors)
    assert torch.equal(found, _logits(open_checkpoint(torch_file)))
    assert torch.equal(found, _logits(open_checkpoint(folder)))


@pytest.mark.parametrize("root", ["params.", ""])
def test_with_and_without_the_root(root: str, tmp_path: Path) -> None:
    """`save_parameters` puts the parameters under `params`; a tree may also be saved as it is."""
    tensors = random_tensors(RAW)
    source = open_checkpoint(write_orbax(tmp_path / "2b", tensors, TRAITS, root=root)).source
    assert sorted(source.names()) == sorted(tensors)


def test_published_folder(tmp_path: Path) -> None:
    """As on Kaggle: the numbers in a folder of their own, tokenizer.model beside it; either folder may be given."""
    inner = write_orbax(tmp_path / "2b-it", random_tensors(RAW))
    (tmp_path / "tokenizer.model").write_bytes(b"")
    (tmp_path / "config.json").write_text(
        '{"attention_window_size": 8, "logits_soft_cap": 30, "scale_embeddings": true}'
    )
    for path in (tmp_path, inner):
        checkpoint = open_checkpoint(path)
        assert (checkpoint.layout, checkpoint.folder, checkpoint.name) == (Layout.ORBAX, tmp_path, "2b-it")
        assert checkpoint.config_json["hidden_size"] == 32
    write_orbax(tmp_path / "2b", random_tensors(RAW))
    with pytest.raises(CheckpointError, match=r"holds several models \(2b, 2b-it\): give one of the folders"):
        open_checkpoint(tmp_path)


@pytest.mark.parametrize("ocdbt", [True, False])
def test_fingerprint_does_not_depend_on_the_place(ocdbt: bool, tmp_path: Path) -> None:
    """Nor on what was noted about the saving; any number that differs changes it."""
    folder = write_orbax(tmp_path / "a" / "2b", random_tensors(RAW), TRAITS, ocdbt=ocdbt)
    moved = shutil.copytree(folder, tmp_path / "elsewhere")
    (moved / "_CHECKPOINT_METADATA").write_text("saved on a Tuesday")
    first, second = (open_checkpoint(path).files for path in (folder, moved))
    assert fingerprint(first, "float32") == fingerprint(second, "float32")
    file = max(orbax_files(moved), key=lambda path: path.stat().st_size)
    content = file.read_bytes()
    file.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    assert fingerprint(first, "float32") != fingerprint(second, "float32")


def _damage(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file() and path.name not in (".zarray", "manifest.ocdbt", "config.json"):
            path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _drop(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file() and path.name not in (".zarray", "manifest.ocdbt", "config.json"):
            path.unlink()


@pytest.mark.parametrize("ocdbt", [True, False])
@pytest.mark.parametrize("harm", [_damage, _drop])
def test_parts_that_are_missing_or_damaged(harm: Callable[[Path], None], ocdbt: bool, tmp_path: Path) -> None:
    """One sentence: tensorstore itself reads a part that is not there as zeros."""
    folder = write_orbax(tmp_path / "2b", random_tensors(RAW), TRAITS, ocdbt=ocdbt)
    harm(folder)
    with pytest.raises(CheckpointError, match=r"cannot be read .*again") as caught:
        source = open_checkpoint(folder).source
        source.tensor("model.final_norm.weight")
    assert "\n" not in caught.value.message and len(caught.value.message) < 400


def test_without_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What to install is said in one sentence."""
    folder = write_orbax(tmp_path / "2b", random_tensors(RAW), TRAITS)
    monkeypatch.setitem(sys.modules, "tensorstore", None)
    with pytest.raises(CheckpointError, match=r'run `pip install "griffin-desk\[orbax\]"`, or get the PyTorch'):
        open_checkpoint(folder)


def test_other_models_are_refused(tmp_path: Path) -> None:
    """A folder of arrays that are no Griffin's."""
    tensorstore = pytest.importorskip("tensorstore")
    store = {"driver": "file", "path": f"{tmp_path}/transformer.layer_0.attn.w/"}
    tensorstore.open({"driver": "zarr", "kvstore": store}, create=True, dtype="float32", shape=[4]).result()
    assert is_orbax(tmp_path)
    with pytest.raises(CheckpointError, match=r"holds transformer\.layer_0\.attn\.w and such"):
        open_checkpoint(tmp_path)


@pytest.mark.parametrize("ocdbt", [True, False])
def test_what_orbax_itself_writes(ocdbt: bool, tmp_path: Path) -> None:
    """The same from a checkpoint of Orbax's own."""
    orbax = pytest.importorskip("orbax.checkpoint", reason="Orbax, which writes such checkpoints, is not installed")
    numpy = pytest.importorskip("numpy")
    tensors = random_tensors(RAW)
    written = open_checkpoint(write_orbax(tmp_path / "ours", tensors, TRAITS)).source
    tree: dict[str, dict[str, object]] = {}
    for name, tensor in deepmind_tensors(tensors).items():
        *path, last = name.split(".")
        path = [".".join(path[:2]), *path[2:]] if path[0] == "blocks" else path
        level = tree
        for part in path:
            level = level.setdefault(part, {})  # type: ignore[assignment]
        dense = last == "weight"
        level["kernel" if dense else last] = numpy.array(tensor.t() if dense else tensor)  # type: ignore[assignment]
    saver = orbax.Checkpointer(orbax.PyTreeCheckpointHandler(use_ocdbt=ocdbt))
    saver.save(tmp_path / "theirs", {"params": tree})
    (tmp_path / "theirs" / "config.json").write_text((tmp_path / "ours" / "config.json").read_text())
    read = open_checkpoint(tmp_path / "theirs").source
    for name in tensors:
        assert torch.equal(read.tensor(name), written.tensor(name))
