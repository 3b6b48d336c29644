"""The list of models: those on this machine, downloads that are not finished, and those that can be fetched."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from app.core.errors import CheckpointError
from app.inference.instruction_tuning import is_instruction_tuned
from app.inference.manifest import read_manifest
from app.services.catalogue import (
    PUBLISHED,
    STARTER_TITLE,
    CatalogueEntry,
    ModelStatus,
    PublishedModel,
    parameters_of,
    published,
    title_of,
)
from app.services.models import InstalledModel, ModelService

if TYPE_CHECKING:
    from app.services.hub.pull import HubService
    from app.services.model_fit import FitService


class ModelListing:
    """Looks at folders and headers only."""

    def __init__(self, models: ModelService, hub: HubService, fits: FitService) -> None:
        self._models = models
        self._hub = hub
        self._fits = fits

    def catalogue(self) -> tuple[CatalogueEntry, ...]:
        """The bundled model, the user's models, downloads that are not finished, and what else can be fetched."""
        here = [self.entry_of(model) for model in self._models.installed()]
        names = {entry.name for entry in here}
        begun = {pull.repository: pull for pull in self._hub.unfinished()}
        paused = []
        for pull in begun.values():
            entry = self._available(published(pull.repository), pull.repository)
            total, done = pull.total_bytes, pull.done_bytes
            paused.append(replace(entry, name=pull.name, status=ModelStatus.PAUSED, nbytes=total, done_bytes=done))
        others = [
            self._available(model, model.repository)
            for model in PUBLISHED
            if model.name not in names and model.repository not in begun
        ]
        return (*here, *paused, *others)

    def entry_of(self, model: InstalledModel) -> CatalogueEntry:
        """A model that is on this machine. A damaged one is told as such."""
        status = ModelStatus.BUNDLED if model.origin == "bundled" else ModelStatus.INSTALLED
        entry = CatalogueEntry(model.name, model.name, status, path=model.path)
        try:
            entry = replace(entry, nbytes=model.nbytes)
            manifest = read_manifest(model.folder)
            if manifest is not None:
                entry = replace(
                    entry,
                    repository=manifest.repository,
                    source=manifest.source,
                    licence_url=self._hub.page(manifest.repository) if manifest.repository else "",
                )
            entry = replace(entry, instruction_tuned=is_instruction_tuned(model.folder, model.called))
            shape = self._models.shape_of(model)
            if shape is None:
                return entry
            entry = replace(
                entry,
                title=title_of(
                    model.name,
                    shape.config,
                    instruction_tuned=entry.instruction_tuned,
                    weight_format=shape.weight_format,
                ),
                parameters=parameters_of(shape.config),
                weight_format=shape.weight_format,
                fit=self._fits.fit_of_model(model),
            )
        except CheckpointError as error:
            return replace(entry, status=ModelStatus.DAMAGED, problem=error.message)
        except OSError as error:  # closed to us, or just being removed
            problem = f"{error.filename or model.path} cannot be read ({error.strerror or error})"
            return replace(entry, status=ModelStatus.DAMAGED, problem=problem)
        return replace(entry, title=STARTER_TITLE) if status is ModelStatus.BUNDLED else entry

    def _available(self, model: PublishedModel | None, repository: str) -> CatalogueEntry:
        url = self._hub.page(repository)
        if model is None:
            name = repository.rsplit("/", 1)[-1]
            return CatalogueEntry(name, repository, ModelStatus.AVAILABLE, repository=repository, licence_url=url)
        return CatalogueEntry(
            model.name,
            model.title,
            ModelStatus.AVAILABLE,
            repository=model.repository,
            nbytes=model.download_nbytes,
            parameters=parameters_of(model.config),
            weight_format="bfloat16",
            instruction_tuned=model.instruction_tuned,
            source=model.repository,
            fit=self._fits.fit_of(model.config),
            licence_url=url,
        )
