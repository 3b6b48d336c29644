"""Markdown in the HTML that Qt's rich text knows, in the theme's colours. The text is hostile and not trusted."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from html import escape

from markdown_it import MarkdownIt
from markdown_it.token import Token
from PySide6.QtCore import QCoreApplication

from app.ui.code_colours import coloured
from app.ui.theme import Colours, colours

MAX_CHARACTERS = 30_000
MAX_LINES = 2_000
MAX_COLUMNS = 50
MAX_NESTING = 20
MAX_MARK_SQUARES = 4_000_000
"""Of each paragraph's brackets and marks of emphasis: the parser's work grows with their square.

A text beyond any of these is shown as plain text: it would hold the window up, or lose words.
"""

_SAFE_LINK = re.compile(r"(?:https?://|mailto:)[^\s]", re.IGNORECASE)
_PARAGRAPHS = re.compile(r"\n[ \t]*\n")
_MARKS = "[]*_~`<!\\"
_DEEP = re.compile(r"^[ \t>*+-]{100}", re.MULTILINE)
# Qt keeps frames and tables apart by U+FDD0 and its neighbours; NUL and lone surrogates end texts early.
_UNSHOWABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff\u2028\u2029]")
_HEADING_SIZES = {"h1": "x-large", "h2": "large"}
_TAGS = {"strong": "b", "em": "i", "s": "s"}


@dataclass(frozen=True, slots=True)
class Rendered:
    """HTML, and the code blocks that its links `copy:N` mean."""

    html: str
    codes: tuple[str, ...] = ()


def render(text: str) -> Rendered:
    """A whole text; links are http, https and mailto, or `copy:N`."""
    text = showable(text)
    if _is_hostile(text):
        return Rendered(plain_html(text))
    tokens = _parser().parse(text)
    # The parser leaves out what is nested deeper.
    if max((token.level for token in tokens), default=0) >= MAX_NESTING - 1:
        return Rendered(plain_html(text))
    writer = _Writer(colours())
    writer.blocks(tokens)
    return Rendered("".join(writer.parts), tuple(writer.codes))


def render_inline(text: str) -> str:
    """One sentence: emphasis, code and links only."""
    text = showable(text)
    if _is_hostile(text):
        return escape(text)
    writer = _Writer(colours())
    for token in _parser().parseInline(text):
        writer.inline(token.children or ())
    return "".join(writer.parts)


def plain_html(text: str) -> str:
    """Text as it stands, with its line breaks and spaces."""
    return f'<p style="margin:0; white-space:pre-wrap">{escape(showable(text)).replace(chr(10), "<br>")}</p>'


def showable(text: str) -> str:
    """Text without the characters that Qt's rich text cannot hold."""
    return _UNSHOWABLE.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))


def _is_hostile(text: str) -> bool:
    if len(text) > MAX_CHARACTERS or text.count("\n") > MAX_LINES or _DEEP.search(text):
        return True
    if any(line.count("|") > MAX_COLUMNS for line in text.split("\n")):
        return True
    return sum(sum(map(part.count, _MARKS)) ** 2 for part in _PARAGRAPHS.split(text)) > MAX_MARK_SQUARES


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "linkify": False, "maxNesting": MAX_NESTING})
    parser.enable(["table", "strikethrough"])
    # What may be a link is decided when it is written; a parser that refuses one would leave its markup as text.
    parser.validateLink = lambda url: True  # type: ignore[method-assign]
    return parser


class _Writer:
    """Tokens -> HTML."""

    def __init__(self, look: Colours) -> None:
        self.parts: list[str] = []
        self.codes: list[str] = []
        self._look = look
        self._tight = [False]
        self._open_links: list[bool] = []
        self._inline: dict[str, Callable[[Token], str]] = {
            "text": lambda token: escape(token.content),
            "softbreak": lambda token: "\n",
            "hardbreak": lambda token: "<br>",
            "image": lambda token: escape(token.content),
            "code_inline": self._code_inline,
            "link_open": self._link_open,
            "link_close": lambda token: "</a>" if self._open_links.pop() else "",
        }

    def blocks(self, tokens: Sequence[Token]) -> None:
        """Append blocks."""
        for token in tokens:
            if token.type == "inline":
                self.inline(token.children or ())
            elif token.type in ("fence", "code_block"):
                self._code_block(token)
            elif token.nesting == 1:
                self.parts.append(self._opening(token))
            elif token.nesting == -1:
                self.parts.append(self._closing(token))
            elif token.type == "hr":
                self.parts.append(f'<hr style="background-color:{self._look.border.name()}">')

    def inline(self, tokens: Sequence[Token]) -> None:
        """Append what a paragraph holds."""
        for token in tokens:
            written = self._inline.get(token.type)
            if written is not None:
                self.parts.append(written(token))
            elif token.tag in _TAGS:
                self.parts.append(f"<{'/' if token.nesting < 0 else ''}{_TAGS[token.tag]}>")
            else:
                self.parts.append(escape(token.content))

    def _opening(self, token: Token) -> str:
        tag = token.tag
        if tag == "p":
            # A paragraph of a tight list is hidden: its text stands in the item itself.
            return "" if token.hidden else '<p style="margin:0 0 8px 0">'
        if tag in ("h1", "h2", "h3", "h4", "h5", "h6"):
            size = _HEADING_SIZES.get(tag, "medium")
            return f'<p style="margin:8px 0 4px 0; font-weight:600; font-size:{size}">'
        if tag == "blockquote":
            return f'<blockquote style="margin:0 0 8px 16px; color:{self._look.muted.name()}">'
        if tag == "ol":
            return f'<ol style="margin:0 0 8px 0" start="{int(token.attrs.get("start", 1))}">'
        if tag == "ul":
            return '<ul style="margin:0 0 8px 0">'
        if tag == "li":
            return '<li style="margin:0 0 2px 0">'
        if tag == "table":
            return (
                '<table cellspacing="0" cellpadding="4" border="1" style="margin:4px 0 12px 0; border-style:solid; '
                f'border-collapse:collapse; border-color:{self._look.border.name()}">'
            )
        if tag in ("th", "td"):
            align = re.search(r"left|center|right", str(token.attrs.get("style", "")))
            ground = f' bgcolor="{self._look.code.name()}"' if tag == "th" else ""
            return f'<{tag} align="{align[0] if align else "left"}"{ground}>'
        return f"<{tag}>" if tag == "tr" else ""

    def _closing(self, token: Token) -> str:
        tag = token.tag
        if tag == "p":
            return "" if token.hidden else "</p>"
        if tag.startswith("h") and tag[1:].isdigit():
            return "</p>"
        return f"</{tag}>" if tag in ("blockquote", "ol", "ul", "li", "table", "th", "td", "tr") else ""

    def _code_inline(self, token: Token) -> str:
        ground = self._look.code.name()
        return f'<code style="background-color:{ground}; white-space:pre-wrap">{escape(token.content)}</code>'

    def _link_open(self, token: Token) -> str:
        address = str(token.attrs.get("href", ""))
        safe = _SAFE_LINK.match(address) is not None
        self._open_links.append(safe)
        return link(address, title=address) if safe else ""

    def _code_block(self, token: Token) -> None:
        language = (token.info or "").split()[0][:40] if (token.info or "").strip() else ""
        code = token.content.removesuffix("\n")
        copy = QCoreApplication.translate("Markdown", "Copy")
        ground, muted = self._look.code.name(), self._look.muted.name()
        name = escape(language) or QCoreApplication.translate("Markdown", "Code")
        words = coloured(code, language)
        self.parts.append(
            f'<table width="100%" cellspacing="0" cellpadding="6" bgcolor="{ground}" style="margin:8px 0 12px 0"><tr>'
            f'<td><span style="color:{muted}">{name}</span></td>'
            f'<td align="right">{link(f"copy:{len(self.codes)}")}{copy}</a></td></tr>'
            f'<tr><td colspan="2"><pre style="margin:0; white-space:pre-wrap">{words}</pre></td></tr>'
            "</table>"
        )
        self.codes.append(code)


def link(address: str, *, title: str = "", style: str = "") -> str:
    """The opening of a link in the theme's colour, or in a style of its own."""
    style = style or f"color:{colours().accent.name()}; text-decoration:underline"
    tip = f' title="{escape(title)}"' if title else ""
    return f'<a href="{escape(address)}"{tip} style="{style}">'
