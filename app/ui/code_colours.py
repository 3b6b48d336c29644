"""Code with its syntax in colour, for light and dark grounds."""

from __future__ import annotations

from functools import lru_cache
from html import escape
from typing import TYPE_CHECKING

from app.ui.theme import colours

if TYPE_CHECKING:
    from pygments.lexer import Lexer  # type: ignore[import-untyped]

MAX_CHARACTERS = 10_000
"""Longer code is left plain: it would take longer than a frame."""
MAX_LINE = 1_000
_LIGHT_STYLE, _DARK_STYLE = "xcode", "github-dark"


def coloured(code: str, language: str) -> str:
    """HTML of code; plain where the language is unknown, never guessed."""
    too_long = len(code) > MAX_CHARACTERS or max(map(len, code.split("\n"))) > MAX_LINE
    if too_long or not language:
        return escape(code)
    return _coloured(code, language.lower(), colours().base.lightness() < 128)


@lru_cache(maxsize=128)
def _coloured(code: str, language: str, dark: bool) -> str:
    # Here, not above: the window starts without Pygments.
    from pygments.styles import get_style_by_name  # type: ignore[import-untyped]

    lexer = _lexer(language)
    if lexer is None:
        return escape(code)
    palette = get_style_by_name(_DARK_STYLE if dark else _LIGHT_STYLE)
    parts = []
    for kind, value in lexer.get_tokens(code):
        look = palette.style_for_token(kind)
        style = f"color:#{look['color']};" if look["color"] else ""
        style += "font-weight:bold;" if look["bold"] else ""
        style += "font-style:italic;" if look["italic"] else ""
        parts.append(f'<span style="{style}">{escape(value)}</span>' if style and value.strip() else escape(value))
    return "".join(parts)


@lru_cache(maxsize=32)
def _lexer(language: str) -> Lexer | None:
    # By hand: Pygments' own look-up searches every installed package when it does not know a name.
    from pygments.lexers import find_lexer_class, get_all_lexers  # type: ignore[import-untyped]

    for name, aliases, _, _ in get_all_lexers(plugins=False):
        if language in aliases:
            found = find_lexer_class(name)
            return None if found is None else found(stripnl=False, ensurenl=False)
    return None
