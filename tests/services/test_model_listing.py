"""The list of models, made from folders and headers: one bad folder spoils nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from app.inference.manifest import Manifest, write_manifest
from app.services.catalogue import STARTER_TITLE, CatalogueEntry, ModelStatus
from app.services.hub.downloads import Downloads
from app.services.hub.plan import PullPlan, RemoteFile
from app.services.hub.pull import HubService
from app.services.model_fit import FitService
from app.services.model_listing import ModelListing
from app.services.models import InstalledModel, ModelService
from app.services.tokens import TokenStore
from app.storage.database import Database
from app.storage.known_models import KnownModelStore
from app.storage.reading_rates import ReadingRateStore
from tests.checkpoints import random_tensors, raw_config, write_checkpoint

RAW = raw_config("recurrentgemma")
REPOSITORY = "google/recurrentgemma-2b"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The user's models."""
    (tmp_path / "models").mkdir()
    return tmp_path / "models"


@pytest.fixture
def entries(
    tmp_path: Path, folder: Path, database: Database, starter_model_path: Path
) -> Callable[[], dict[str, CatalogueEntry]]:
    """The list by name."""
    known = KnownModelStore(database)
    models = ModelService(bundled=starter_model_path, models_dir=folder, known=known, now=lambda: 1.0)
    fits = FitService(cache_dir=tmp_path / "cache", models=models, rates=ReadingRateStore(database))
    hub = HubService(models_dir=folder, tokens=TokenStore(environment={}))
    listing = ModelListing(models, hub, fits)
    return lambda: {entry.name: entry for entry in listing.catalogue()}


def test_what_is_here_is_not_offered(folder: Path, entries: Callable[[], dict[str, CatalogueEntry]]) -> None:
    """It is told with its source; the starter has a title of its own and comes first."""
    model = write_checkpoint(folder / "recurrentgemma-2b", RAW, random_tensors(RAW))
    write_manifest(model, Manifest("the hub", repository=REPOSITORY))
    found = entries()
    assert list(found)[:2] == ["starter", "recurrentgemma-2b"]
    assert (found["starter"].status, found["starter"].title) == (ModelStatus.BUNDLED, STARTER_TITLE)
    entry = found["recurrentgemma-2b"]
    assert (entry.status, entry.source, entry.instruction_tuned) == (ModelStatus.INSTALLED, "the hub", False)
    assert entry.licence_url.endswith(f"/{REPOSITORY}") and entry.fit is not None


def test_a_download_that_was_begun(folder: Path, entries: Callable[[], dict[str, CatalogueEntry]]) -> None:
    """In the place of the model that could be fetched, with what came of it, under the name that it will have."""
    download = Downloads(folder).of(REPOSITORY)
    files = (RemoteFile("config.json", 7, None, "0" * 40), RemoteFile("model.safetensors", 100, "0" * 64, None))
    download.begin(PullPlan(REPOSITORY, "0" * 40, files, is_gated=True), "mine")
    (download.files / "config.json").write_bytes(b"1234567")
    (download.files / "model.safetensors.part").write_bytes(b"12345")
    found = entries()
    assert (found["mine"].status, found["mine"].done_bytes, found["mine"].nbytes) == (ModelStatus.PAUSED, 12, 107)
    assert "recurrentgemma-2b" not in found and "recurrentgemma-2b-it" in found


def test_another_layout_with_a_config(folder: Path, entries: Callable[[], dict[str, CatalogueEntry]]) -> None:
    """DeepMind's file and a config.json, as some repositories have them, are no damaged model."""
    (folder / "2b-it").mkdir()
    (folder / "2b-it" / "2b-it.pt").write_bytes(b"123")
    (folder / "2b-it" / "config.json").write_text("{}")
    entry = entries()["2b-it"]
    assert (entry.status, entry.fit, entry.nbytes, entry.instruction_tuned) == (ModelStatus.INSTALLED, None, 5, True)


def test_what_is_removed_while_it_is_looked_at(
    folder: Path, entries: Callable[[], dict[str, CatalogueEntry]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told as damaged, and the rest of the list is there."""
    write_checkpoint(folder / "mine", RAW, random_tensors(RAW))
    files = InstalledModel.files

    def gone(self: InstalledModel) -> list[Path]:
        return [self.path / "gone"] if self.name == "mine" else files(self)

    monkeypatch.setattr(InstalledModel, "files", gone)
    found = entries()
    assert found["mine"].status is ModelStatus.DAMAGED and "cannot be read" in found["mine"].problem
    assert found["starter"].status is ModelStatus.BUNDLED
