"""Where the pages of a document lie."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from app.services.page_images import PageSize
from app.ui.widgets.page_column import MARGIN, PageColumn, Place
from tests.ui.fake_pages import A4


def column(sizes: list[PageSize], width: int, scale: float | None) -> PageColumn:
    made = PageColumn(sizes)
    made.resize(width, scale)
    return made


def test_sheets_lie_one_below_another() -> None:
    """At one pixel a point the second page of 100 points begins after a margin, the first page and a gap."""
    pages = column([PageSize(50, 100), PageSize(80, 60)], 200, 1.0)
    first, second = pages.sheet(1), pages.sheet(2)
    assert (first.left(), first.top(), first.width(), first.height()) == (75, MARGIN, 50, 100)
    assert (second.left(), second.top(), second.width(), second.height()) == (60, 100 + 2 * MARGIN, 80, 60)
    assert (pages.width, pages.height) == (200, 160 + 3 * MARGIN)


def test_a_fold_out_does_not_make_other_pages_small() -> None:
    """Fitted to the width, usual pages fill it, a wider one fits as well, a narrower one keeps its proportion."""
    pages = column([A4, A4, PageSize(1190, 842), PageSize(297.5, 421)], 595 + 2 * MARGIN, None)
    assert [pages.sheet(page).width() for page in (1, 2, 3, 4)] == [595, 595, 595, 298]
    assert [pages.sheet(page).height() for page in (1, 2, 3, 4)] == [842, 842, 421, 421]
    assert pages.width == 595 + 2 * MARGIN


def test_pages_at_heights() -> None:
    """The margin below a page belongs to it; above the first and below the last page those two are found."""
    pages = column([PageSize(50, 100)] * 3, 200, 1.0)
    heights = (-5, 0, MARGIN, 111, 123, 124, 10_000)
    assert [pages.page_at(y) for y in heights] == [1, 1, 1, 1, 1, 2, 3]
    assert pages.pages_between(50, 130) == range(1, 3)
    assert pages.pages_between(115, 130) == range(2, 3), "of the first page nothing but the margin below it is seen"


def test_no_pages() -> None:
    """An empty document has no height, and nothing lies anywhere."""
    pages = column([], 200, None)
    assert (pages.height, pages.page_at(5), list(pages.pages_between(0, 100))) == (0, 0, [])


def test_sizes_that_cannot_be() -> None:
    """What a damaged file says of a page's size is kept within bounds."""
    pages = column([PageSize(0, -5), PageSize(math.nan, math.inf)], 100, 1.0)
    assert pages.sizes == (PageSize(1, 1), PageSize(1, 20_000))


@given(
    st.lists(st.tuples(st.floats(20, 2000), st.floats(20, 2000)), min_size=1, max_size=30),
    st.one_of(st.none(), st.floats(0.2, 6)),
    st.data(),
)
def test_places_keep_their_page(sizes: list[tuple[float, float]], scale: float | None, data: st.DataObject) -> None:
    """A place is found again, within a pixel, where it was, at any zoom; sheets do not overlap."""
    pages = column([PageSize(*size) for size in sizes], 900, scale)
    for page in range(1, len(sizes)):
        assert pages.sheet(page).bottom() < pages.sheet(page + 1).top()
    page = data.draw(st.integers(1, len(sizes)))
    place = Place(page, data.draw(st.floats(0, 0.9)) * sizes[page - 1][1])
    found = pages.place_at(pages.y_of(place))
    assert found.page == page
    assert abs(pages.y_of(found) - pages.y_of(place)) <= 1
