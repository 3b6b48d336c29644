"""What the system and its libraries mean by their exceptions."""

from __future__ import annotations

import errno

import pytest
import torch

from app.core.errors import CheckpointError, InternalError, error_named, lacks_disk, lacks_memory


def test_lack_of_memory() -> None:
    """As Python and torch say it here, and as torch says it on other devices."""
    with pytest.raises(RuntimeError) as caught:
        torch.empty(1 << 60, dtype=torch.uint8)
    for error in (MemoryError(), caught.value, RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB")):
        assert lacks_memory(error)


@pytest.mark.parametrize("error", [RuntimeError("CUDA error: an illegal memory access was encountered"), KeyError("x")])
def test_bugs_are_no_lack_of_memory(error: Exception) -> None:
    """Nor is every error that speaks of memory."""
    assert not lacks_memory(error)


def test_lack_of_disk() -> None:
    """The disk is full, or this user's share of it; other trouble is other trouble."""
    assert [lacks_disk(OSError(number, "")) for number in (errno.ENOSPC, errno.EDQUOT, errno.EACCES)] == [
        True,
        True,
        False,
    ]


def test_errors_by_name() -> None:
    """What another process raised keeps its class and code; a name that is none of ours is a bug of ours."""
    error = error_named("CheckpointError", "it is no model", code="not-a-model")
    assert type(error) is CheckpointError and (error.message, error.code) == ("it is no model", "not-a-model")
    for name in ("ValueError", "errno", "lacks_disk", "nonsense"):
        assert type(error_named(name, "x", code="y")) is InternalError
