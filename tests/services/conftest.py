from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.documents.model import Document, Page, PageKind, Section
from app.storage.database import Database
from tests.fakes import FakeGenerator


@pytest.fixture
def generator() -> FakeGenerator:
    """Answers every turn with `ok`."""
    return FakeGenerator(lambda text: "ok")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """A fresh library."""
    with Database.open(tmp_path / "library.sqlite") as opened:
        yield opened


@pytest.fixture
def document() -> Document:
    """Three pages, of which the second has no text; three sections."""
    return Document(
        title="Rivers",
        format="pdf",
        content_hash="d1",
        page_kind=PageKind.PAGE,
        pages=(Page(1, "The Elbe floods in April."), Page(2, "", "no text on the page"), Page(3, "Dams hold water.")),
        sections=(
            Section(0, "One", 1, 0, 10, 1, 1),
            Section(1, "Two", 1, 10, 27, 1, 2),
            Section(2, "Three", 1, 27, 43, 3, 3),
        ),
        warnings=("the outline is damaged",),
    )
