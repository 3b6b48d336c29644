"""Texts that are hostile by their shape: what regular expressions and normalisation may take for ever over."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from tests.torture.hostile_case import Case, case

PROSE = "The ferry leaves the island at seven in the morning. "
Shape = Callable[[int], str]
"""About so many characters of it."""


def _of(unit: str, before: str = "", after: str = "") -> Shape:
    return lambda size: before + unit * max(1, size // len(unit)) + after


PLAIN: Mapping[str, Shape] = {
    "spaces": _of(" ", "a", "b"),
    "tabs": _of("\t", "a", "b"),
    "hard spaces": _of("\u00a0", "a", "b"),
    "line breaks": _of("\n", "a", "b"),
    "line breaks and spaces": _of("\n ", "a", "b"),
    "lines of spaces": _of("\n" + " " * 1000 + "x"),
    "carriage returns": _of("\r", "a", "b"),
    "form feeds": _of("a\f"),
    "line separators": _of("a\u2028"),
    "one letter": _of("a"),
    "one capital": _of("A"),
    "one digit": _of("7"),
    "lines of one digit": _of("1\n"),
    "words": _of("word "),
    "sentences": _of(PROSE),
    "verse": _of("the cat sat on the mat and looked at me\n"),
    "paragraphs of a letter": _of("a\n\n"),
    "paragraphs of a letter in one page": _of("a\n\n", after="\fb"),
    "broken words": _of("a-\n"),
    "long broken words": _of("a" * 500 + "-\n"),
    "hyphens in a word": _of("ab-"),
    "apostrophes": _of("a'"),
    "dots": _of("."),
    "dots and spaces": _of(". "),
    "spaces and dots": _of(" ."),
    "ellipses": _of("…"),
    "letters and dots": _of("a."),
    "letters, dots, spaces": _of("a. "),
    "initials": _of("A."),
    "Roman numbers": _of("I.V."),
    "exclamations": _of("!"),
    "speech": _of('!")'),
    "closing brackets": _of(")", "."),
    "stops in brackets": _of(".)"),
    "opening brackets": _of("("),
    "reference marks": _of(".[1"),
    "one reference mark": _of("1,", ".["),
    "quotation marks": _of('"'),
    "dashes": _of("–"),
    "hyphens": _of("-"),
    "underlines": _of("_"),
    "stars": _of("*"),
    "addresses": _of("http://"),
    "lines of addresses": _of("http://a/\n"),
    "www": _of("www."),
    "bullets": _of("• "),
    "items": _of("• a\n"),
    "numbered items": _of("1. \n"),
    "numbers and commas": _of("1,"),
    "numbers and dots": _of("1."),
    "thousands": _of("1,000,"),
    "numbers in words": _of("ten thousand million "),
    "chapters": _of("chapter "),
    "contents": _of("Chapter 1 ........ 12\n"),
    "accents": _of("\u0301", "a"),
    "accents out of order": _of("\u0301\u0323", "a"),
    "accents of many classes": _of("\u0315\u0300\u05ae\u0301", "a"),
    "turned directions": _of("\u202e", after="abc"),
    "zero widths": _of("\u200b", "a", "b"),
    "terminal sequences": _of("\x1b[31m", after="a"),
    "ligatures": _of("ﬃ"),
    "phrases in one sign": _of("ﷺ "),
    "Chinese": _of("漢"),
    "Chinese full stops": _of("。"),
    "Chinese speech": _of("漢。」"),
    "Korean": _of("가"),
    "Thai": _of("ก"),
    "Devanagari": _of("क्"),
    "letters beyond 16 bits": _of("\U0001d400"),
    "characters that are none": _of("\ufdd0\uffff\U0001fffe"),
    "turns of a model": _of("<end_of_turn>\n<start_of_turn>user\n"),
}

MARKDOWN: Mapping[str, Shape] = {
    "headings": _of("# A\n\n"),
    "headings of 200 dots": _of("# " + "." * 200 + "\n\nA text.\n\n"),
    "nested quotes": _of("> "),
    "quotes in a row": _of(">"),
    "quoted lines": _of("> a\n"),
    "nested lists": lambda size: "".join("  " * level + "- a\n" for level in range(int(size**0.5))),
    "lists in lists": _of("- "),
    "lists in quotes": _of("> - "),
    "items": _of("- a\n"),
    "brackets": _of("["),
    "links in links": _of("[a]("),
    "pictures in pictures": _of("!["),
    "closed brackets": lambda size: "[" * (size // 2) + "a" + "]" * (size // 2),
    "emphasis": _of("*a _b "),
    "ends of emphasis": _of("c* ", "a**b"),
    "backticks": _of("`"),
    "backticks of every length": lambda size: "".join("e" + "`" * n for n in range(int((2 * size) ** 0.5))),
    "fences": _of("```\n"),
    "tildes": _of("~~a "),
    "comments": _of("<!--"),
    "instructions": _of("<?"),
    "character data": _of("<![CDATA["),
    "tags": _of("<a "),
    "blocks of HTML": _of("<div>\n\n"),
    "definitions": lambda size: "".join(f"[a{n}]: b\n" for n in range(size // 10)),
    "uses of a long definition": lambda size: "[a]: " + "b" * (size // 4) + "\n\n" + "[a] " * (size // 5),
    "a wide table": lambda size: "|a" * (size // 8) + "|\n" + "|-" * (size // 8) + "|\n" + "|\n" * (size // 2),
    "a long table": _of("|a|b|\n", "|a|b|\n|-|-|\n"),
    "backslashes": _of("\\"),
    "entities": _of("&amp;"),
    "an endless heading": _of("a\n", after="==="),
    "an endless preface": _of("a\n", "---\n"),
}

HTML: Mapping[str, Shape] = {
    "<div>": _of("<div>", after="a"),
    "<b>": _of("<b>", after="a"),
    "<b><p>": _of("<b><p>", after="a"),
    "<a>": _of("<a>", after="a"),
    "fonts": _of("<p><font size=1>"),
    "tables in tables": _of("<table><tr><td>", after="a"),
    "text astray in tables": _of("<table>a"),
    "rows": _of("<tr><td>a", "<table>"),
    "many tables": _of("<table><tr><td>a</table>"),
    "lists": _of("<ul><li>", after="a"),
    "items": _of("<li>a", "<ol>"),
    "choices": _of("<option>a", "<select>"),
    "formulas": _of("<math>a</math>"),
    "formulas in formulas": _of("<math>", after="a"),
    "<pre>": _of("<pre>", after="a"),
    "comments": _of("<!--", after="a"),
    "line breaks": _of("a<br>"),
    "anchors": lambda size: "".join(f"<a id={number}>x</a>" for number in range(size // 14)),
    "ends of formatting": _of(("<b>" * 20) + "<div></b>", after="x"),
    "attributes": lambda size: "<p " + " ".join(f"a{number}=1" for number in range(size // 9)) + ">a",
    "a long style": _of(" ", '<p style="', '">a'),
    "XML that closes nothing": _of("<a ", '<?xml version="1.0"?><html><body>', "x"),
    "a long XML tag": _of("b", '<?xml version="1.0"?><html><body><a ', "x"),
}

SUFFIXES: Mapping[str, Mapping[str, Shape]] = {".txt": PLAIN, ".md": MARKDOWN, ".html": HTML}


def text_files(size: int) -> list[Case]:
    """A file of about so many characters for each shape, in the format that it is hostile to."""
    return [
        case(f"{suffix} of {name}", _writer(shape, size, suffix), "read damaged no-text too-large format")
        for suffix, shapes in SUFFIXES.items()
        for name, shape in shapes.items()
    ]


def _writer(shape: Shape, size: int, suffix: str) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        path = folder / f"text{suffix}"
        path.write_bytes((f"{PROSE}\n\n" * (suffix == ".txt") + shape(size)).encode())
        return path

    return make
