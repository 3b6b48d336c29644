from __future__ import annotations

import pytest

from app.core.errors import WorkerLostError
from app.services.restarts import MOST_RESTARTS, Recovered, Restarts

LOST = WorkerLostError("the model's process stopped: killed by signal 9")


def test_one_line_for_the_user() -> None:
    """What happened and that it goes on."""
    assert Restarts("work").lost(LOST) == Recovered(
        "the model's process stopped: killed by signal 9; it was started again and goes on from what was kept"
    )


def test_without_progress_not_for_ever() -> None:
    """The error itself comes back once too many were lost; progress begins the count anew."""
    restarts = Restarts("work")
    for _ in range(2):
        for _ in range(MOST_RESTARTS):
            restarts.lost(LOST)
        restarts.progress()
    for _ in range(MOST_RESTARTS):
        restarts.lost(LOST)
    with pytest.raises(WorkerLostError) as caught:
        restarts.lost(LOST)
    assert caught.value is LOST


def test_no_other_worker_is_to_be_had() -> None:
    """Then trying again is of no use."""
    with pytest.raises(WorkerLostError):
        Restarts("work").lost(WorkerLostError("it keeps stopping", code="worker-keeps-stopping"))
