"""What the window knows of one model: its entry in the catalogue, what is being done with it, what came of that."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from app.services.catalogue import CatalogueEntry, ModelStatus
from app.services.model_progress import ModelProgress

ON_DISK = (ModelStatus.BUNDLED, ModelStatus.INSTALLED, ModelStatus.DAMAGED)


class WorkKind(StrEnum):
    """What takes its time with a model's files."""

    GET = "get"
    IMPORT = "import"
    COPY = "copy"
    CHECK = "check"
    MEASURE = "measure"
    """Of the machine, not of a model."""

    @property
    def goes_on(self) -> bool:
        """Whether one that was stopped goes on where it was."""
        return self in (WorkKind.GET, WorkKind.COPY)


@dataclass(frozen=True, slots=True)
class Wish:
    """Something that the user wants done; the kinds below say what."""


@dataclass(frozen=True, slots=True)
class Get(Wish):
    """Download a model, or go on with it."""

    name: str


@dataclass(frozen=True, slots=True)
class Stop(Wish):
    """Pause a model's download, or stop whatever else is being done with it."""

    name: str


@dataclass(frozen=True, slots=True)
class Discard(Wish):
    """Delete what has come of a download."""

    name: str


@dataclass(frozen=True, slots=True)
class Use(Wish):
    """Load a model in place of the one in use."""

    name: str


@dataclass(frozen=True, slots=True)
class Check(Wish):
    """Look whether a model's files are sound."""

    name: str


@dataclass(frozen=True, slots=True)
class Copy(Wish):
    """Write a model once more, in a weight format with fewer bits."""

    name: str
    weight_format: str


@dataclass(frozen=True, slots=True)
class Remove(Wish):
    """Delete a model's files."""

    name: str


@dataclass(frozen=True, slots=True)
class LookInto(Wish):
    """Say what a folder or file holds."""

    path: Path


@dataclass(frozen=True, slots=True)
class Import(Wish):
    """Take a model in. weight_format: "" leaves it as it is. link: no room is taken where the disk can do that."""

    path: Path
    name: str
    weight_format: str
    link: bool


@dataclass(frozen=True, slots=True)
class OpenPage(Wish):
    """Show a web page in the browser."""

    address: str


@dataclass(frozen=True, slots=True)
class KeepToken(Wish):
    """Ask the hub whether a token is good, and keep it in the system's keyring."""

    name: str
    token: str

    def __repr__(self) -> str:
        """Without the token: a wish may be written to a log."""
        return f"KeepToken(name={self.name!r})"


@dataclass(frozen=True, slots=True)
class ForgetToken(Wish):
    """Take the token out of the keyring."""

    name: str


@dataclass(frozen=True, slots=True)
class AskAccess(Wish):
    """Go through the steps to a model whose licence has to be accepted."""

    name: str


@dataclass(frozen=True, slots=True)
class OpenSettings(Wish):
    """Go to a page of the settings, by the name of a setting on it."""

    name: str


@dataclass(frozen=True, slots=True)
class WorkShown:
    """Something under way. progress: None until it has begun; stopping: it was asked to."""

    kind: WorkKind
    name: str
    title: str
    progress: ModelProgress | None = None
    stopping: bool = False
    weight_format: str = ""
    """Of the copy that is being made."""

    @property
    def share(self) -> float | None:
        """Of the bytes, 0 to 1; None where it cannot be told."""
        if self.progress is None or self.progress.total_bytes <= 0:
            return None
        return min(1.0, self.progress.done_bytes / self.progress.total_bytes)


@dataclass(frozen=True, slots=True)
class Told:
    """What came of something, in place: a sentence, what to copy for a report, and the next step on a button."""

    text: str
    is_problem: bool = False
    details: str = ""
    step_text: str = ""
    step: Wish | None = None


@dataclass(frozen=True, slots=True)
class ModelRow:
    """One model of the list."""

    entry: CatalogueEntry
    in_use: bool = False
    work: WorkShown | None = None
    told: Told | None = None

    @property
    def is_here(self) -> bool:
        """Whether all its files are on this machine and sound, as far as is known."""
        return self.entry.status in (ModelStatus.BUNDLED, ModelStatus.INSTALLED)

    @property
    def is_gated(self) -> bool:
        """Whether a licence has to be accepted before its files can be fetched."""
        return bool(self.entry.repository and self.entry.licence_url)


def rows_of(
    entries: Iterable[CatalogueEntry],
    in_use: str,
    work: Callable[[str], WorkShown | None],
    told: Mapping[str, Told],
) -> list[ModelRow]:
    """Entries of the catalogue with what is known of them here. in_use: the name, or the path, of a model."""
    return [
        ModelRow(
            entry,
            in_use=in_use in (entry.name, str(entry.path)) and entry.status in ON_DISK,
            work=work(entry.name),
            told=told.get(entry.name),
        )
        for entry in entries
    ]
