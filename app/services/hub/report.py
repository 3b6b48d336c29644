"""Progress of a download, told a few times a second at most."""

from __future__ import annotations

import time
from collections.abc import Callable

from app.core.throttle import Throttle
from app.services.model_progress import OnProgress, Pace, Stage

INTERVAL_S = 0.1


class Report:
    """Tells how far it has come, with a rate."""

    def __init__(self, on_progress: OnProgress, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._on_progress = on_progress
        self._throttle = Throttle(INTERVAL_S, monotonic=monotonic)
        self._pace = Pace(monotonic=monotonic)
        self._stage: Stage | None = None

    def at(self, stage: Stage, done_bytes: int, total_bytes: int, file: str = "") -> None:
        """Tell it, unless that was done a moment ago; the beginning and the end of a stage always."""
        begins, self._stage = stage is not self._stage, stage
        if self._throttle.is_due(always=begins or done_bytes >= total_bytes):
            self._on_progress(self._pace.at(stage, done_bytes, total_bytes, file))
