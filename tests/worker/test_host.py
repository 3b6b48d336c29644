"""The worker's side, without a process: what its errors become."""

from __future__ import annotations

import pytest

from app.worker.host import _unforeseen


@pytest.mark.parametrize(
    ("error", "kind", "code"),
    [
        (MemoryError(), "ResourceError", "out-of-memory"),
        (RuntimeError("DefaultCPUAllocator: not enough memory: you tried"), "ResourceError", "out-of-memory"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried"), "ResourceError", "out-of-memory"),
        (RuntimeError("CUDA out of memory. Tried to allocate"), "ResourceError", "out-of-memory"),
        (RuntimeError("CUDA error: an illegal memory access was encountered"), "InternalError", "worker"),
        (KeyError("x"), "InternalError", "worker"),
    ],
)
def test_unforeseen_errors(error: Exception, kind: str, code: str) -> None:
    """No memory is no bug, and a bug in memory is no lack of it."""
    failed = _unforeseen(3, error)
    assert (failed.job_id, failed.error, failed.code) == (3, kind, code)
