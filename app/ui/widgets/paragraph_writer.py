"""Puts paragraphs at the end of a document of rich text."""

from __future__ import annotations

from PySide6.QtGui import QFont, QFontMetricsF, QTextBlockFormat, QTextCharFormat, QTextCursor

from app.ui.widgets.summary_html import BULLET, Paragraph, ParagraphKind

LINE_HEIGHT_PERCENT = 128


def append_paragraph(cursor: QTextCursor, paragraph: Paragraph, font: QFont) -> None:
    """Add a paragraph where the cursor is, at the end of its document; distances are those of text in this font."""
    if not cursor.document().isEmpty():
        cursor.insertBlock(QTextBlockFormat(), QTextCharFormat())
    cursor.insertHtml(paragraph.html)
    # After its text: in an empty document HTML brings the format of its own block.
    cursor.setBlockFormat(_format(paragraph.kind, QFontMetricsF(font)))


def _format(kind: ParagraphKind, metrics: QFontMetricsF) -> QTextBlockFormat:
    block = QTextBlockFormat()
    block.setLineHeight(LINE_HEIGHT_PERCENT, QTextBlockFormat.LineHeightTypes.ProportionalHeight.value)
    block.setBottomMargin(metrics.height() * 0.3)
    if kind is ParagraphKind.HEADING:
        block.setTopMargin(metrics.height())
        block.setHeadingLevel(2)
    elif kind is ParagraphKind.BULLETED:
        indent = metrics.horizontalAdvance(BULLET)
        block.setLeftMargin(indent)
        block.setTextIndent(-indent)
    return block
