"""Running headers and footers."""

from __future__ import annotations

from app.documents.raw import Line, RawPage
from app.documents.running import drop_running_lines


def line(text: str, top: float, *, size: float = 10.0) -> Line:
    return Line(text, 50.0, top, 300.0, top + size, size, False, False, 0)


def page(number: int, header: str, footer: str, body: str) -> RawPage:
    return RawPage(
        number, lines=(line(header, 30), line(body, 60), line(f"more {body}", 72), line(footer, 750)), height=792
    )


def texts(pages: list[RawPage]) -> list[list[str]]:
    return [[item.text for item in lines] for lines in drop_running_lines(pages)]


def test_alternating_headers_and_page_numbers() -> None:
    """Left and right headers and bare page numbers go, the text stays."""
    pages = [page(n, "A BOOK" if n % 2 else "Its Author", str(n), f"text {chr(96 + n)}") for n in range(1, 8)]
    assert texts(pages) == [[f"text {chr(96 + n)}", f"more text {chr(96 + n)}"] for n in range(1, 8)]


def test_page_number_beside_changing_words() -> None:
    """A header whose words change but whose number is the page's goes too."""
    words = ["apple", "bear", "cedar", "dog", "elm", "fox"]
    pages = [page(n, f"{words[n - 1]} {n + 10}", "", f"text {words[n - 1]}") for n in range(1, 7)]
    assert texts(pages)[2] == ["text cedar", "more text cedar"]


def test_table_head_stays() -> None:
    """A repeated line that stands on the text without a gap is the head of a table."""
    pages = [
        RawPage(n, lines=(line("Name Price", 50), line(f"row {chr(96 + n)}", 61), line("x", 72))) for n in range(1, 6)
    ]
    assert texts(pages)[1] == ["Name Price", "row b", "x"]


def test_repeating_slides_stay() -> None:
    """Where nothing but the repeated line stands on a page, it is the text."""
    pages = [RawPage(n, lines=(line(f"Label {n}", 50),)) for n in range(1, 6)]
    assert texts(pages)[0] == ["Label 1"]
