"""Which title a document gets."""

from __future__ import annotations

import pytest

from app.documents.titles import choose_title


@pytest.mark.parametrize(
    ("metadata", "heading", "expected"),
    [
        ("An Introduction to R", "Preface", "An Introduction to R"),
        ("untitled", "Preface", "Preface"),
        ("Microsoft Word - report.doc", "", "file"),
        ("C:\\tmp\\x.tex", "The Title", "The Title"),
        ("  ", "123", "file"),
        ("A\n Long\tTitle", "", "A Long Title"),
    ],
)
def test_choose_title(metadata: str, heading: str, expected: str) -> None:
    """Metadata that says something, else the first heading, else the file's name."""
    assert choose_title(metadata, heading, "file") == expected
