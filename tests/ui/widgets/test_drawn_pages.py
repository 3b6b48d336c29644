"""Which images are held and asked for."""

from __future__ import annotations

import pytest

from app.services.page_images import PageImage
from app.ui.widgets.drawn_pages import MAX_BYTES, MAX_PIXELS, DrawnPages, ImageWanted, Need
from tests.ui.fake_pages import answer, image


def needs(*pages: int, width: int = 100) -> list[Need]:
    return [Need(page, width, round(width * 1.415)) for page in pages]


def test_visible_pages_come_first_two_at_a_time() -> None:
    """Two are under way at most, and none is asked for again before it has come."""
    drawn = DrawnPages()
    visible, near = needs(5, 6, 7), needs(8, 4)
    assert drawn.next_wanted(visible, near) == [ImageWanted(5, 100), ImageWanted(6, 100)]
    assert drawn.next_wanted(visible, near) == []
    drawn.arrived(image(5, 100))
    assert drawn.next_wanted(visible, near) == [ImageWanted(7, 100)]
    drawn.arrived(image(6, 100))
    drawn.arrived(image(7, 100))
    assert drawn.next_wanted(visible, near) == [ImageWanted(8, 100), ImageWanted(4, 100)]
    drawn.arrived(image(8, 100))
    drawn.arrived(image(4, 100))
    assert drawn.next_wanted(visible, near) == []


def test_another_size_is_asked_for_when_the_one_under_way_has_come() -> None:
    """The image of the size before serves meanwhile."""
    drawn = DrawnPages()
    drawn.next_wanted(needs(1), [])
    assert drawn.next_wanted(needs(1, width=150), []) == []
    drawn.arrived(image(1, 100))
    assert drawn.next_wanted(needs(1, width=150), []) == [ImageWanted(1, 150)]
    shown = drawn.image(1)
    assert shown is not None and shown.width() == 100


def test_an_image_narrower_than_asked_for_is_enough() -> None:
    """A page that cannot be drawn larger is not asked for again and again."""
    drawn = DrawnPages()
    drawn.next_wanted(needs(1, width=900), [])
    drawn.arrived(image(1, 400))
    assert drawn.next_wanted(needs(1, width=900), []) == []


def test_images_have_bounds() -> None:
    """A page shown very large is asked for at 16 million pixels."""
    (wanted,) = DrawnPages().next_wanted([Need(1, 8_000, 8_000)], [])
    assert wanted == ImageWanted(1, int(MAX_PIXELS**0.5))


def test_the_least_recently_shown_images_go() -> None:
    """No more bytes are held than the limit; what is needed now stays."""
    drawn = DrawnPages()
    page_bytes = len(image(1, 2000).data)
    held = MAX_BYTES // page_bytes
    for page in range(1, held + 1):
        drawn.next_wanted(needs(page, width=2000), [])
        drawn.arrived(image(page, 2000))
    assert drawn.image(1) is not None
    drawn.next_wanted(needs(held + 1, width=2000), [])
    drawn.arrived(image(held + 1, 2000))
    assert drawn.nbytes <= MAX_BYTES
    assert [page for page in range(1, held + 2) if drawn.image(page) is None] == [2]


def test_pages_ahead_do_not_drive_visible_ones_out() -> None:
    """Where the visible pages take all the room, none is drawn ahead, and the asking comes to an end."""
    drawn = DrawnPages()
    visible, near = [Need(1, 4000, 4000), Need(2, 4000, 4000)], [Need(3, 4000, 4000)]
    for wanted in drawn.next_wanted(visible, near):
        drawn.arrived(PageImage(wanted.page, 4000, 4000, 12_000, bytes(48_000_000)))
    assert drawn.next_wanted(visible, near) == []


def test_a_page_that_cannot_be_drawn() -> None:
    """It is asked for again only at half the width."""
    drawn = DrawnPages()
    drawn.next_wanted(needs(3, width=1000), [])
    drawn.failed(3, "it took too long")
    assert drawn.problem(3) == "it took too long"
    assert drawn.next_wanted(needs(3, width=800), []) == []
    (again,) = drawn.next_wanted(needs(3, width=500), [])
    drawn.arrived(answer(again))
    assert drawn.problem(3) == ""


def test_data_shorter_than_they_say() -> None:
    """Such an image is refused: to paint it would read beyond its end."""
    with pytest.raises(ValueError, match="page 1: 10 bytes for 10 rows of 30"):
        DrawnPages().arrived(PageImage(1, 10, 10, 30, bytes(10)))
