"""Models brought onto this machine, changed, checked and taken off it again.

What needs torch or much memory is done in a process of its own (worker/model_jobs.py). Everything that takes its time
can be stopped at any moment and goes on from there when it is asked for again.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.core.errors import ResourceError, UserError
from app.core.paths import resources_dir
from app.inference.checkpoints.names import Layout
from app.inference.checkpoints.partial import held_alone, partial_folder
from app.inference.config import config_from_json
from app.inference.generator import Cancelled, never
from app.services.catalogue import CatalogueEntry, ModelStatus, parameters_of, title_of
from app.services.hub.repository import check_folder_name, plain_folder_name
from app.services.model_listing import ModelListing
from app.services.model_progress import OnProgress, Pace, Stage
from app.services.model_removal import UnfinishedCopy, discard_unfinished, remove_folder, unfinished_copies
from app.services.models import STARTER_NAME, InstalledModel, ModelService
from app.worker.model_jobs import Convert, Import, Look, Measure, ModelJob, Verify, run_job

if TYPE_CHECKING:
    from app.services.hub.pull import HubService
    from app.services.model_fit import FitService
    from app.services.tokens import TokenStore

RunJob = Callable[..., dict[str, Any]]
"""As `run_job`."""


def _unheard(note: str) -> None:
    """Nobody is told."""


@dataclass(frozen=True, slots=True)
class MatrixChange:
    """What became of one matrix; see inference/checkpoints/convert.py."""

    name: str
    form: str
    largest_error: float
    output_error: float | None


@dataclass(frozen=True, slots=True)
class Converted:
    """A model in another format.

    perplexity_before, perplexity_after: on checked_tokens tokens of English that the conversion was not fitted to; None
    where that was not checked.
    """

    model: InstalledModel
    nbytes: int
    matrices: tuple[MatrixChange, ...]
    calibration_tokens: int
    perplexity_before: float | None
    perplexity_after: float | None
    checked_tokens: int
    notes: tuple[str, ...] = ()
    """What the user should know, a sentence each."""


@dataclass(frozen=True, slots=True)
class Verified:
    """What a look at a model's files found; problems are sentences, none where all is well.

    has_record: whether the files were compared with what they were when they came; without it only what the files say
    of themselves could be checked.
    """

    problems: tuple[str, ...]
    files: int
    tensors: int
    has_record: bool


class ModelStore:
    """The user's models. Raises UserError, CheckpointError and ResourceError, each a sentence with the next step."""

    def __init__(
        self,
        models: ModelService,
        hub: HubService,
        fits: FitService,
        tokens: TokenStore,
        *,
        models_dir: Path,
        cache_dir: Path,
        threads: int = 0,
        run: RunJob = run_job,
    ) -> None:
        self._models = models
        self._listing = ModelListing(models, hub, fits)
        self.hub = hub
        self.fits = fits
        self.tokens = tokens
        self._models_dir = models_dir
        self._cache_dir = cache_dir
        self._threads = threads
        self._run = run

    # -- what there is -----------------------------------------------------------------------------------------------

    def catalogue(self) -> tuple[CatalogueEntry, ...]:
        """See ModelListing."""
        return self._listing.catalogue()

    def entry_of(self, model: InstalledModel) -> CatalogueEntry:
        """See ModelListing."""
        return self._listing.entry_of(model)

    def look_into(self, path: Path) -> CatalogueEntry:
        """What a folder or file holds, before it is imported. CheckpointError where that is no model."""
        found = self._run(Look(path))
        config = config_from_json(found["config"])
        stored: dict[str, str] = found["stored"]
        tuned = found["instruction_tuned"]
        name = self.new_name(found["name"])
        form = str(found["weight_format"])
        return CatalogueEntry(
            name,
            title_of(name, config, instruction_tuned=tuned, weight_format=form),
            ModelStatus.AVAILABLE,
            path=path,
            nbytes=int(found["nbytes"]),
            parameters=parameters_of(config),
            weight_format=form,
            instruction_tuned=tuned,
            source=str(found["layout"]),
            fit=self.fits.fit_of(config, stored=stored),
        )

    # -- what can be done --------------------------------------------------------------------------------------------

    def check_token(self, token: str) -> str:
        """The name of the account that a token belongs to. Asks the hub; UserError where it refuses the token."""
        from app.services.tokens import check_token

        return check_token(token)

    def pull(
        self, repository: str, *, on_progress: OnProgress, cancelled: Cancelled = never, name: str | None = None
    ) -> InstalledModel:
        """Fetch a model, or go on with it. Raises what HubService.pull raises, Paused among it."""
        folder = self.hub.pull(repository, name=name, on_progress=on_progress, cancelled=cancelled)
        return self._models.resolve(folder.name)

    def discard(self, repository: str) -> None:
        """Give up an unfinished download and delete what came of it."""
        self.hub.discard(repository)

    def import_from(
        self,
        path: Path,
        *,
        on_progress: OnProgress,
        name: str | None = None,
        weight_format: str | None = None,
        link: bool = True,
        cancelled: Cancelled = never,
        on_note: Callable[[str], None] = _unheard,
    ) -> InstalledModel:
        """Bring in a model from a folder or file, in another weight format if one is given.

        link: weights that lie on the same disk are linked and take no room a second time. Files of another layout than
        Hugging Face's are written anew. on_note: told what the user should know of the files, a sentence each. Raises
        ReadCancelled.
        """
        found = self._run(Look(path), cancelled=cancelled)
        target = self._target(name, found["name"])
        as_it_is = weight_format is None and found["layout"] == Layout.HUGGINGFACE
        job = Import(path, target, link) if as_it_is else self._conversion(path, target, weight_format, 32)
        try:
            notes = self._do(job, on_progress, cancelled)["notes"]
        except BaseException:
            if isinstance(job, Import):
                _clear(target)
            raise
        for note in notes:
            on_note(note)
        return self._models.resolve(target.name)

    def convert(
        self,
        name: str,
        weight_format: str | None,
        *,
        on_progress: OnProgress,
        new_name: str | None = None,
        target: Path | None = None,
        group: int = 32,
        cancelled: Cancelled = never,
    ) -> Converted:
        """Write a model in another weight format, beside the others or to `target`. Raises ReadCancelled.

        weight_format: bfloat16, int8 or int4; None writes it as it is, in Hugging Face's layout.
        """
        model = self._models.resolve(name)
        if target is None:
            # A path's last part may be a file's name, or a commit's.
            called = self._run(Look(model.path), cancelled=cancelled)["name"] if model.origin == "path" else model.name
            target = self._target(new_name, f"{called}-{weight_format or 'hf'}")
        result = self._do(self._conversion(model.path, target, weight_format, group), on_progress, cancelled)
        return Converted(
            model=InstalledModel(target.name, target, "path"),
            nbytes=int(result["nbytes"]),
            matrices=tuple(
                MatrixChange(matrix["name"], matrix["form"], matrix["largest_error"], matrix["output_error"])
                for matrix in result["matrices"]
            ),
            calibration_tokens=int(result["calibration_tokens"]),
            perplexity_before=result["perplexity_before"],
            perplexity_after=result["perplexity_after"],
            checked_tokens=int(result["check_tokens"]),
            notes=tuple(result["notes"]),
        )

    def verify(self, name: str, *, on_progress: OnProgress, cancelled: Cancelled = never) -> Verified:
        """Look whether a model's files are sound. Raises ReadCancelled."""
        result = self._do(Verify(self._models.resolve(name).path), on_progress, cancelled)
        return Verified(
            problems=tuple(result["problems"]),
            files=int(result["checked_files"]),
            tensors=int(result["checked_tensors"]),
            has_record=bool(result["has_manifest"]),
        )

    def remove(self, name: str) -> None:
        """Delete a model of the user's, or what came of a conversion to this name that was not finished.

        Files that a model was imported from stay where they are.
        """
        try:
            model = self._models.resolve(name)
        except UserError:
            if not discard_unfinished(self._models_dir, name):
                raise
            return
        if model.origin == "bundled":
            raise UserError("the starter model came with the program and cannot be removed", code="bundled-model")
        if model.origin == "path":
            raise UserError(
                f"{model.path} is not among the models in {self._models_dir}: delete the folder yourself",
                code="unknown-model",
            )
        remove_folder(model.path, self._models_dir)

    def unfinished(self) -> tuple[UnfinishedCopy, ...]:
        """Conversions that were interrupted: the same conversion goes on, `remove` gives it up."""
        return unfinished_copies(self._models_dir)

    def measure(self, *, on_progress: OnProgress | None = None, cancelled: Cancelled = never) -> None:
        """Find out how fast this machine is, for estimates of speed. Raises ReadCancelled."""
        self._do(Measure("auto", self._cache_dir, self._threads or None), on_progress, cancelled)

    def new_name(self, wanted: str) -> str:
        """A name that no model has yet, made of the characters that one may have."""
        plain = plain_folder_name(wanted)
        # Some systems tell no small letters from large ones.
        taken = {STARTER_NAME, *(name.lower() for name in self._folders())}
        if plain.lower() not in taken:
            return plain
        return next(name for number in range(2, 10_000) if (name := f"{plain}-{number}").lower() not in taken)

    # -- how ---------------------------------------------------------------------------------------------------------

    def _conversion(self, source: Path, target: Path, weight_format: str | None, group: int) -> Convert:
        sample = resources_dir() / "sample" / "forests-and-waters.txt"
        return Convert(source, target, weight_format, group, self._cache_dir, sample)

    def _target(self, name: str | None, wanted: str) -> Path:
        """Folder of a new model; a name that the user chose is taken as it is, or refused."""
        if name is None:
            return self._models_dir / self._unfinished_or_new(wanted)
        check_folder_name(name)
        if any(name == model.name for model in self._models.installed()) or (self._models_dir / name).exists():
            raise UserError(
                f"there is a model {name} already: choose another name, or remove it first", code="model-name"
            )
        return self._models_dir / name

    def _unfinished_or_new(self, wanted: str) -> str:
        """The same name again for work that was interrupted, so that it goes on."""
        plain = plain_folder_name(wanted)
        target = self._models_dir / plain
        if partial_folder(target).is_dir() and not target.exists():
            return plain
        return self.new_name(wanted)

    def _folders(self) -> Iterator[str]:
        with suppress(OSError):
            for path in self._models_dir.iterdir():
                yield path.name

    def _do(self, job: ModelJob, on_progress: OnProgress | None, cancelled: Cancelled) -> dict[str, Any]:
        try:
            self._models_dir.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ResourceError(
                f"{self._models_dir} cannot be made ({error.strerror or error}): choose another folder for models in "
                "the settings (models_dir)",
                code="models-dir",
            ) from error
        pace = Pace()

        def on_stage(stage: str, done: int, total: int) -> None:
            if on_progress is not None:
                on_progress(pace.at(Stage(stage), done, total))

        return self._run(job, on_stage=on_stage, cancelled=cancelled)


def _clear(target: Path) -> None:
    """Remove what an import left whose process was ended, unless another one is at that model."""
    with suppress(UserError), held_alone(target):
        shutil.rmtree(partial_folder(target), ignore_errors=True)
