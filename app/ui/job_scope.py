"""The jobs of something that can be closed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from app.ui.failure import Failure
from app.ui.job import Job, Task
from app.ui.jobs import Jobs, Lane

_T = TypeVar("_T")
_E = TypeVar("_E")


class JobScope:
    """Once it is closed nothing is heard any more of what was asked for through it: its views may be gone."""

    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs
        self._asked: list[Job] = []
        self.closed = False

    def submit(
        self,
        lane: Lane,
        run: Callable[[Task[_E]], _T],
        *,
        events: Callable[[Sequence[_E]], None] | None = None,
        done: Callable[[_T], None] | None = None,
        failed: Callable[[Failure], None] | None = None,
        ended: Callable[[], None] | None = None,
    ) -> Job:
        """As Jobs.submit. Closed already it does nothing, and the job is over."""
        if self.closed:
            job = Job()
            job.running = False
            return job
        job = self._jobs.submit(lane, run, events=events, done=done, failed=failed, ended=ended)
        self._asked = [asked for asked in self._asked if asked.running] + [job]
        return job

    def is_busy(self, lane: Lane) -> bool:
        """As Jobs.is_busy."""
        return self._jobs.is_busy(lane)

    def close(self) -> None:
        """Stop all of them."""
        self.closed = True
        for job in self._asked:
            job.abandon()
        self._asked = []

    def free(self, lane: Lane, run: Callable[[], None]) -> None:
        """Have something freed in the lane that uses it, after all that was asked of the lane before."""
        self._jobs.submit(lane, lambda task: run(), always=True)
