"""A turn's words as HTML: plain for the user's, Markdown for the model's, page chips after each line of an answer."""

from __future__ import annotations

from html import escape

from PySide6.QtCore import QCoreApplication

from app.tasks.model import Citation, Line
from app.ui.markdown import MAX_CHARACTERS, Rendered, link, plain_html, render, render_inline, showable
from app.ui.theme import colours
from app.ui.widgets.line_html import chip_html, shortened
from app.ui.widgets.shown_turn import ShownTurn

CUT_CHARACTERS = 8_000
"""Plain text beyond this is shown when it is asked for."""
MORE = "more:"
"""Address of the link that shows more of a cut text."""
_TITLE_CHARACTERS = 32


def turn_html(turn: ShownTurn, limit: int = CUT_CHARACTERS) -> Rendered:
    """The body of a turn; links are `cite:LINE:CITATION`, `copy:N`, `more:` and addresses.

    limit: characters of plain text that are shown.
    """
    if turn.by_user:
        return Rendered(_cut(turn.text, limit))
    if turn.lines:
        return Rendered("".join(_line(turn, index) for index in range(len(turn.lines))))
    if len(turn.text) > MAX_CHARACTERS:
        return Rendered(_cut(turn.text, limit))
    return render(turn.text)


def cited(turn: ShownTurn, address: str) -> Citation | None:
    """The citation that a link `cite:LINE:CITATION` means."""
    parts = address.split(":")
    if parts[0] != "cite" or len(parts) != 3 or not all(part.isdecimal() for part in parts[1:]):
        return None
    line, citation = int(parts[1]), int(parts[2])
    found = turn.lines[line : line + 1]
    return found[0].citations[citation] if found and citation < len(found[0].citations) else None


def _cut(text: str, limit: int) -> str:
    if len(text) <= limit:
        return plain_html(text)
    more = QCoreApplication.translate("TurnHtml", "Show more")
    return f'{plain_html(text[:limit] + "…")}<p style="margin:8px 0 0 0">{link(MORE)}{more}</a></p>'


def _line(turn: ShownTurn, index: int) -> str:
    line = turn.lines[index]
    words = escape(showable(line.text)) if _is_quoted(line) else render_inline(line.text)
    chips = "".join(f" {chip}" for chip in _chips(turn, index))
    if line.supported:
        return f'<p style="margin:0 0 8px 0">{words}{chips}</p>'
    colour = colours().unsupported.name()
    return f'<p style="margin:0 0 8px 0"><span style="color:{colour}">{words}</span>{chips} {_doubt(line)}</p>'


def _is_quoted(line: Line) -> bool:
    """Whether the line is the document's own text, in which a star is a star."""
    return " ".join(part.quote for part in line.citations).split() == line.text.split()


def _doubt(line: Line) -> str:
    text = QCoreApplication.translate("TurnHtml", "not supported by the text")
    if line.unknown:
        words = ", ".join(line.unknown)
        text = QCoreApplication.translate("TurnHtml", "not supported by the text, which lacks {words}").format(
            words=words
        )
    return f'<span style="color:{colours().unsupported.name()}; font-style:italic">— {escape(showable(text))}</span>'


def _chips(turn: ShownTurn, index: int) -> list[str]:
    chips = []
    named = ""
    for number, citation in enumerate(turn.lines[index].citations):
        title = showable(turn.titles.get(citation.document_id, "")) if len(turn.titles) > 1 else ""
        page = f"{turn.page_mark} {citation.page}" if turn.page_mark else str(citation.page)
        # The document is named once; its other pages follow.
        text = f"{shortened(title, _TITLE_CHARACTERS)}, {page}" if title and title != named else page
        named = title
        chips.append(chip_html(f"cite:{index}:{number}", text, citation.quote, title))
    return chips
