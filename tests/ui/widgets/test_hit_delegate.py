"""Excerpts of hits as they are laid out."""

from __future__ import annotations

from PySide6.QtGui import QFont, QFontMetrics
from PySide6.QtWidgets import QApplication

from app.ui.models.hits import parted
from app.ui.widgets.hit_delegate import EXCERPT_LINES, HitDelegate


def test_matches_are_bold(qapp: QApplication) -> None:
    """The words that were found, and no others, also behind letters that count twice in Qt."""
    layout = HitDelegate()._layout(parted("𐍈𐍉 the \x02treaty\x03 of Riga"), qapp.font(), 400)
    (match,) = layout.formats()
    assert (match.start, match.length) == (9, 6)
    assert match.format.fontWeight() == QFont.Weight.Bold


def test_an_excerpt_has_two_lines_at_most(qapp: QApplication) -> None:
    """What does not fit is cut with an ellipsis, at a word if there are any."""
    metrics = QFontMetrics(qapp.font())
    for text in ("some words of a long excerpt " * 8, "我看北京的河" * 40):
        layout = HitDelegate()._layout((text.strip(), ()), qapp.font(), 200)
        assert layout.lineCount() == EXCERPT_LINES
        assert layout.text().endswith("…")
        assert layout.lineAt(1).naturalTextWidth() <= 200
        assert layout.lineAt(1).textStart() + layout.lineAt(1).textLength() == len(layout.text())
        assert layout.lineAt(1).position().y() == metrics.lineSpacing()


def test_layouts_are_kept(qapp: QApplication) -> None:
    """A row that is painted again is not laid out again."""
    delegate = HitDelegate()
    first = delegate._layout(("text", ()), qapp.font(), 200)
    assert delegate._layout(("text", ()), qapp.font(), 200) is first
    assert delegate._layout(("text", ()), qapp.font(), 100) is not first
