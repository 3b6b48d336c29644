from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from app.core.errors import CheckpointError, ResourceError, UserError
from app.inference.checkpoints.partial import partial_folder
from app.inference.generator import ReadCancelled
from app.inference.manifest import read_manifest
from app.services.catalogue import ModelStatus
from app.services.hub.pull import HubService
from app.services.model_fit import FitService
from app.services.model_progress import ModelProgress, Stage
from app.services.model_store import ModelStore
from app.services.models import ModelService
from app.services.tokens import TokenStore
from app.storage.database import Database
from app.storage.known_models import KnownModelStore
from app.storage.reading_rates import ReadingRateStore
from app.worker.model_jobs import Import, ModelJob, run_job
from tests.checkpoints import random_tensors, raw_config, write_chat_model

RAW = raw_config("recurrentgemma", vocab_size=49_152)


def _ignore(progress: ModelProgress) -> None:
    """Nobody looks."""


@pytest.fixture
def models(tmp_path: Path, database: Database, starter_model_path: Path) -> ModelService:
    """The starter, and a folder for others."""
    known = KnownModelStore(database)
    return ModelService(bundled=starter_model_path, models_dir=tmp_path / "models", known=known, now=lambda: 1.0)


@pytest.fixture
def store(tmp_path: Path, database: Database, models: ModelService) -> ModelStore:
    """A store that asks nobody anything: no test here downloads."""
    tokens = TokenStore(environment={})
    cache = Path(os.environ["GRIFFIN_DESK_CACHE_DIR"])  # compiling takes half a minute
    fits = FitService(cache_dir=cache, models=models, rates=ReadingRateStore(database))
    hub = HubService(models_dir=tmp_path / "models", tokens=tokens)
    return ModelStore(models, hub, fits, tokens, models_dir=tmp_path / "models", cache_dir=cache)


@pytest.fixture
def tiny(tmp_path: Path, starter_model_path: Path) -> Path:
    """A model of the user's somewhere on the disk, with the starter's tokenizer."""
    return write_chat_model(tmp_path / "downloads" / "tiny", starter_model_path, RAW, random_tensors(RAW))


def test_catalogue_of_a_new_user(store: ModelStore) -> None:
    """The starter is here, four models can be fetched, and each is told how it will run."""
    entries = store.catalogue()
    assert [(entry.name, entry.status) for entry in entries] == [
        ("starter", ModelStatus.BUNDLED),
        ("recurrentgemma-2b-it", ModelStatus.AVAILABLE),
        ("recurrentgemma-2b", ModelStatus.AVAILABLE),
        ("recurrentgemma-9b-it", ModelStatus.AVAILABLE),
        ("recurrentgemma-9b", ModelStatus.AVAILABLE),
    ]
    assert all(entry.fit is not None and entry.fit.reasons for entry in entries)
    assert entries[0].weight_format == "int8" and 140e6 < entries[0].parameters < 160e6
    assert entries[1].licence_url.endswith("/google/recurrentgemma-2b-it")


def test_an_imported_model_is_used_by_its_name(store: ModelStore, models: ModelService, tiny: Path) -> None:
    """It is checked, told as it is, linked where the disk allows; the original may go, and removing it leaves that."""
    found = store.look_into(tiny)
    assert (found.name, found.parameters > 0, found.weight_format) == ("tiny", True, "float32")
    seen: list[ModelProgress] = []
    model = store.import_from(tiny, on_progress=seen.append)
    assert model.name == "tiny" and models.resolve("tiny").path == model.path
    assert seen[-1].stage is Stage.COPYING and seen[-1].done_bytes == seen[-1].total_bytes
    entry = store.entry_of(model)
    assert (entry.status, entry.title) == (ModelStatus.INSTALLED, "Griffin 2M, float32")
    assert str(tiny) in entry.source
    assert (model.path / "model.safetensors").samefile(tiny / "model.safetensors")
    assert store.verify("tiny", on_progress=_ignore).problems == ()
    store.remove("tiny")
    assert not model.path.exists() and (tiny / "model.safetensors").is_file()
    assert [path.name for path in model.path.parent.iterdir()] == []


def test_a_second_import_gets_a_name_of_its_own(store: ModelStore, tiny: Path) -> None:
    """Unless the user names it, and then a name that is taken is refused."""
    store.import_from(tiny, on_progress=_ignore)
    assert store.import_from(tiny, on_progress=_ignore, link=False).name == "tiny-2"
    with pytest.raises(UserError, match="there is a model tiny already"):
        store.import_from(tiny, name="tiny", on_progress=_ignore)
    with pytest.raises(UserError, match="cannot be a model's name"):
        store.import_from(tiny, name="../tiny", on_progress=_ignore)


def test_a_model_is_called_as_its_publisher_calls_it(store: ModelStore, tiny: Path, tmp_path: Path) -> None:
    """Not by the hash that a snapshot's folder is named with, nor by what every model's file of weights is called."""
    snapshot = tmp_path / "models--google--recurrentgemma-2b-it" / "snapshots" / ("0123456789" * 4)
    shutil.copytree(tiny, snapshot)
    assert store.look_into(snapshot).name == "recurrentgemma-2b-it"
    assert store.import_from(snapshot, on_progress=_ignore).name == "recurrentgemma-2b-it"
    assert store.convert(str(snapshot), None, on_progress=_ignore).model.name == "recurrentgemma-2b-it-hf"
    assert store.import_from(tiny / "model.safetensors", on_progress=_ignore).name == "tiny"
    assert store.convert(str(tiny / "model.safetensors"), None, on_progress=_ignore).model.name == "tiny-hf"


def test_conversion_is_told_with_its_errors(store: ModelStore, models: ModelService, tiny: Path) -> None:
    """Beside the original, with the largest change of each matrix and what it costs on a text."""
    store.import_from(tiny, on_progress=_ignore)
    converted = store.convert("tiny", "int8", on_progress=_ignore)
    assert converted.model.name == "tiny-int8" and converted.nbytes < 0.6 * models.resolve("tiny").nbytes
    assert len(converted.matrices) == 1 + 6 * 2 + 7
    assert all(0 < matrix.largest_error < 0.01 for matrix in converted.matrices)
    assert converted.perplexity_before is not None and converted.perplexity_after is not None
    assert converted.perplexity_after == pytest.approx(converted.perplexity_before, rel=0.01)
    entry = store.entry_of(models.resolve("tiny-int8"))
    assert entry.title == "Griffin 2M, int8"
    assert store.verify("tiny-int8", on_progress=_ignore).has_record


def test_damage_is_found(store: ModelStore, models: ModelService, tiny: Path) -> None:
    """By the record of what came; the list names a model whose headers are gone and still has the others."""
    model = store.import_from(tiny, on_progress=_ignore, link=False)
    weights = model.path / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    (problem,) = store.verify("tiny", on_progress=_ignore).problems
    assert problem.startswith("model.safetensors has the SHA-256")
    weights.write_bytes(b"no header")
    entries = {entry.name: entry for entry in store.catalogue()}
    assert entries["tiny"].status is ModelStatus.DAMAGED and "model.safetensors is damaged" in entries["tiny"].problem
    assert entries["starter"].status is ModelStatus.BUNDLED


def test_cancelled_work_ends(store: ModelStore, tiny: Path) -> None:
    """And what it had begun is no model."""
    with pytest.raises(ReadCancelled):
        store.import_from(tiny, on_progress=_ignore, cancelled=lambda: True)
    assert "tiny" not in {entry.name for entry in store.catalogue()}


@pytest.mark.parametrize("error", [ReadCancelled, KeyboardInterrupt, ResourceError])
def test_an_import_whose_process_was_ended_leaves_nothing(
    store: ModelStore, tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: type[BaseException]
) -> None:
    """It may be in the middle of gigabytes then, and cannot tidy up."""

    def ended(job: ModelJob, **options: Any) -> dict[str, Any]:
        if not isinstance(job, Import):
            return run_job(job, **options)
        partial_folder(job.target).mkdir()
        (partial_folder(job.target) / "model.safetensors").write_bytes(b"half of it")
        raise error("ended")

    monkeypatch.setattr(store, "_run", ended)
    with pytest.raises(error):
        store.import_from(tiny, on_progress=_ignore)
    assert list((tmp_path / "models").iterdir()) == []


def test_links_and_files_are_removed(store: ModelStore, tiny: Path, tmp_path: Path) -> None:
    """Of a link only itself; and what a removal that was killed has left goes with the next one."""
    models = tmp_path / "models"
    (models / ".removed-1234").mkdir(parents=True)
    (models / "linked").symlink_to(tiny)
    (models / "mine.pt").write_bytes(b"weights")
    for name in ("linked", "mine.pt"):
        store.remove(name)
    assert list(models.iterdir()) == []
    assert (tiny / "model.safetensors").is_file()


@pytest.mark.parametrize(
    ("wanted", "name"),
    [
        ("my model!", "my-model"),
        ("Größe - öffentlich-int8", "Gro-e-offentlich-int8"),
        ("CON", "model-CON"),
        ("..", "model"),
        ("starter", "starter-2"),
        ("Mine", "Mine-2"),
    ],
)
def test_new_names(store: ModelStore, tmp_path: Path, wanted: str, name: str) -> None:
    """Such as every system takes, and none that differs from another one by its letters' size alone."""
    (tmp_path / "models" / "mine").mkdir(parents=True)
    assert store.new_name(wanted) == name


def test_a_folder_that_cannot_be_made(store: ModelStore, tiny: Path, tmp_path: Path) -> None:
    """Is told with the setting that names it."""
    (tmp_path / "models").write_text("a file")
    with pytest.raises(ResourceError, match="models_dir"):
        store.import_from(tiny, on_progress=_ignore)


def test_bundled_model_stays(store: ModelStore, tiny: Path) -> None:
    """Nor is a folder deleted that the program did not make."""
    with pytest.raises(UserError, match="came with the program"):
        store.remove("starter")
    with pytest.raises(UserError, match="delete the folder yourself"):
        store.remove(str(tiny))
    assert tiny.is_dir()


def test_what_is_no_model_is_refused(store: ModelStore, tmp_path: Path, tiny: Path) -> None:
    """Before anything is written, with the tensor, what was found and what was expected."""
    with pytest.raises(CheckpointError):
        store.look_into(tmp_path / "downloads")
    raw = json.loads((tiny / "config.json").read_text())
    (tiny / "config.json").write_text(json.dumps(raw | {"intermediate_size": 2 * raw["intermediate_size"]}))
    with pytest.raises(CheckpointError, match=r"expected"):
        store.import_from(tiny, on_progress=_ignore)
    shutil.rmtree(tiny)
    assert not any((tmp_path / "models").glob("*"))


def test_a_record_names_the_source(store: ModelStore, tiny: Path) -> None:
    """So that it can be told where a model came from."""
    manifest = read_manifest(store.import_from(tiny, on_progress=_ignore).path)
    assert manifest is not None and set(manifest.files) == {
        "chat_template.jinja",
        "config.json",
        "model.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
    }
