"""A store of models without files, network or processes, for tests of the window."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from app.core.errors import GriffinDeskError
from app.inference.fit import Fit, Verdict
from app.inference.generator import Cancelled, ReadCancelled
from app.inference.memory import MemoryNeed
from app.services.catalogue import CatalogueEntry, ModelStatus
from app.services.hub.interruptible import Paused
from app.services.model_progress import ModelProgress, OnProgress, Stage
from app.services.model_store import Converted, Verified
from app.services.models import InstalledModel
from app.services.tokens import FoundToken

GIB = 2**30
STEPS = 10
"""Of any work that takes its time."""


def fit(
    verdict: Verdict = Verdict.FITS,
    need_gib: float = 2.9,
    *,
    free_gib: float = 10.1,
    read: float | None = 230.0,
    write: float | None = 8.5,
    form: str = "int8",
    reasons: tuple[str, ...] = (),
) -> Fit:
    """How a model runs, made up."""
    need = MemoryNeed(int(need_gib * GIB), 0, 0, 0, 0)
    told = reasons or (f"needs {need_gib:g} GiB, {free_gib:g} GiB are free",)
    return Fit(verdict, "cpu", form, need, int(free_gib * GIB), read, write, told)


def published(size: str, *, tuned: bool, nbytes: int, parameters: int, how: Fit) -> CatalogueEntry:
    """A model that can be fetched."""
    name = f"recurrentgemma-{size}{'-it' if tuned else ''}"
    kind = "instruction-tuned" if tuned else "base"
    return CatalogueEntry(
        name,
        f"RecurrentGemma {size.upper()}, {kind}",
        ModelStatus.AVAILABLE,
        repository=f"google/{name}",
        nbytes=nbytes,
        parameters=parameters,
        weight_format="bfloat16",
        instruction_tuned=tuned,
        source=f"google/{name}",
        fit=how,
        licence_url=f"https://huggingface.co/google/{name}",
    )


def starter() -> CatalogueEntry:
    """The model that comes with the program."""
    return CatalogueEntry(
        "starter",
        "Starter model",
        ModelStatus.BUNDLED,
        path=Path("/opt/griffin-desk/resources/starter-model"),
        nbytes=161 * 2**20,
        parameters=151_000_000,
        weight_format="int8",
        instruction_tuned=True,
        source="SmolLM2-135M-Instruct, turned into a Griffin model",
        fit=fit(need_gib=0.4, read=1561, write=61),
    )


def catalogue() -> tuple[CatalogueEntry, ...]:
    """The starter, and what Google publishes."""
    small, large = 2_683_000_000, 8_580_000_000
    no = fit(Verdict.NO, 9.6, reasons=("needs 9.6 GiB, this machine has 7.8 GiB in all",), read=None, write=None)
    tight = fit(Verdict.TIGHT, 3.1, free_gib=3.3, reasons=("needs 3.1 GiB, 3.3 GiB are free: little is left",))
    return (
        starter(),
        published("2b", tuned=True, nbytes=5_366_000_000, parameters=small, how=fit()),
        published("2b", tuned=False, nbytes=5_366_000_000, parameters=small, how=tight),
        published("9b", tuned=True, nbytes=19_280_000_000, parameters=large, how=no),
        published("9b", tuned=False, nbytes=19_280_000_000, parameters=large, how=no),
    )


@dataclass(slots=True)
class FakeTokens:
    """A keyring in memory."""

    token: str = ""
    place: str = "keyring"
    error: GriffinDeskError | None = None

    def find(self) -> FoundToken | None:
        return FoundToken(self.token, self.place) if self.token else None

    def keep(self, token: str) -> None:
        if self.error is not None:
            raise self.error
        self.token = token

    def forget(self) -> bool:
        self.token = ""
        return True


class FakeStore:
    """Stands still in the middle of work while `may_go_on` is not set; `errors` by what is called are raised there."""

    def __init__(self) -> None:
        self.entries = {entry.name: entry for entry in catalogue()}
        self.tokens = FakeTokens()
        self.fits = self
        self.measured = True
        self.errors: dict[str, GriffinDeskError] = {}
        self.may_go_on = threading.Event()
        self.may_go_on.set()
        self.calls: list[str] = []
        self.found = replace(
            self.entries["recurrentgemma-2b"], name="my-model", repository="", licence_url="", source="huggingface"
        )
        self.verified = Verified((), 4, 312, True)
        self.perplexities: tuple[float | None, float | None] = (8.05, 8.12)

    def is_measured(self) -> bool:
        return self.measured

    def catalogue(self) -> tuple[CatalogueEntry, ...]:
        self._call("catalogue")
        return tuple(self.entries.values())

    def check_token(self, token: str) -> str:
        self._call("check_token")
        return "anna"

    def pull(self, repository: str, *, on_progress: OnProgress, cancelled: Cancelled) -> InstalledModel:
        name = repository.split("/")[1]
        entry = self.entries[name]

        def paused(done: int) -> Exception:
            self.entries[name] = replace(entry, status=ModelStatus.PAUSED, done_bytes=done)
            return Paused()

        self._work(f"pull {repository}", Stage.DOWNLOADING, entry.nbytes, on_progress, cancelled, paused)
        return self._install(replace(entry, source="google"))

    def discard(self, repository: str) -> None:
        self._call(f"discard {repository}")
        name = repository.split("/")[1]
        self.entries[name] = replace(self.entries[name], status=ModelStatus.AVAILABLE, done_bytes=0)

    def look_into(self, path: Path) -> CatalogueEntry:
        self._call("look_into")
        return replace(self.found, path=path)

    def import_from(
        self,
        path: Path,
        *,
        on_progress: OnProgress,
        cancelled: Cancelled,
        name: str | None,
        weight_format: str | None,
        link: bool,
    ) -> InstalledModel:
        asked = f"import {path.name} as {name}, {weight_format}, {'linked' if link else 'copied'}"
        self._work(asked, Stage.COPYING, self.found.nbytes, on_progress, cancelled)
        return self._install(replace(self.found, name=name or "", path=path))

    def convert(
        self, name: str, weight_format: str | None, *, on_progress: OnProgress, cancelled: Cancelled
    ) -> Converted:
        entry = self.entries[name]
        self._work(f"convert {name} {weight_format}", Stage.CONVERTING, entry.nbytes, on_progress, cancelled)
        title = f"{entry.title}, {weight_format}"
        made = replace(entry, name=f"{name}-{weight_format}", title=title, weight_format=str(weight_format))
        return Converted(self._install(made), 3 * GIB, (), 0, *self.perplexities, checked_tokens=2048)

    def verify(self, name: str, *, on_progress: OnProgress, cancelled: Cancelled) -> Verified:
        self._work(f"verify {name}", Stage.CHECKING, 100, on_progress, cancelled)
        return self.verified

    def remove(self, name: str) -> None:
        self._call(f"remove {name}")
        del self.entries[name]

    def measure(self, *, on_progress: OnProgress, cancelled: Cancelled) -> None:
        self._work("measure", Stage.MEASURING, 100, on_progress, cancelled)
        self.measured = True

    def _call(self, what: str) -> None:
        self.calls.append(what)
        error = self.errors.get(what.split()[0])
        if error is not None:
            raise error

    def _work(
        self,
        what: str,
        stage: Stage,
        total: int,
        on_progress: OnProgress,
        cancelled: Cancelled,
        stopped: Callable[[int], Exception] = lambda done: ReadCancelled(),
    ) -> None:
        self._call(what)
        for step in range(STEPS):
            done = total * step // STEPS
            on_progress(ModelProgress(stage, done, total, bytes_per_second=12e6, seconds_left=(total - done) / 12e6))
            while step == STEPS // 2 - 1 and not self.may_go_on.wait(0.002):
                if cancelled():
                    raise stopped(done)

    def _install(self, entry: CatalogueEntry) -> InstalledModel:
        path = entry.path or Path("/home/anna/.local/share/griffin-desk/models") / entry.name
        self.entries[entry.name] = replace(entry, status=ModelStatus.INSTALLED, path=path)
        return InstalledModel(entry.name, path, "data folder")
