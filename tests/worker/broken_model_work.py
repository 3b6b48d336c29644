"""Work on a model's files that goes wrong, in the way that the path of the job names."""

from __future__ import annotations

import errno
import os
import time
from typing import Any

from app.core.errors import CheckpointError
from app.worker.model_jobs import Look, ModelJob, OnStage


def do(job: ModelJob, on_stage: OnStage) -> dict[str, Any]:
    """See the names."""
    assert isinstance(job, Look)
    on_stage("checking", 0, 10)
    match job.path.name:
        case "die":
            os._exit(9)
        case "hang":
            time.sleep(3600)
        case "refuse":
            raise CheckpointError("it is no model", code="not-a-model")
        case "full":
            raise OSError(errno.ENOSPC, "No space left on device")
        case "closed":
            raise PermissionError(errno.EACCES, "Permission denied", "/some/file")
        case "memory":
            raise MemoryError
        case "bug":
            raise ZeroDivisionError("of ours")
    for done in range(1, 11):
        on_stage("checking", done, 10)
    return {"path": str(job.path)}
