"""Documents and conversations as the left pane is given them."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from app.services.shelf_rows import DocumentState, ShelfBranch, ShelfConversation, ShelfDocument

TODAY = date(2026, 3, 18)
"""A Wednesday."""


def document(key: str, title: str = "", state: DocumentState = DocumentState.READ, **changes: object) -> ShelfDocument:
    """A document of 113 pages."""
    given = {"page_range": "", "pages": 113, "progress": 0.0, "problem": ""} | changes
    return ShelfDocument(
        key=key,
        document_id=f"id-{key}",
        title=title or f"Document {key}",
        path=f"/books/{key}.pdf",
        state=state,
        **given,
    )


def conversation(
    own_id: str,
    title: str = "",
    *,
    days_ago: int = 0,
    hour: int = 12,
    turns: int = 12,
    branches: tuple[ShelfBranch, ...] = (),
    about: str = "",
) -> ShelfConversation:
    """A conversation that was changed some days before `TODAY`."""
    changed = datetime.combine(TODAY - timedelta(days=days_ago), time(hour))
    return ShelfConversation(own_id, title or f"Talk {own_id}", changed.timestamp(), turns, branches, about)


TWO_BRANCHES = (ShelfBranch(5, 4, "And the lakes?", in_use=False), ShelfBranch(9, 12, "Three rivers.", in_use=True))
