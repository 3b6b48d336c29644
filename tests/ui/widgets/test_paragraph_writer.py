from __future__ import annotations

import pytest
from PySide6.QtGui import QFont, QFontMetricsF, QTextBlock, QTextCursor, QTextDocument
from PySide6.QtWidgets import QApplication

from app.ui.widgets.paragraph_writer import append_paragraph
from app.ui.widgets.summary_html import BULLET, Paragraph, ParagraphKind

HEADING = Paragraph(ParagraphKind.HEADING, "<b>Rivers</b>")
BULLETED = Paragraph(ParagraphKind.BULLETED, f"{BULLET}Dams.")
PLAIN = Paragraph(ParagraphKind.PLAIN, "Text.")


def blocks(*paragraphs: Paragraph) -> list[QTextBlock]:
    """What a document of these consists of."""
    document = QTextDocument(QApplication.instance())
    cursor = QTextCursor(document)
    for paragraph in paragraphs:
        append_paragraph(cursor, paragraph, QFont())
    return [document.findBlockByNumber(number) for number in range(document.blockCount())]


def test_each_is_one_block(qapp: QApplication) -> None:
    """In order, and no bold text runs on into the next."""
    made = blocks(HEADING, BULLETED, PLAIN)
    assert [block.text() for block in made] == ["Rivers", f"{BULLET}Dams.", "Text."]
    assert [block.begin().fragment().charFormat().fontWeight() > 400 for block in made] == [True, False, False]


@pytest.mark.parametrize("paragraph", [HEADING, BULLETED, PLAIN])
def test_first_block_is_set_like_the_others(qapp: QApplication, paragraph: Paragraph) -> None:
    """An empty document takes formats in its own way."""
    first, _, third = blocks(paragraph, PLAIN, paragraph)
    assert first.blockFormat() == third.blockFormat()


def test_second_row_begins_under_the_text(qapp: QApplication) -> None:
    """The bullet hangs out by its own width."""
    (block,) = blocks(BULLETED)
    indent = QFontMetricsF(QFont()).horizontalAdvance(BULLET)
    assert (block.blockFormat().leftMargin(), block.blockFormat().textIndent()) == (indent, -indent)
    assert blocks(HEADING)[0].blockFormat().headingLevel() == 2
