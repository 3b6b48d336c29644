"""The process that works on a model's files (model_jobs.py): torch is imported once it runs, and it sends JSON only."""

from __future__ import annotations

import importlib
import threading
import time
import traceback
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any

from app.core.errors import GriffinDeskError, InternalError, ResourceError, lacks_disk, lacks_memory
from app.core.throttle import Throttle
from app.worker.confinement import confine, describe, send

if TYPE_CHECKING:
    from app.worker.model_jobs import ModelJob

_ALIVE_S = 2.0
_STAGE_INTERVAL_S = 0.1


@dataclass(frozen=True, slots=True)
class Order:
    """work: the module that does the job, by its name, so that who starts such a process never loads torch."""

    work: str
    job: ModelJob


class Outbox:
    """The pipe to the program, shared by the work and the thread that says that it lives."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._lock = threading.Lock()
        self._stage = ""
        self._throttle = Throttle(_STAGE_INTERVAL_S)

    def send(self, message: dict[str, Any]) -> None:
        """One message. Raises OSError where the program is gone."""
        with self._lock:
            send(self._connection, message)

    def stage(self, stage: str, done: int, total: int) -> None:
        """How far it is; ten times a second at most, and always at the beginning and the end of a stage."""
        begins, self._stage = stage != self._stage, stage
        if self._throttle.is_due(always=begins or done >= total):
            self.send({"type": "stage", "stage": stage, "done": done, "total": total})


def run_model_job(connection: Connection, order: Order) -> None:
    """Entry point of the process."""
    confine(None)
    outbox = Outbox(connection)
    threading.Thread(target=_live, args=(outbox,), daemon=True).start()
    try:
        work = importlib.import_module(order.work)
        outbox.send({"type": "done", "result": work.do(order.job, outbox.stage)})
    except OSError as error:
        if isinstance(error, BrokenPipeError | ConnectionError):
            return
        _fail(outbox, _translated(error))
    except Exception as error:
        _fail(outbox, _translated(error))


def _live(outbox: Outbox) -> None:
    while True:
        time.sleep(_ALIVE_S)
        try:
            outbox.send({"type": "alive"})
        except OSError:
            return


def _fail(outbox: Outbox, error: GriffinDeskError) -> None:
    detail = traceback.format_exc()
    told = {"error": type(error).__name__, "code": error.code, "message": error.message, "detail": detail}
    outbox.send({"type": "error", **told})


def _translated(error: Exception) -> GriffinDeskError:
    if isinstance(error, GriffinDeskError):
        return error
    if lacks_memory(error):
        return ResourceError("there is not enough memory; close other programs and try again", code="memory")
    if isinstance(error, OSError) and lacks_disk(error):
        return ResourceError("the disk is full; free some space and try again", code="disk-full")
    if isinstance(error, OSError) and error.filename is not None:
        return ResourceError(f"{error.filename} cannot be used ({error.strerror or error})", code="model-files")
    return InternalError(f"something went wrong with the model's files ({describe(error)}); see the log")
