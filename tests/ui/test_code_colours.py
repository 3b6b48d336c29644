"""Tests of coloured code."""

from __future__ import annotations

import re
from html import unescape

from app.ui.code_colours import MAX_CHARACTERS, coloured

CODE = 'def f(x):\n    return x < 1 and "a&b"\n'


def stripped(html: str) -> str:
    """The code inside."""
    return unescape(re.sub(r"<[^>]*>", "", html))


def test_known_languages_are_coloured_and_unchanged() -> None:
    """Colours are added, not a character is changed."""
    html = coloured(CODE, "Python")
    assert "color:#" in html and stripped(html) == CODE


def test_unknown_languages_are_plain() -> None:
    """Nothing is guessed."""
    for language in ("", "no-such-language", "../x"):
        html = coloured(CODE, language)
        assert "<span" not in html and stripped(html) == CODE


def test_long_code_is_plain() -> None:
    """Colouring it would take longer than a frame."""
    assert "<span" not in coloured("x = 1\n" * (MAX_CHARACTERS // 6 + 1), "python")
    assert "<span" not in coloured("x = 1; " * 200, "python")
