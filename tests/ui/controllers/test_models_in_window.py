"""What another model would have to read again."""

from __future__ import annotations

from app.services.shelf_rows import DocumentState
from app.ui.controllers.models_in_window import switch_cost
from app.ui.dialogs.models_use import SwitchCost
from tests.ui.shelf_rows import document


def test_the_longest_document_that_was_read() -> None:
    """Those that were not read cost nothing."""
    documents = [
        document("a", title="Seas", pages=12, state=DocumentState.READ),
        document("b", title="Rivers", pages=312, state=DocumentState.READ),
        document("c", title="Hills", pages=900, state=DocumentState.NEW),
    ]
    assert switch_cost(documents, "starter", is_busy=True) == SwitchCost("starter", True, 2, "Rivers", 312)
    assert switch_cost(documents[2:], "starter", is_busy=False) == SwitchCost("starter", False)
