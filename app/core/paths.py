"""Where things lie on disk: the data folder of one user, and the resources that come with the program."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from platformdirs import user_cache_path, user_config_path, user_data_path

from app.core.errors import InternalError, StorageError, UserError
from app.core.whole_file import replace_file

DATA_DIR_VARIABLE = "GRIFFIN_DESK_DATA_DIR"
"""Environment variable that moves the data folder."""

CACHE_DIR_VARIABLE = "GRIFFIN_DESK_CACHE_DIR"
"""Environment variable that moves the cache folder."""

MAX_PATH_BYTES = 4096
"""Of a chosen data folder; longer ones are taken by no system."""


@dataclass(frozen=True, slots=True)
class DataPaths:
    """Every path inside one data folder. Making one touches nothing; `create` makes the folders."""

    root: Path

    @property
    def library(self) -> Path:
        """The database of documents, summaries and conversations: the truth."""
        return self.root / "library.sqlite"

    @property
    def snapshots(self) -> Path:
        """Saved model states: a cache that may be lost at any time."""
        return self.root / "snapshots.sqlite"

    @property
    def backups(self) -> Path:
        """A copy of the library for each of the last days; made when the first is."""
        return self.root / "backups"

    @property
    def settings(self) -> Path:
        """The user's settings; need not exist."""
        return self.root / "settings.toml"

    @property
    def drafts(self) -> Path:
        """What was written in the window and not sent; need not exist."""
        return self.root / "drafts.json"

    @property
    def models(self) -> Path:
        """Folder whose sub-folders are the models that the user added."""
        return self.root / "models"

    @property
    def thumbnails(self) -> Path:
        """Small pictures of documents' covers; made when the first is, and may be deleted at any time."""
        return self.root / "thumbnails"

    @property
    def locks(self) -> Path:
        """One empty file for each job that is running, so that no second run takes it up."""
        return self.root / "locks"

    @property
    def log(self) -> Path:
        """The newest log file; older ones lie beside it."""
        return self.root / "logs" / "griffin-desk.log"

    def create(self) -> None:
        """Make the folders; StorageError when the place cannot be written."""
        for folder in (self.root, self.models, self.locks, self.log.parent):
            try:
                # The library holds the text of documents: nobody else on the machine need read it.
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            except FileExistsError:
                raise StorageError(
                    f"the data folder {self.root} cannot be used because {folder} is a file; "
                    "choose another folder with --data-dir",
                    code="data-dir",
                ) from None
            except OSError as error:
                raise StorageError(
                    f"the data folder {self.root} cannot be made ({error.strerror or error}); "
                    "choose a folder you may write with --data-dir",
                    code="data-dir",
                ) from error
        # An existing folder may still be closed to us: the databases need to make files beside themselves.
        for folder in (self.root, self.log.parent):
            if not os.access(folder, os.W_OK | os.X_OK):
                raise StorageError(
                    f"the data folder {folder} is read-only; make it writable or choose another one with --data-dir",
                    code="data-dir",
                )


def data_paths(override: Path | None, environment: Mapping[str, str]) -> DataPaths:
    """The data folder in force: `--data-dir`, else GRIFFIN_DESK_DATA_DIR, else the chosen one, else the platform's."""
    named = override or (Path(environment[DATA_DIR_VARIABLE]) if environment.get(DATA_DIR_VARIABLE) else None)
    root = named or chosen_data_folder() or user_data_path("griffin-desk", appauthor=False)
    return DataPaths(root.expanduser().absolute())


def chosen_data_folder() -> Path | None:
    """The data folder that the user chose in the window; None where there is no choice that can be read."""
    try:
        with _choice_file().open("rb") as stream:
            line = stream.readline(MAX_PATH_BYTES + 1)
    except OSError:
        return None
    folder = Path(os.fsdecode(line.rstrip(b"\r\n")))
    # What is no path from the root was not written by us, or not to its end; a zero byte is in no path.
    usable = len(line) <= MAX_PATH_BYTES and b"\0" not in line and folder.is_absolute()
    return folder if usable else None


def set_data_folder(folder: Path | None) -> None:
    """Choose the data folder of the next start, on the command line too; None goes back to the platform's own place.

    Nothing is moved. UserError for a path that cannot be kept, StorageError where the choice cannot be written.
    """
    file = _choice_file()
    try:
        if folder is None:
            file.unlink(missing_ok=True)
            return
        line = os.fsencode(folder.expanduser().absolute())
        if len(line) >= MAX_PATH_BYTES or b"\n" in line or b"\r" in line:
            raise UserError(
                f"the folder {str(folder)!r} cannot be the data folder: its name is too long or has a line break in it",
                code="data-dir",
            )
        file.parent.mkdir(parents=True, exist_ok=True)
        replace_file(file, line + b"\n")
    except OSError as error:
        raise StorageError(
            f"the choice of a data folder cannot be kept in {file} ({error.strerror or error}); "
            "make that place writable, or start with --data-dir",
            code="data-dir",
        ) from error


def _choice_file() -> Path:
    return user_config_path("griffin-desk", appauthor=False) / "data-folder"


def cache_dir(paths: DataPaths, environment: Mapping[str, str]) -> Path:
    """Where the machine's own results are kept: compiled code, the kernel self-test, hashes of model files.

    GRIFFIN_DESK_CACHE_DIR, else the platform's cache folder, so that a new data folder need not compile again; inside
    the data folder where neither can be written. It holds nothing of any document and may be deleted at any time.
    """
    chosen = environment.get(CACHE_DIR_VARIABLE)
    folder = Path(chosen) if chosen else user_cache_path("griffin-desk", appauthor=False)
    folder = folder.expanduser().absolute()
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        if os.access(folder, os.W_OK | os.X_OK):
            return folder
    return paths.root / "cache"


def resources_dir() -> Path:
    """The program's own data: inside the package when installed, beside it in a checkout.

    The package's own folder is asked first: beside an installed package lies site-packages, where a folder
    named `resources` could be anyone's.
    """
    package = Path(__file__).resolve().parent.parent
    for candidate in (package / "resources", package.parent / "resources"):
        if candidate.is_dir():
            return candidate
    raise InternalError(f"no resources folder in {package} or beside it; install Griffin Desk again")
