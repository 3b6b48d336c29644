"""Where unfinished downloads lie: a hidden folder among the models, with a folder for each repository."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from app.core.errors import CheckpointError, UserError
from app.core.whole_file import replace_file, sync_folder
from app.inference.json_file import read_json_object
from app.inference.manifest import Manifest, read_manifest
from app.services.hub.failures import disk_error
from app.services.hub.part import SUFFIX
from app.services.hub.plan import KeptPlan, PullPlan, RemoteFile, kept_plan, plan_text
from app.services.hub.repository import check_folder_name

FOLDER = ".downloads"
_PLAN = "plan.json"
_FILES = "files"


class Download:
    """One repository's unfinished download."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def files(self) -> Path:
        """The folder that becomes the model's."""
        return self._folder / _FILES

    def kept(self) -> KeptPlan | None:
        """What was begun; None where nothing was, or where its plan is damaged."""
        try:
            raw = read_json_object(self._folder / _PLAN)
            if raw is None:
                return None
            kept = kept_plan(raw)
            check_folder_name(kept.name)
        except (UserError, KeyError, ValueError, TypeError):
            return None
        return kept if self._folder.name == _folder_name(kept.plan.repository) else None

    def begin(self, plan: PullPlan, name: str) -> None:
        """Keep a plan; what an older one left is removed. ResourceError where the disk does not take it."""
        try:
            self.remove()
            self.files.mkdir(parents=True)
            replace_file(self._folder / _PLAN, plan_text(plan, name=name).encode())
        except OSError as error:
            raise disk_error(error, self._folder) from error

    def go_on(self, kept: KeptPlan, name: str) -> None:
        """Have what was begun ready for more, under a name that may be another. ResourceError as for `begin`."""
        try:
            self.files.mkdir(exist_ok=True)  # gone where the program was killed behind `finish`'s renaming
            if name != kept.name:
                replace_file(self._folder / _PLAN, plan_text(kept.plan, name=name).encode())
        except OSError as error:
            raise disk_error(error, self._folder) from error

    def has(self, file: RemoteFile) -> bool:
        """Whether the file is there, whole: only checked ones have its name."""
        return size_of(self.files / file.name) == file.nbytes

    def bytes_of(self, file: RemoteFile) -> int:
        """How much of the file is there."""
        if self.has(file):
            return file.nbytes
        return min(file.nbytes, size_of(self.files / f"{file.name}{SUFFIX}") or 0)

    def done_bytes(self, plan: PullPlan) -> int:
        """Of all files."""
        return sum(self.bytes_of(file) for file in plan.files)

    def finish(self, target: Path) -> None:
        """Give the model its place, in one step. ResourceError where that fails; then all is kept."""
        try:
            sync_folder(self.files)
            self.files.rename(target)
            sync_folder(target.parent)
        except OSError as error:
            raise disk_error(error, target) from error
        self.remove()

    def remove(self) -> None:
        """Remove all that came. ResourceError where that fails."""
        try:
            if self._folder.exists():
                shutil.rmtree(self._folder)
        except OSError as error:
            raise disk_error(error, self._folder) from error


class Downloads:
    """All of them."""

    def __init__(self, models_dir: Path) -> None:
        self.folder = models_dir / FOLDER

    def of(self, repository: str) -> Download:
        """The download of one repository, begun or not."""
        return Download(self.folder / _folder_name(repository))

    def begun(self) -> Iterator[tuple[Download, KeptPlan]]:
        """Those that have a plan, in order of their repositories."""
        try:
            folders = sorted(path for path in self.folder.iterdir() if path.is_dir())
        except OSError:
            return
        for path in folders:
            download = Download(path)
            kept = download.kept()
            if kept is not None:
                yield download, kept

    def make(self) -> None:
        """Make the folder. ResourceError where that cannot be done."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise disk_error(error, self.folder.parent) from error
        # A lock in a folder that is closed to us would look like another download.
        if not os.access(self.folder, os.W_OK | os.X_OK):
            raise disk_error(OSError(errno.EACCES, os.strerror(errno.EACCES)), self.folder)


def manifest_of(folder: Path) -> Manifest | None:
    """The record of a model's folder; None where it has none that can be read."""
    try:
        return read_manifest(folder)
    except CheckpointError:
        return None


def size_of(path: Path) -> int | None:
    """Bytes of a file; None where there is none."""
    try:
        return path.stat().st_size
    except OSError:
        return None


def _folder_name(repository: str) -> str:
    return repository.replace("/", "--")
