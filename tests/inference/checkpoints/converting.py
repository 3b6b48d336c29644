"""Conversions in processes of their own, which the operating system kills at any step that is asked for."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Any

from app.inference.checkpoints.convert import convert_checkpoint
from app.inference.ops import TorchOps
from app.inference.weight_format import WeightFormat

CALIBRATION = "The state of the model has a fixed size, however long the document is. " * 20
CHECK = "A user asks a question and the model answers it from the pages it has read. " * 4
SHARD_BYTES = 10_000


def kill_at(steps: int) -> Callable[[], None]:
    """A function that kills its process at this call."""
    left = steps

    def step() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    return step


def convert(source: Path, target: Path, form: WeightFormat | None, steps: int, named: bool) -> None:
    """Convert, and be killed at a step (0: at none): a report of progress, or either side of a change of the disk.

    named: be killed as soon as the folder has its name.
    """
    step = kill_at(steps)
    if named:
        _watch(Path, "rename", kill_at(2))
    for owner, name in ((Path, "rename"), (Path, "replace"), (Path, "unlink")):
        _watch(owner, name, step)
    # The system outlives the process here: what was handed to it needs no disk to be there afterwards.
    os.fsync = lambda descriptor: step()
    convert_checkpoint(
        source,
        target,
        form,
        ops=TorchOps(),
        calibration_text=CALIBRATION,
        check_text=CHECK,
        shard_bytes=SHARD_BYTES,
        on_progress=lambda progress: step(),
    )


def _watch(owner: Any, name: str, step: Callable[[], None]) -> None:
    changes = getattr(owner, name)

    def watched(*arguments: Any, **options: Any) -> Any:
        step()
        result = changes(*arguments, **options)
        step()
        return result

    setattr(owner, name, watched)


def processes() -> ForkServerContext:
    """Where processes come from that have torch already and have not used it: half a second each saves minutes."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    return context


def in_process(
    context: ForkServerContext,
    source: Path,
    target: Path,
    form: WeightFormat | None,
    steps: int = 0,
    *,
    named: bool = False,
) -> int:
    """Convert in a process of its own; its exit code, minus the signal that ended it."""
    process = context.Process(target=convert, args=(source, target, form, steps, named))
    process.start()
    process.join()
    assert process.exitcode is not None
    return process.exitcode
