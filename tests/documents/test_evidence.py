"""Evidence knows its words, its pages and its section."""

from __future__ import annotations

from app.documents.evidence import Evidence
from tests.documents_for_tasks import make_document

PAGES = ["The Elbe floods.", "", "Dams hold water."]
DOCUMENT = make_document(PAGES, [("Floods", 17), ("Dams", 0)])


def evidence(text: str) -> Evidence:
    start = DOCUMENT.text.index(text)
    return Evidence(DOCUMENT, start, start + len(text), 0.5)


def test_text_pages_and_section() -> None:
    """Of a stretch on one page."""
    found = evidence("Dams hold")
    assert (found.text, found.page_from, found.page_to, found.section) == ("Dams hold", 3, 3, "Dams")


def test_a_stretch_over_pages() -> None:
    """It begins on one and ends on another; its section is where it begins."""
    found = evidence("floods.\n\nDams")
    assert (found.page_from, found.page_to, found.section) == (1, 3, "Floods")


def test_the_end_of_a_page() -> None:
    """The offset after the last character is no part of it, so the next page is not named."""
    found = evidence("The Elbe floods.\n")
    assert (found.page_from, found.page_to) == (1, 1)


def test_an_empty_stretch() -> None:
    """It begins and ends on the page it stands on."""
    found = Evidence(DOCUMENT, 18, 18, 0.0)
    assert (found.text, found.page_from, found.page_to, found.section) == ("", 3, 3, "Dams")


def test_without_sections() -> None:
    """No title."""
    bare = make_document(["Text."], [("", 0)])
    assert Evidence(bare, 0, 5, 1.0).section == ""
    empty = make_document([""], [("Title", 0)])
    assert Evidence(empty, 0, 0, 1.0).section == ""
