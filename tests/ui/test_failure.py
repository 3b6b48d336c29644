"""What the user is told of an error."""

from __future__ import annotations

import logging

import pytest

from app.core.errors import DocumentError, InternalError, StorageError
from app.ui.failure import failure_of


def test_an_error_of_ours_is_told_as_it_is() -> None:
    """With where it came from, for a report."""
    try:
        raise StorageError("the library is locked", code="locked")
    except StorageError as raised:
        failure = failure_of(raised)
        assert failure.error is raised
    assert "test_failure.py" in failure.details and "the library is locked" in failure.details


def test_a_mistake_of_ours_is_named_by_its_kind_alone() -> None:
    """What it says may hold the user's own words: these are in the details only."""
    failure = failure_of(KeyError("private words"))
    assert isinstance(failure.error, InternalError)
    assert "KeyError" in failure.error.message and "private" not in failure.error.message
    assert "private words" in failure.details


def test_what_was_closed_leaves_no_traceback(caplog: pytest.LogCaptureFixture) -> None:
    """The end of work on a document that was closed is noted in a line; other ends with what led to them."""
    with caplog.at_level(logging.INFO):
        failure_of(DocumentError("a.pdf was closed", code="closed"))
        failure_of(DocumentError("a.pdf is damaged", code="damaged"))
    assert [bool(record.exc_info) for record in caplog.records] == [False, True]
