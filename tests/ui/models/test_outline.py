"""The outline as a tree."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtTest import QAbstractItemModelTester

from app.ui.models.outline import PAGE_ROLE, OutlineEntryShown, OutlineModel

ENTRIES = [
    OutlineEntryShown("One", 1, 1),
    OutlineEntryShown("One and a bit", 3, 2),
    OutlineEntryShown("One and more", 2, 4),
    OutlineEntryShown("Two", 1, 4),
    OutlineEntryShown("Nowhere", 2, 0),
]


def titles(model: OutlineModel, parent: QModelIndex) -> list[object]:
    """Each title with those below it."""
    rows = [model.index(row, 0, parent) for row in range(model.rowCount(parent))]
    return [(row.data(), titles(model, row)) if model.hasChildren(row) else row.data() for row in rows]


def test_entries_lie_below_the_nearest_of_a_smaller_level() -> None:
    """Levels that are left out are no trouble."""
    model = OutlineModel()
    tester = QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    model.set_entries(ENTRIES)
    shown = titles(model, QModelIndex())
    assert shown == [("One", ["One and a bit", "One and more"]), ("Two", ["Nowhere"])]
    model.set_entries([OutlineEntryShown("Deep", 3, 1), OutlineEntryShown("Top", 1, 2)])
    assert titles(model, QModelIndex()) == ["Deep", "Top"]
    assert tester.model() is model


def test_what_is_shown_of_an_entry() -> None:
    """Title, page, and both for a screen reader; an entry that leads nowhere has no page."""
    model = OutlineModel()
    model.set_entries(ENTRIES)
    first, last = model.index_of(0), model.index_of(4)
    assert (first.data(), first.data(PAGE_ROLE)) == ("One", "1")
    assert first.data(Qt.ItemDataRole.AccessibleTextRole) == "One, page 1"
    assert first.data(Qt.ItemDataRole.ToolTipRole) == "<qt>One</qt>"
    assert (last.data(PAGE_ROLE), last.data(Qt.ItemDataRole.AccessibleTextRole)) == ("", None)


def test_titles_are_text() -> None:
    """Not HTML, and on one line."""
    model = OutlineModel()
    model.set_entries([OutlineEntryShown("<img src=x>\n of <b>it</b>", 1, 1)])
    assert model.index_of(0).data() == "<img src=x> of <b>it</b>"
    assert model.index_of(0).data(Qt.ItemDataRole.ToolTipRole) == "<qt>&lt;img src=x&gt; of &lt;b&gt;it&lt;/b&gt;</qt>"


def test_the_entry_that_holds_a_page() -> None:
    """The last one that begins on the page or before it."""
    model = OutlineModel()
    model.set_entries(ENTRIES)
    assert [model.index_at_page(page).data() for page in (0, 1, 3, 4, 90)] == [
        None,
        "One",
        "One and a bit",
        "Two",
        "Two",
    ]
