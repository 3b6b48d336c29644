"""Work on a model's files that needs torch or much memory, in a process of its own: it can be ended at any moment.

This is the side of the program that asks. What is interrupted leaves what the work itself keeps, so that it goes on
from there when it is asked for again (see inference/checkpoints/convert.py).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.core.errors import GriffinDeskError, ResourceError, error_named
from app.core.log import logger
from app.inference.generator import Cancelled, never
from app.worker.child import Child, ChildLost
from app.worker.model_process import Order, run_model_job

WORK = "app.worker.model_work"
SILENCE_S = 120.0
"""After so long without a word the process counts as hung; it says every other second that it lives."""

_log = logger("worker")


@dataclass(frozen=True, slots=True)
class Convert:
    """Write a model in another weight format, or (weight_format None) as it is in Hugging Face's layout."""

    source: Path
    target: Path
    weight_format: str | None
    group: int
    cache_dir: Path
    sample: Path
    """Ordinary English: int4 is fitted to most of it, and source and result are compared on the rest."""


@dataclass(frozen=True, slots=True)
class Import:
    """Take a Hugging Face folder in, by hard links to its weights where `link` is set and the disk allows it."""

    source: Path
    target: Path
    link: bool


@dataclass(frozen=True, slots=True)
class Verify:
    """Look whether a model's files are sound."""

    folder: Path


@dataclass(frozen=True, slots=True)
class Measure:
    """Find out how fast this machine is; the result is kept in the cache folder."""

    device: str
    cache_dir: Path
    threads: int | None


@dataclass(frozen=True, slots=True)
class Look:
    """What a folder or file holds, from its headers."""

    path: Path


ModelJob = Convert | Import | Verify | Measure | Look
OnStage = Callable[[str, int, int], None]
"""Called with a stage by its name (services/model_progress.py), bytes done and bytes in all."""


def run_job(job: ModelJob, *, on_stage: OnStage | None = None, cancelled: Cancelled = never) -> dict[str, Any]:
    """Do it in a process of its own and return what came of it, as JSON.

    Raises what the work raised, ReadCancelled once `cancelled` says so (the process is ended), and ResourceError where
    the process was lost.
    """
    child = Child(run_model_job, Order(WORK, job), lost="it ended", nonsense="it sent nonsense")
    try:
        while True:
            message = child.receive_message(SILENCE_S, cancelled)
            match message.get("type"):
                case "stage" if on_stage is not None:
                    on_stage(str(message["stage"]), int(message["done"]), int(message["total"]))
                case "done":
                    result = message["result"]
                    assert isinstance(result, dict)
                    return result
                case "error":
                    raise _error(message)
    except ChildLost as lost:
        what = type(job).__name__.lower()
        _log.error("the process for a model's files is gone (%s): %s", what, lost)
        raise ResourceError(
            f"the process that worked on the model's files stopped ({lost}), perhaps for lack of memory; "
            "close other programs and try again: what was finished is kept",
            code="model-job-lost",
        ) from lost
    finally:
        child.kill()


def _error(message: dict[str, Any]) -> GriffinDeskError:
    """The error that was raised over there."""
    _log.info("a model's files: %s\n%s", message.get("message"), message.get("detail"))
    return error_named(str(message.get("error")), str(message.get("message")), code=str(message.get("code")))
