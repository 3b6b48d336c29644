"""Page ranges as users write them."""

from __future__ import annotations

import pytest

from app.core.errors import UserError
from app.documents.limits import PageRange


@pytest.mark.parametrize(
    ("text", "first", "last", "again"),
    [("1-50", 1, 50, "1-50"), ("3", 3, 3, "3"), ("10-", 10, None, "10-"), (" 2 – 4 ", 2, 4, "2-4")],
)
def test_parse(text: str, first: int, last: int | None, again: str) -> None:
    """A range, a page and an open end."""
    assert PageRange.parse(text) == PageRange(first, last)
    assert str(PageRange.parse(text)) == again


@pytest.mark.parametrize("text", ["", "-5", "a", "5-2", "0", "0-3", "1-2-3", "1,2", "1.5"])
def test_parse_refuses(text: str) -> None:
    """Anything else is refused in one sentence that shows what was written."""
    with pytest.raises(UserError) as caught:
        PageRange.parse(text)
    assert caught.value.code == "pages" and f'"{text}"' in caught.value.message


def test_clip() -> None:
    """Only existing pages remain."""
    assert list(PageRange(2, 9).clip(3)) == [2, 3]
    assert list(PageRange(4).clip(3)) == []
