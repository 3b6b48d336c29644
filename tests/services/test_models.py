from __future__ import annotations

import os
from pathlib import Path

import pytest

from app.core.errors import CheckpointError, UserError
from app.inference.generator import ModelInfo
from app.services.models import ModelService, describe_model, file_signature
from app.storage.database import Database
from app.storage.known_models import KnownModelStore


def _model(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    return folder


@pytest.fixture
def models(tmp_path: Path, database: Database) -> ModelService:
    _model(tmp_path / "bundled")
    _model(tmp_path / "models" / "mine")
    (tmp_path / "models" / "notes").mkdir()
    return ModelService(
        bundled=tmp_path / "bundled",
        models_dir=tmp_path / "models",
        known=KnownModelStore(database),
        now=lambda: 1.0,
    )


def test_bundled_first_then_the_users(models: ModelService) -> None:
    """Folders without a model are not listed."""
    assert [(m.name, m.origin) for m in models.installed()] == [("starter", "bundled"), ("mine", "data folder")]


def test_resolve_by_name_and_path(models: ModelService, tmp_path: Path) -> None:
    """A name of the list, or the path of a folder."""
    assert models.resolve("mine").path == tmp_path / "models" / "mine"
    other = _model(tmp_path / "else" / "where")
    assert (models.resolve(str(other)).name, models.resolve(str(other)).origin) == ("where", "path")


def test_unknown_name_lists_the_known(models: ModelService) -> None:
    """The sentence says what could be typed instead."""
    with pytest.raises(UserError, match="unknown model 'nope'; known are starter, mine,") as caught:
        models.resolve("nope")
    assert caught.value.code == "unknown-model"


@pytest.mark.parametrize("name", ["notes", "a.txt"])
def test_path_without_a_model_is_named(models: ModelService, tmp_path: Path, name: str) -> None:
    """A folder or file that is there but holds no model is no unknown name."""
    (tmp_path / "models" / "a.txt").write_text("x")
    with pytest.raises(CheckpointError, match="is no model: expected a folder with config") as caught:
        models.resolve(str(tmp_path / "models" / name))
    assert caught.value.code == "not-a-model"


def test_changed_files_are_not_known(models: ModelService, tmp_path: Path) -> None:
    """What was remembered holds for the same files, sizes, times and options only."""
    info = ModelInfo("m", "/m", "f", "t", "cpu", "int8", 1, 2, 3, 4, True, notes=("slow here",))
    model = models.resolve("mine")
    models.remember(model, info, device="auto", weight_format="auto")
    assert models.last_known(model, device="auto", weight_format="auto") == info
    assert models.last_known(model, device="auto", weight_format="float32") is None
    config = model.path / "config.json"
    status = config.stat()
    os.utime(config, ns=(status.st_atime_ns, status.st_mtime_ns + 1))
    assert models.last_known(model, device="auto", weight_format="auto") is None


def test_facts_of_another_version_are_not_known(models: ModelService, database: Database) -> None:
    """What a version with other facts of a model remembered costs loading the model, not the command."""
    model = models.resolve("mine")
    signature = file_signature(model, device="auto", weight_format="auto")
    KnownModelStore(database).remember(signature, '{"name": "m", "colour": "blue"}', now=1.0)
    assert models.last_known(model, device="auto", weight_format="auto") is None


@pytest.mark.parametrize("name", ["2b-it.pt", "2b-it.pth", "model.safetensors"])
def test_a_file_of_weights_is_worth_a_try(models: ModelService, tmp_path: Path, name: str) -> None:
    """Its own bytes count, and what belongs to it beside it; other files there do not."""
    folder = tmp_path / "downloads"
    folder.mkdir()
    for file in (name, "tokenizer.model", "holiday.jpg"):
        (folder / file).write_bytes(b"12345")
    model = models.resolve(str(folder / name))
    assert (model.path, model.folder, model.nbytes) == (folder / name, folder, 5)
    assert {file.name for file in model.files()} == {name, "tokenizer.model"}


@pytest.mark.parametrize("store", ["", "2b-it"])
def test_flax_folders_are_worth_a_try(models: ModelService, tmp_path: Path, store: str) -> None:
    """Alone, or as published: the folder of the numbers beside the tokenizer. Every file in it counts."""
    folder = tmp_path / "models" / "flax"
    (folder / store / "d").mkdir(parents=True)
    (folder / store / "manifest.ocdbt").write_bytes(b"12345")
    (folder / store / "d" / "numbers").write_bytes(b"123")
    assert models.resolve("flax").nbytes == 8
    assert models.shape_of(models.resolve("flax")) is None


def test_describe_another_layout(models: ModelService, tmp_path: Path) -> None:
    """A config.json beside DeepMind's file need not be whole."""
    folder = tmp_path / "2b"
    folder.mkdir()
    (folder / "2b.pt").write_bytes(b"123")
    (folder / "config.json").write_text('{"attention_window_size": 2048}')
    assert describe_model(models.resolve(str(folder)))["nbytes"] == 3 + 31


def test_unfinished_work_is_no_model(models: ModelService, tmp_path: Path) -> None:
    """Folders of downloads and conversions under way begin with a dot."""
    _model(tmp_path / "models" / ".new.partial")
    assert [model.name for model in models.installed()] == ["starter", "mine"]


def test_a_published_model_that_is_not_here(models: ModelService) -> None:
    """The sentence says how to get it."""
    with pytest.raises(UserError, match="`griffin-desk models pull google/recurrentgemma-9b-it`") as caught:
        models.resolve("recurrentgemma-9b-it")
    assert caught.value.code == "model-not-here"


def test_signature_sees_new_files(models: ModelService) -> None:
    """A file more is another signature."""
    model = models.resolve("mine")
    before = file_signature(model, device="cpu", weight_format="auto")
    (model.path / "extra.safetensors").write_bytes(b"1")
    assert file_signature(model, device="cpu", weight_format="auto") != before


def test_describe_the_starter(database: Database, starter_model_path: Path, tmp_path: Path) -> None:
    """30 blocks in the pattern recurrent, recurrent, attention; window 2,048."""
    models = ModelService(
        bundled=starter_model_path, models_dir=tmp_path / "none", known=KnownModelStore(database), now=lambda: 1.0
    )
    facts = describe_model(models.resolve("starter"))
    names = ("layers", "recurrent_layers", "attention_layers", "width", "window_tokens", "vocab_size")
    assert [facts[name] for name in names] == [30, 20, 10, 576, 2048, 49152]
    assert facts["nbytes"] > 150_000_000


@pytest.mark.parametrize("text", ["{", "[]", '{"model_type": "llama"}'])
def test_damaged_config_is_a_checkpoint_error(models: ModelService, text: str) -> None:
    """A config.json that is no JSON, no object or another architecture is named."""
    model = models.resolve("mine")
    (model.path / "config.json").write_text(text)
    with pytest.raises(CheckpointError, match="config"):
        describe_model(model)
