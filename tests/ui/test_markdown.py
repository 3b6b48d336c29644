"""Tests of Markdown for Qt: what becomes of each construct, and that hostile text does no harm."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QTextDocument, QTextTable
from PySide6.QtWidgets import QApplication

from app.ui import theme
from app.ui.markdown import MAX_CHARACTERS, plain_html, render, render_inline


def shown(html: str) -> QTextDocument:
    """The HTML as Qt understands it."""
    document = QTextDocument()
    document.setHtml(html)
    return document


def text_of(source: str) -> str:
    """What a reader sees of a Markdown text."""
    return shown(render(source).html).toPlainText()


def test_a_table_renders_as_a_table() -> None:
    """Rows and columns are Qt's own, with every cell's text."""
    document = shown(render("|Model|State|\n|:--|--:|\n|2B|16.4 MiB|\n|9B|25 MiB|").html)
    tables = [frame for frame in document.rootFrame().childFrames() if isinstance(frame, QTextTable)]
    assert len(tables) == 1
    cells = [[tables[0].cellAt(row, col).firstCursorPosition().block().text() for col in range(2)] for row in range(3)]
    assert cells == [["Model", "State"], ["2B", "16.4 MiB"], ["9B", "25 MiB"]]


def test_emphasis_lists_and_quotes_lose_their_marks() -> None:
    """Marks become formats; the words are all there."""
    assert text_of("# Title\n\n**a** *b* ~~c~~ `d`\n\n- one\n- two\n\n> said").split("\n") == [
        "Title",
        "a b c d",
        "one",
        "two",
        "said",
    ]


def test_code_blocks_are_kept_exactly_and_can_be_copied() -> None:
    """Each block is one of `codes`, in order, with its link; names are not guessed."""
    rendered = render("```python\nif a < b:\n    pass\n```\n\ntext\n\n```\nplain & simple\n```\n")
    assert rendered.codes == ("if a < b:\n    pass", "plain & simple")
    assert 'href="copy:0"' in rendered.html and 'href="copy:1"' in rendered.html
    text = shown(rendered.html).toPlainText()
    assert "python" in text and "Copy" in text and "if a < b:" in text and "plain & simple" in text


def test_no_markup_of_the_text_passes() -> None:
    """HTML in a text is shown as it was written."""
    source = 'a <b onclick="x()">b</b> <img src="file:///etc/passwd"> <script>x</script>'
    assert "<b onclick" not in render(source).html and "<img" not in render(source).html
    assert text_of(source) == source


def test_images_become_their_words() -> None:
    """No picture is fetched or drawn: its alternative text stands there."""
    html = render("before ![a picture](http://example.org/x.png) after").html
    assert "example.org" not in html and "<img" not in html
    assert shown(html).toPlainText() == "before a picture after"


@pytest.mark.parametrize(
    "address",
    ["javascript:alert(1)", "file:///etc/passwd", "copy:0", "cite:0:0", "data:text/html,x", "//host/x", "x.html"],
)
def test_other_links_are_words(address: str) -> None:
    """Only http, https and mailto are links; the program's own addresses cannot be forged."""
    html = render(f"[click]({address})").html
    assert "<a " not in html and "click" in html


@pytest.mark.parametrize("address", ["http://example.org/a?b=c&amp;d", "https://example.org", "mailto:a@example.org"])
def test_safe_links_are_links(address: str) -> None:
    """They keep their address, and show it as a tip."""
    html = render(f"[click]({address})").html
    assert f'<a href="{address}"' in html and f'title="{address}"' in html


def test_a_link_cannot_break_out_of_its_attribute() -> None:
    """Quotes in an address are written as entities."""
    html = render('[x](<http://a/" onmouseover="y>)').html
    assert '" onmouseover' not in html


@pytest.mark.parametrize(
    "source",
    [
        ">" * 100_000,
        "> " * 50_000,
        "[" * 100_000,
        "[" * 29_000,
        "![" * 14_000,
        "*a " * 9_000,
        "|a" * 14_000 + "\n" + "|-" * 14_000,
        "- " * 14_000,
        "`" * 29_000,
        "\n".join(" " * index + "- a" for index in range(200)),
        (">" * 150 + " a\n") * 150,
        "a\n" * 14_000,
        "<" * 29_000,
    ],
    ids=lambda source: f"{source[:6]!r}x{len(source)}",
)
def test_hostile_text_is_shown_as_it_is(source: str) -> None:
    """Where the parser's work would explode, or words would be lost, the text is shown plain."""
    assert render(source).html == plain_html(source)


def test_long_text_is_plain() -> None:
    """Beyond the limit no Markdown is read."""
    words = "**a** " * (MAX_CHARACTERS // 6 + 1)
    assert render(words).html == plain_html(words)
    assert render("**a** ").html != plain_html("**a** ")


def test_characters_that_qt_cannot_hold_are_replaced() -> None:
    """NUL, lone surrogates and Qt's own frame marks do not reach the document."""
    assert text_of("a\x00b\ud800c\ufdd0d\u2029e") == "a\ufffdb\ufffdc\ufffdd\ufffde"


def test_plain_text_keeps_lines_and_spaces() -> None:
    """As the user typed it."""
    assert shown(plain_html("a\n\n    b  c")).toPlainText() == "a\n\n    b  c"


def test_inline_markdown_has_no_blocks() -> None:
    """A sentence that looks like a heading or a list is none."""
    assert render_inline("# not *a* heading") == "# not <i>a</i> heading"
    assert render_inline("- <b>") == "- &lt;b&gt;"


def test_colours_are_those_in_force(qapp: QApplication) -> None:
    """The same text has other colours in the dark."""
    source = "[a](http://b) `c`\n\n```python\nimport os\n```"
    light = render(source).html
    theme.apply(qapp, theme.Scheme.DARK)
    dark = render(source).html
    assert theme.LIGHT.accent.name() in light and theme.DARK.accent.name() in dark
    assert theme.LIGHT.code.name() not in dark
    theme.apply(qapp, theme.Scheme.LIGHT)
    assert render(source).html == light
