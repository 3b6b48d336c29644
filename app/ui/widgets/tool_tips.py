"""Tool tips of texts that come from files, models and messages."""

from __future__ import annotations

from html import escape

from PySide6.QtWidgets import QWidget


def tool_tip(text: str) -> str:
    """The text as a tool tip that shows it letter by letter, lines kept; '' for none.

    Qt takes what looks like HTML for HTML, and loads the files that it names.
    """
    lines = escape(text).replace("\n", "<br>")
    return f"<qt>{lines}</qt>" if text else ""


def set_tool_tip(widget: QWidget, text: str) -> None:
    """Show the text as a tool tip, and tell it to assistive technology, which would be told the tags."""
    widget.setToolTip(tool_tip(text))
    widget.setAccessibleDescription(text)
