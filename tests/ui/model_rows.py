"""Rows of models for tests of what shows them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from app.services.catalogue import ModelStatus
from app.services.model_progress import ModelProgress, Stage
from app.ui.models.model_row import ModelRow, WorkKind, WorkShown
from tests.ui.fake_store import catalogue

GB = 10**9


def row(number: int = 1, **changes: Any) -> ModelRow:
    """A row of the fake store's catalogue with other values in its entry."""
    return ModelRow(replace(catalogue()[number], **changes))


def here(**changes: Any) -> ModelRow:
    """One that is on this machine."""
    return row(1, status=ModelStatus.INSTALLED, path=Path("/models/it"), **changes)


def work(done: int | None = 2 * GB, *, kind: WorkKind = WorkKind.GET, **changes: Any) -> WorkShown:
    """A download of 5 GB, or other work; done None: it waits."""
    stage = Stage.DOWNLOADING if kind is WorkKind.GET else Stage.CONVERTING
    progress = None if done is None else ModelProgress(stage, done, 5 * GB, "", 12e6, (5 * GB - done) / 12e6)
    return replace(WorkShown(kind, "recurrentgemma-2b-it", "RecurrentGemma 2B", progress), **changes)
