"""Models fetched from the Hugging Face hub: planned, downloaded, paused, gone on with, put among the user's models."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from app.core.errors import CheckpointError, ResourceError, UserError
from app.core.log import logger
from app.core.text import size_text
from app.inference.config import CONFIG_FILE
from app.inference.generator import Cancelled, never
from app.inference.json_file import read_json_object
from app.inference.manifest import FileRecord, Manifest, sha256_of, write_manifest
from app.services.hub.client import HubClient, Nonsense, check_written, is_offline
from app.services.hub.downloads import Download, Downloads, manifest_of, size_of
from app.services.hub.failures import Request, described, disk_error, offline_error
from app.services.hub.fetching import Fetcher, Retry
from app.services.hub.interruptible import Paused, call
from app.services.hub.needed_files import check_model_type, check_names, needed_files
from app.services.hub.plan import KeptPlan, PullPlan, RemoteFile, check_plan, remote_file
from app.services.hub.report import Report
from app.services.hub.repository import check_folder_name, check_repository, tuned_by_name
from app.services.model_progress import OnProgress, Stage
from app.services.tokens import FoundToken, TokenStore
from app.storage.locks import JobLocks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from huggingface_hub.hf_api import ModelInfo, RepoSibling

ROOM = 1.05
"""The disk must have so many times the bytes that are still to come."""

_log = logger("hub")


@dataclass(frozen=True, slots=True)
class UnfinishedPull:
    """A download that was begun."""

    repository: str
    name: str
    """The model's, once it is there."""
    done_bytes: int
    total_bytes: int


class HubService:
    """Downloads of models. Every method that asks the hub raises UserError or ResourceError in words for the user.

    Their codes: hub-token, hub-gated, hub-not-found, hub-model, hub-network, hub-damaged, hub-offline, hub-running,
    disk-full, models-dir, model-exists, model-name.
    """

    def __init__(
        self,
        *,
        models_dir: Path,
        tokens: TokenStore,
        client: HubClient | None = None,
        retry: Retry | None = None,
        free_bytes: Callable[[Path], int] | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """models_dir: need not exist. free_bytes: of the disk that a folder is on."""
        self._models_dir = models_dir
        self._tokens = tokens
        self._client = client or HubClient()
        self._retry = retry or Retry()
        self._free_bytes = free_bytes or (lambda folder: shutil.disk_usage(folder).free)
        self._monotonic = monotonic
        self._downloads = Downloads(models_dir)
        self._locks = JobLocks(self._downloads.folder)

    def page(self, repository: str) -> str:
        """The address of a repository's page, where its licence is accepted."""
        return self._client.page(repository)

    def tokens_page(self) -> str:
        """The address of the page on which tokens are made."""
        return self._client.tokens_page

    def plan(self, repository: str, revision: str | None = None, *, cancelled: Cancelled = never) -> PullPlan:
        """What a download will fetch. Of one that was begun the plan it began with, without asking the hub.

        revision: a branch, a tag or a commit; None is what was begun, else the newest.
        """
        repository = check_repository(repository)
        kept = self._downloads.of(repository).kept()
        if kept is not None and revision in (None, kept.plan.revision):
            return kept.plan
        return self._ask(repository, revision, cancelled)

    def pull(
        self,
        plan: PullPlan | str,
        *,
        name: str | None = None,
        on_progress: OnProgress = lambda progress: None,
        cancelled: Cancelled = never,
    ) -> Path:
        """The model's folder, once all of it is there and checked.

        A download that was begun goes on with the commit it began with. One that stops keeps what came: Paused within
        a second of `cancelled` becoming true, a UserError or ResourceError otherwise. A model of the name that came
        from this repository already is not fetched again.
        """
        repository = check_repository(plan if isinstance(plan, str) else plan.repository)
        if name is not None:
            check_folder_name(name)
        download = self._downloads.of(repository)
        self._downloads.make()
        with self._alone(repository):
            kept = download.kept()
            called = check_folder_name(name or (kept.name if kept is not None else repository.split("/")[1]))
            target = self._models_dir / called
            if self._is_there(target, repository, plan):
                download.remove()
                return target
            if kept is None:
                kept = KeptPlan(plan if isinstance(plan, PullPlan) else self._ask(repository, None, cancelled), called)
                download.begin(kept.plan, called)
            else:
                download.go_on(kept, called)
            try:
                self._check_room(kept.plan, download)
                self._fetch(kept.plan, download, on_progress, cancelled)
            except BaseException:
                if not download.done_bytes(kept.plan):  # refused at the first request: nothing to go on with
                    download.remove()
                raise
            self._record(kept.plan, download)
            if self._is_there(target, repository, plan):  # hours have passed: an import may have taken the name
                download.remove()
                return target
            download.finish(target)
            _log.info("%s was fetched at %s", repository, kept.plan.revision)
            return target

    def unfinished(self) -> list[UnfinishedPull]:
        """Downloads that were begun, in order of their repositories. Looks at the disk only."""
        found = []
        for download, kept in self._downloads.begun():
            plan = kept.plan
            if download.files.is_dir():
                pull = UnfinishedPull(plan.repository, kept.name, download.done_bytes(plan), plan.nbytes)
                found.append(pull)
        return found

    def discard(self, repository: str) -> None:
        """Remove what came of an unfinished download; nothing where there is none. UserError while one is running."""
        repository = check_repository(repository)
        download = self._downloads.of(repository)
        if self._downloads.folder.is_dir():
            with self._alone(repository):
                download.remove()

    def _ask(self, repository: str, revision: str | None, cancelled: Cancelled) -> PullPlan:
        if is_offline():
            raise offline_error()
        found = self._token()
        request = Request(self._client, repository, revision, token_place=found.in_words if found else "")
        try:
            info = call(
                lambda: self._client.model_info(repository, revision, found.token if found else None), cancelled
            )
            return _planned(repository, info)
        except Paused:
            raise
        except Exception as error:
            raise described(error, request) from None

    def _token(self) -> FoundToken | None:
        """The token to send. UserError (hub-token) where what was found can be none."""
        found = self._tokens.find()
        if found is not None:
            try:
                check_written(found.token)
            except UserError as error:
                raise UserError(f"in {found.in_words}: {error.message}", code=error.code) from None
        return found

    def _fetch(self, plan: PullPlan, download: Download, on_progress: OnProgress, cancelled: Cancelled) -> None:
        missing = [file for file in plan.files if not download.has(file)]
        done = plan.nbytes - sum(file.nbytes for file in missing)
        if not missing:
            return
        if is_offline():
            raise offline_error()
        report = Report(on_progress, monotonic=self._monotonic)
        found = self._token()
        fetcher = Fetcher(
            plan,
            download.files,
            Request(self._client, plan.repository, token_place=found.in_words if found else "", kept=True),
            token=found.token if found else None,
            retry=self._retry,
            cancelled=cancelled,
            on_bytes=lambda file, nbytes: report.at(Stage.DOWNLOADING, done + nbytes, plan.nbytes, file),
            on_hashed=lambda file, nbytes, total: report.at(Stage.CHECKING, nbytes, total, file),
        )
        for file in missing:
            fetcher.fetch(file)
            done += file.nbytes
            if file.name == CONFIG_FILE:
                self._check_config(plan, download)

    def _check_config(self, plan: PullPlan, download: Download) -> None:
        """Before gigabytes are fetched; what is no model of this kind leaves nothing behind."""
        try:
            config = read_json_object(download.files / CONFIG_FILE)
            deepmind = any(file.name.endswith(".pt") for file in plan.files)
            check_model_type(plan.repository, (config or {}).get("model_type"), deepmind=deepmind)
        except (CheckpointError, UserError) as error:
            download.remove()
            if isinstance(error, CheckpointError):
                raise UserError(
                    f"the config.json of {plan.repository} is damaged on the hub; take another repository",
                    code="hub-model",
                ) from None
            raise

    def _check_room(self, plan: PullPlan, download: Download) -> None:
        missing = plan.nbytes - download.done_bytes(plan)
        try:
            free = self._free_bytes(self._models_dir)
        except OSError as error:
            raise disk_error(error, self._models_dir) from error
        if missing and free < missing * ROOM:
            raise ResourceError(
                f"{plan.repository} needs {size_text(int(missing * ROOM))} more on the disk of {self._models_dir}, "
                f"which has {size_text(free)}: make room, or choose another folder for models in the settings "
                "(models_dir)",
                code="disk-full",
            )

    def _record(self, plan: PullPlan, download: Download) -> None:
        try:
            files = {
                file.name: FileRecord(file.nbytes, file.sha256 or sha256_of(download.files / file.name))
                for file in plan.files
            }
        except OSError as error:
            raise disk_error(error, download.files) from error
        write_manifest(
            download.files,
            Manifest(
                source=f"{plan.repository} on {self._client.host}, commit {plan.revision[:12]}",
                files=files,
                repository=plan.repository,
                revision=plan.revision,
                instruction_tuned=tuned_by_name(plan.repository),
            ),
        )

    def _is_there(self, target: Path, repository: str, plan: PullPlan | str) -> bool:
        """Whether this very model is there. UserError (model-exists) where another one has its name."""
        if not target.exists() and not target.is_symlink():
            return False
        manifest = manifest_of(target)
        if manifest is not None and manifest.repository == repository:
            if lacking := [name for name, record in manifest.files.items() if size_of(target / name) != record.nbytes]:
                raise UserError(
                    f"the model {target.name!r} is there already, but its file {lacking[0]} is not whole: remove it "
                    f"(`griffin-desk models remove {target.name}`) and download it again",
                    code="model-exists",
                )
            if isinstance(plan, str) or plan.revision == manifest.revision:
                return True
            raise UserError(
                f"the model {target.name!r} is there already, from another commit of {repository}: remove it first "
                f"(`griffin-desk models remove {target.name}`), or give the new one another name",
                code="model-exists",
            )
        raise UserError(
            f"there is another model named {target.name!r} already: remove it first "
            f"(`griffin-desk models remove {target.name}`), or give the new one another name",
            code="model-exists",
        )

    @contextmanager
    def _alone(self, repository: str) -> Iterator[None]:
        with self._locks.hold(repository) as mine:
            if not mine:
                raise UserError(
                    f"{repository} is being downloaded already, by another window or command: wait for it, or pause "
                    "it there",
                    code="hub-running",
                )
            yield


def _planned(repository: str, info: ModelInfo) -> PullPlan:
    """The plan, from what the hub says of a repository."""
    try:
        siblings = {file.rfilename: file for file in info.siblings or ()}
        names = [str(name) for name in siblings]
        check_names(repository, names)
        kind = (info.config or {}).get("model_type")
        if kind is not None:
            check_model_type(repository, kind)
        files = tuple(_listed(siblings[name]) for name in needed_files(repository, names))
        return check_plan(PullPlan(repository, str(info.sha), files, is_gated=bool(info.gated)))
    except (LookupError, TypeError, AttributeError) as error:
        raise Nonsense(type(error).__name__) from None
    except ValueError as error:
        raise UserError(
            f"what the hub lists for {repository} cannot be right ({error}), so nothing was fetched: take another "
            "repository; where HF_ENDPOINT names a mirror, try without it",
            code="hub-damaged",
        ) from None


def _listed(file: RepoSibling) -> RemoteFile:
    # Of a file in large file storage git knows a note of its hash only.
    if file.lfs is not None:
        return remote_file(file.rfilename, file.lfs.size, file.lfs.sha256, None)
    return remote_file(file.rfilename, file.size, None, file.blob_id)
