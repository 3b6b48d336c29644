"""Markdown blocks."""

from __future__ import annotations

from app.documents.raw import Block, BlockKind
from app.documents.readers.markdown import markdown_blocks

P, H, F = BlockKind.PARAGRAPH, BlockKind.HEADING, BlockKind.PREFORMATTED


def test_blocks() -> None:
    """Markup comes off, headings have levels, code and tables keep their lines."""
    title, blocks = markdown_blocks(
        '---\ntitle: "My notes"\n---\n# One *two*\n\nA [link](http://x) and `code`\nagain.\n\n- a\n- b\n\n'
        "3. c\n4. d\n\n"
        "```python\nif x:\n    y\n```\n\n| A | B |\n|---|---|\n| 1 | 2 |\n\n<div><b>bold</b></div>\n"
    )
    assert title == "My notes"
    assert blocks == [
        Block(H, "One two", 1),
        Block(P, "A link and code\nagain."),
        Block(P, "• a"),
        Block(P, "• b"),
        Block(P, "3. c"),
        Block(P, "4. d"),
        Block(F, "if x:\n    y\n"),
        Block(F, "A | B\n1 | 2"),
        Block(P, "bold"),
    ]
