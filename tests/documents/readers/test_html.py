"""HTML blocks."""

from __future__ import annotations

from app.documents.raw import Block, BlockKind
from app.documents.readers.html import decode_html, html_blocks

P, H, F = BlockKind.PARAGRAPH, BlockKind.HEADING, BlockKind.PREFORMATTED


def test_blocks() -> None:
    """Headings, paragraphs, lists, tables and code come in order; scripts, styles and navigation do not."""
    title, blocks = html_blocks(
        """<html><head><title> A  page </title><style>p {}</style></head><body><nav>Menu</nav>
        <h2 id="top">The <em>first</em> heading</h2><p>Some <a name="here">words</a>
        over two lines.<script>alert(1)</script></p>
        <ul><li>one</li><li><b>two</b></li></ul><ol><li>first<li>second</ol>
        <table><tr><th>A</th><th>B</th></tr><tr><td>1</td><td>2 <i>x</i></td></tr></table>
        <pre>  code
   more</pre><p hidden>gone</p><p>roses<br>are red</p>tail</body></html>"""
    )
    assert title == "A page"
    assert blocks == [
        Block(H, "The first heading", 2, ("top",)),
        Block(P, "Some words over two lines.", 0, ("here",)),
        Block(P, "• one"),
        Block(P, "• two"),
        Block(P, "1. first"),
        Block(P, "2. second"),
        Block(F, "A | B\n1 | 2 x"),
        Block(F, "  code\n   more"),
        Block(F, "roses\nare red"),
        Block(P, "tail"),
    ]


def test_layout_table_and_ruby() -> None:
    """A table that lays out prose is read as prose; readings above Japanese characters are left out."""
    prose = "word " * 100
    _, blocks = html_blocks(
        f"<table><tr><td><p>{prose}</p></td><td>side</td></tr></table><p><ruby>漢<rt>かん</rt></ruby>字</p>"
    )
    assert [block.text for block in blocks] == [prose.strip(), "side", "漢字"]


def test_formula_stays_in_its_sentence() -> None:
    """A formula is one piece of its paragraph, without the source kept beside it."""
    formula = (
        "<math><semantics><mrow><mi>x</mi><mo>=</mo><mn>1</mn></mrow><annotation>x=1</annotation></semantics></math>"
    )
    assert html_blocks(f"<p>We have {formula} here.</p>")[1] == [Block(P, "We have x=1 here.")]


def test_xhtml_self_closing() -> None:
    """An element that closes itself in XHTML does not swallow the page."""
    _, blocks = html_blocks(
        '<html><head><title/><script src="x"/></head><body><a id="a"/><p>Text<br/>more</p></body></html>', xml=True
    )
    assert blocks == [Block(F, "Text\nmore", 0, ("a",))]


def test_declared_encodings() -> None:
    """The declared encoding is used; a wrong one is found out."""
    greek = "Ελληνικά"
    assert greek in decode_html(f'<meta charset="iso-8859-7">{greek}'.encode("iso-8859-7"))
    assert greek in decode_html(f'<meta charset="ascii">{greek}'.encode())
    assert "“x”" in decode_html('<meta charset="iso-8859-1">“x”'.encode("cp1252"))


def test_deep_nesting() -> None:
    """Ten thousand nested elements do not exhaust the stack."""
    assert html_blocks("<div>" * 10_000 + "x")[1] == [Block(P, "x")]
