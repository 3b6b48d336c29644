"""What stands behind a line as rich text: the chips of its pages, or that nothing supports it."""

from __future__ import annotations

from html import escape

from PySide6.QtCore import QCoreApplication

from app.core.text import one_line
from app.tasks.model import Line
from app.ui.markdown import link, showable
from app.ui.theme import colours

TIP_CHARACTERS = 300
"""Of a quote that a chip's tip shows."""


def chip_html(address: str, text: str, quote: str, title: str = "") -> str:
    """A chip that is one word to the line breaker; the quote shows while the pointer is over it, under its title."""
    now = colours()
    # Where a chip's colour is the paper's own, as in high contrast, the line under it says that it is a link.
    line = "underline" if now.chip == now.base else "none"
    style = f"text-decoration:{line};background-color:{now.chip.name()};color:{now.chip_text.name()}"
    tip = "\n".join(part for part in (title, shortened(quote, TIP_CHARACTERS)) if part)
    return f"{link(address, title=showable(tip), style=style)}&nbsp;{unbroken(text)}&nbsp;</a>"


def shortened(text: str, characters: int) -> str:
    """At most so many characters, an ellipsis where some were left out."""
    return text if len(text) <= characters else text[: characters - 1].rstrip() + "…"


def doubt_text(line: Line) -> str:
    """Why an unsupported line is marked: what of it the text holds nowhere, where that is known."""
    text = QCoreApplication.translate("LineHtml", "not supported by the text")
    if line.unknown:
        nowhere = QCoreApplication.translate("LineHtml", "nowhere in it: {words}")
        text += "; " + nowhere.format(words=", ".join(map(one_line, line.unknown)))
    return text


def one_line_html(text: str) -> str:
    """A document's or a model's text on one line, none of it markup."""
    return escape(showable(one_line(text)))


def unbroken(text: str) -> str:
    """The same, never broken into two rows."""
    return one_line_html(text).replace(" ", "&nbsp;")
