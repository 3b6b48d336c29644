"""The Pages tab of a document that has only text."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QTextCursor
from PySide6.QtWidgets import QLineEdit
from pytestqt.qtbot import QtBot

from app.documents import outline
from app.documents.model import Document, Page, PageKind
from app.tasks.model import Citation
from app.ui.views.text_pages import TextPagesView
from app.ui.widgets.text_marks import Mark

BODY = "It was the best of times 😀, it was the worst of times. " * 20


def document(texts: list[str], marks: list[tuple[str, int]], first: int = 1) -> Document:
    """A document of parts, with sections that begin at document offsets."""
    pages = tuple(Page(number, text) for number, text in enumerate(texts, first))
    bare = Document("Two cities", "epub", "0" * 64, PageKind.PART, pages, ())
    sections = outline.sections_from_marks(
        [outline.Mark(title, 1, start) for title, start in marks], len(bare.text), bare.page_at
    )
    return Document("Two cities", "epub", "0" * 64, PageKind.PART, pages, sections)


@pytest.fixture
def view(qtbot: QtBot) -> TextPagesView:
    made = TextPagesView()
    qtbot.addWidget(made)
    made.resize(900, 600)
    made.show()
    qtbot.waitActive(made)
    made.open(document([f"Part {number}\n\n{BODY}" for number in range(1, 8)], [("A", 0), ("B", 600), ("C", 2500)]))
    return made


def field(view: TextPagesView, name: str) -> QLineEdit:
    return next(field for field in view.findChildren(QLineEdit) if field.accessibleName() == name)


def marked(view: TextPagesView, mark: Mark = Mark.QUOTE) -> list[str]:
    """The texts that are marked, as Qt has them."""
    cursor, texts = QTextCursor(view.text.document()), []
    for start, end in view.text.marked(mark):
        cursor.setPosition(start)
        cursor.setPosition(end, QTextCursor.MoveMode.KeepAnchor)
        texts.append(cursor.selectedText())
    return texts


def test_one_part_at_a_time(qtbot: QtBot, view: TextPagesView) -> None:
    """By the field, and by keys at the end of a part; a screen reader learns which."""
    number = field(view, "Page number")
    number.selectAll()
    qtbot.keyClicks(number, "5")
    qtbot.keyClick(number, Qt.Key.Key_Return)
    assert view.current_page == 5
    assert view.text.toPlainText().startswith("Part 5\n")
    assert view.text.accessibleDescription() == "part 5 of 7"
    view.text.verticalScrollBar().setValue(view.text.verticalScrollBar().maximum())
    qtbot.keyClick(view.text, Qt.Key.Key_PageDown)
    assert (view.current_page, number.text()) == (6, "6")
    view.text.verticalScrollBar().setValue(0)
    qtbot.keyClick(view.text, Qt.Key.Key_PageUp)
    assert view.current_page == 5


def test_a_citation_is_marked_exactly(view: TextPagesView) -> None:
    """Its place on its page, behind characters of two UTF-16 units; it is still there when one comes back."""
    text = f"Part 3\n\n{BODY}"
    start = text.index("worst of times", 700)
    view.show_citation(Citation(3, "worst of times", start, start + 14))
    assert (view.current_page, marked(view)) == (3, ["worst of times"])
    assert 0 <= view.text.cursorRect().top() < view.text.viewport().height() / 3
    view.go_to_page(4)
    assert marked(view) == []
    view.go_to_page(3)
    assert marked(view) == ["worst of times"]


def test_a_citation_without_a_place_is_read_out(view: TextPagesView) -> None:
    """As when the file has changed since."""
    view.show_citation(Citation(3, "Gone with the wind", 9_000, 9_018))
    assert view.current_page == 3
    assert view.frame.note.text.endswith("it reads: Gone with the wind")
    assert marked(view) == []


def test_the_outline_leads_into_the_page(qtbot: QtBot, view: TextPagesView) -> None:
    """To the section's own beginning."""
    view.frame.outline.chosen.emit(2)
    assert view.current_page == 3
    start = 2500 - sum(len(f"Part 1\n\n{BODY}") + 1 for _ in range(2))
    cursor = view.text.textCursor()
    shown = view.text.toPlainText().encode("utf-16-le")[: 2 * cursor.position()].decode("utf-16-le")
    assert len(shown) == start


def test_finding_in_the_whole_document(qtbot: QtBot, view: TextPagesView) -> None:
    """From the part that is shown on, round the end, by keyboard."""
    view.go_to_page(6)
    view.text.setFocus()
    qtbot.keyClick(view.text, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    bar = field(view, "Find in this document")
    qtbot.waitUntil(bar.hasFocus)
    qtbot.keyClicks(bar, "part")
    qtbot.keyClick(bar, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: bar.accessibleDescription() == "6 of 7")
    visited = []
    for _ in range(3):
        visited.append((view.current_page, bar.accessibleDescription(), marked(view, Mark.CURRENT)))
        qtbot.keyClick(bar, Qt.Key.Key_Return)
    assert visited == [(6, "6 of 7", ["Part"]), (7, "7 of 7", ["Part"]), (1, "1 of 7", ["Part"])]
    qtbot.keyClick(bar, Qt.Key.Key_Escape)
    assert marked(view, Mark.CURRENT) == [] and view.text.hasFocus()


def test_a_search_goes_one_page_a_turn_and_can_be_stopped(qtbot: QtBot, view: TextPagesView) -> None:
    """Nothing waits for a search of a large document."""
    view.open(document(["needle"] + ["hay"] * 3_000 + ["needle"], [("A", 0)]))
    view.frame.find_bar.open()
    bar = field(view, "Find in this document")
    bar.setText("needle")
    qtbot.keyClick(bar, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: bar.accessibleDescription() == "1 of 1 so far")
    qtbot.keyClick(bar, Qt.Key.Key_Escape)
    assert not view._walk.isActive()
    view.frame.find_bar.open()
    qtbot.waitUntil(lambda: bar.accessibleDescription() == "1 of 2")


def test_no_more_than_500_places(qtbot: QtBot, view: TextPagesView) -> None:
    """And the bar says that there are more."""
    view.open(document(["the " * 300] * 4, [("A", 0)]))
    view.frame.find_bar.open()
    bar = field(view, "Find in this document")
    bar.setText("the")
    qtbot.keyClick(bar, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: bar.accessibleDescription() == "1 of the first 500")


def test_pages_keep_their_numbers(view: TextPagesView) -> None:
    """Where only pages 10 to 12 were read the first is 10; for others the nearest is shown."""
    view.open(document(["a", "b", "c"], [("A", 0)], first=10))
    shown = [view.current_page]
    for number in (11, 1, 99):
        view.go_to_page(number)
        shown.append(view.current_page)
    assert shown == [10, 11, 10, 12]


def test_a_page_without_text_says_so(view: TextPagesView) -> None:
    """With the reason where it is known."""
    pages = (Page(1, "\n", "no text: a picture"), Page(2, ""))
    view.open(Document("T", "html", "0" * 64, PageKind.PAGE, pages, ()))
    shown = [view.text.placeholderText()]
    view.go_to_page(2)
    shown.append(view.text.placeholderText())
    assert shown == ["No text: a picture", "There is no text on this page."]
    assert view.text.toPlainText() == ""


def test_larger_text(qtbot: QtBot, view: TextPagesView) -> None:
    """Ctrl with plus and minus, and 0 for the usual size."""
    usual = view.text.font().pointSizeF()
    qtbot.keyClick(view.text, Qt.Key.Key_Plus, Qt.KeyboardModifier.ControlModifier)
    assert view.text.font().pointSizeF() == pytest.approx(usual * 1.25)
    qtbot.keyClick(view.text, Qt.Key.Key_0, Qt.KeyboardModifier.ControlModifier)
    assert view.text.font().pointSizeF() == pytest.approx(usual)
