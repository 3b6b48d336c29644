from __future__ import annotations

from html import unescape

import pytest
from PySide6.QtGui import QTextDocument
from PySide6.QtWidgets import QApplication

from app.tasks.model import Line
from app.ui import theme
from app.ui.widgets.line_html import TIP_CHARACTERS, chip_html, doubt_text, one_line_html, unbroken
from tests.ui.widgets.summary_lines import MEDAL


def test_text_of_a_document_is_no_markup() -> None:
    """It comes out of rich text as it went in, on one line."""
    document = QTextDocument()
    document.setHtml(one_line_html("1 < 2 & <img src='x'>\n\x1b[2J  \ufdd0end"))
    assert document.toPlainText() == "1 < 2 & <img src='x'> [2J �end"
    assert unbroken("p. <5>") == "p.&nbsp;&lt;5&gt;"


def test_chip_is_a_link_with_the_quote() -> None:
    """The quote shows under the pointer, cut where it is long, and cannot leave its attribute."""
    html = chip_html("cite:3", "p. 57", 'a "quote" > ' + "x" * 999)
    assert html.startswith('<a href="cite:3" title="a &quot;quote&quot; &gt; xxx')
    assert len(unescape(html.split('title="')[1].split('"')[0])) == TIP_CHARACTERS
    assert "&nbsp;p.&nbsp;57&nbsp;</a>" in html


@pytest.mark.parametrize(("scheme", "line"), [(theme.Scheme.LIGHT, "none"), (theme.Scheme.HIGH_CONTRAST, "underline")])
def test_chip_without_a_ground_is_underlined(qapp: QApplication, scheme: theme.Scheme, line: str) -> None:
    """It is a link by more than its colour in every theme."""
    theme.apply(qapp, scheme)
    assert f"text-decoration:{line};" in chip_html("cite:0", "p. 1", "")


def test_doubt_names_what_the_text_lacks() -> None:
    """Where it is known."""
    assert doubt_text(MEDAL) == "not supported by the text; nowhere in it: Halvorsen, a medal"
    assert doubt_text(Line("x", False)) == "not supported by the text"
