"""The rows that go and come so that one list becomes another."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.ui.models.row_changes import MOST_RANGES, RowChanges, ranges, row_changes


def test_neighbours_are_one_range() -> None:
    """Rows that follow each other go together."""
    assert ranges([0, 1, 2, 5, 7, 8]) == ((0, 2), (5, 5), (7, 8))
    assert ranges([]) == ()


def test_what_goes_is_told_from_the_end_and_what_comes_from_the_beginning() -> None:
    """Numbers hold at the moment when each change is made."""
    assert row_changes("abcde", "xbdyz") == RowChanges(((4, 4), (2, 2), (0, 0)), ((0, 0), (3, 4)))


def test_other_order_is_no_list_of_ranges() -> None:
    """Rows that change places ask for a new layout."""
    assert row_changes("abc", "cab") is None


def test_many_ranges_are_no_list_of_ranges() -> None:
    """Every second row of many ask for a new layout."""
    rows = [str(number) for number in range(2 * MOST_RANGES + 4)]
    assert row_changes(rows, rows[::2]) is None


@given(
    st.lists(st.sampled_from("abcdefgh"), unique=True), st.sets(st.sampled_from("abcdefgh")), st.text("xyz", max_size=3)
)
def test_changes_lead_from_the_old_rows_to_the_new_ones(old: list[str], gone: set[str], added: str) -> None:
    """Whatever goes and comes, the rows end as they should."""
    new = [key for key in old if key not in gone]
    for place, key in enumerate(dict.fromkeys(added)):
        new.insert(2 * place, key)
    changes = row_changes(old, new)
    assert changes is not None
    rows = list(old)
    for first, last in changes.removed:
        del rows[first : last + 1]
    for first, last in changes.inserted:
        rows[first:first] = new[first : last + 1]
    assert rows == new
