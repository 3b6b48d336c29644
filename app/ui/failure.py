"""What the user is told of an error, whatever was raised."""

from __future__ import annotations

import traceback
from dataclasses import dataclass

from app.core.errors import GriffinDeskError, InternalError, ResourceError, lacks_disk, lacks_memory
from app.core.log import logger

_log = logger("jobs")


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a job ended early: the error with its sentence for the user, and what a report of it should hold."""

    error: GriffinDeskError
    details: str


def failure_of(error: BaseException) -> Failure:
    """An error for the user, whatever was raised; the log has the traceback."""
    details = "".join(traceback.format_exception(error))
    if isinstance(error, GriffinDeskError):
        # A document that is closed ends the work on it: that is no failure that anyone would look into.
        _log.info("a job ended: %s", error.message, exc_info=None if error.code == "closed" else error)
        return Failure(error, details)
    _log.error("a job failed", exc_info=error)
    if lacks_memory(error):
        return Failure(ResourceError("there is not enough memory; close other programs", code="memory"), details)
    if isinstance(error, OSError) and lacks_disk(error):
        return Failure(ResourceError("the disk is full; free some space and try again", code="disk-full"), details)
    return Failure(InternalError(f"something went wrong inside Griffin Desk ({type(error).__name__})"), details)
