"""Markup that is hostile: entities that grow or lead elsewhere, nesting without end, a million attributes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.torture.hostile_case import CANARY_FILE, Case, case, of_bytes
from tests.torture.hostile_zip import PROSE, W, docx, epub, opf

Growth = Callable[[str], str]
_LEVELS = 9
DEEP = 100_000


def laughs(root: str) -> str:
    """Entities that stand for ten of the one before."""
    steps = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, _LEVELS + 1))
    return f'<!DOCTYPE {root} [<!ENTITY l0 "lol">{steps}]>'


def quadratic(root: str) -> str:
    """One long entity."""
    return f'<!DOCTYPE {root} [<!ENTITY l9 "{"lol " * 25_000}">]>'


def outside(root: str, address: str) -> str:
    """An entity that is another file."""
    return f'<!DOCTYPE {root} [<!ENTITY l9 SYSTEM "{address}">]>'


def parameters(root: str, address: str) -> str:
    """A parameter entity that is another file, and a DTD that is."""
    return f'<!DOCTYPE {root} SYSTEM "{address}" [<!ENTITY % p SYSTEM "{address}">%p;<!ENTITY l9 "x">]>'


def _entity_cases(name: str, growth: Callable[[str, Path], str], uses: int = 1) -> list[Case]:
    """One kind of entity in the package, a chapter, a Word document, its footnotes, and an HTML file."""
    use = "&l9;" * uses

    def made(file: str, data: Callable[[Path], bytes]) -> Callable[[Path], Path]:
        def make(folder: Path) -> Path:
            path = folder / file
            path.write_bytes(data(folder.parent / CANARY_FILE))
            return path

        return make

    page = f"<html><body><p>{PROSE}{use}</p></body></html>"
    note = f'<w:footnotes {W}><w:footnote w:id="1"><w:p><w:r><w:t>{use}</w:t></w:r></w:p></w:footnote></w:footnotes>'
    body = f"<w:p><w:r><w:t>{PROSE}{use}</w:t></w:r></w:p>"
    may = "read damaged too-large no-text"
    return [
        case(
            f"{name}, package", made("a.epub", lambda c: epub(package=opf(head=growth("package", c), title=use))), may
        ),
        case(
            f"{name}, chapter", made("a.epub", lambda c: epub(a=f'<?xml version="1.0"?>{growth("html", c)}{page}')), may
        ),
        case(f"{name}, Word", made("a.docx", lambda c: docx(head=growth("w:document", c), body=body)), may),
        case(
            f"{name}, footnotes",
            made("a.docx", lambda c: docx(("word/footnotes.xml", growth("w:footnotes", c) + note))),
            may,
        ),
        case(
            f"{name}, HTML", made("a.html", lambda c: f'<?xml version="1.0"?>{growth("html", c)}{page}'.encode()), may
        ),
    ]


def _chapter(name: str, text: Callable[[], str], may: str = "read damaged no-text too-large") -> Case:
    return case(name, of_bytes("a.epub", lambda: epub(a=f"<html><body>{text()}</body></html>")), may)


def _page(name: str, text: Callable[[], str], *, heavy: bool = False) -> Case:
    data = of_bytes("a.html", lambda: f"<html><body>{text()}</body></html>".encode())
    return case(name, data, "read damaged no-text too-large", heavy=heavy)


def _include(address: str) -> str:
    return f'<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="{address}" parse="text"/>'


def markup() -> list[Case]:
    """All of them."""
    attributes = " ".join(f'a{n}="1"' for n in range(1_000_000))
    cases = [
        *_entity_cases("billion laughs", lambda root, _: laughs(root)),
        *_entity_cases("quadratic blowup", lambda root, _: quadratic(root), uses=25_000),
        *_entity_cases("another file as an entity", lambda root, canary: outside(root, canary.as_uri())),
        *_entity_cases("another host as an entity", lambda root, _: outside(root, "http://127.0.0.1:9/x")),
        *_entity_cases("parameter entities", lambda root, canary: parameters(root, canary.as_uri())),
        *_entity_cases("a DTD of another host", lambda root, _: parameters(root, "http://127.0.0.1:9/x.dtd")),
    ]
    deep_word = f"<w:p>{'<w:r>' * DEEP}<w:t>{PROSE}</w:t>{'</w:r>' * DEEP}</w:p>"
    deep_item = f"{opf()[:-10]}{'<a>' * DEEP}{'</a>' * DEEP}</package>"
    return [
        *cases,
        _chapter("XInclude of /etc/passwd", lambda: PROSE + _include("file:///etc/passwd"), "read"),
        case(
            "XInclude in Word",
            of_bytes(
                "a.docx", lambda: docx(body=f"<w:p><w:r><w:t>{PROSE}{_include('file:///etc/passwd')}</w:t></w:r></w:p>")
            ),
            "read",
        ),
        _chapter(f"{DEEP:,} levels of <div> in a chapter", lambda: "<div>" * DEEP + PROSE),
        _page(f"{DEEP:,} levels of <div>", lambda: "<div>" * DEEP + PROSE, heavy=True),
        _page(f"{DEEP:,} levels of <b>", lambda: "<b>" * DEEP + PROSE),
        _page(f"{DEEP:,} levels of lists", lambda: "<ul><li>" * DEEP + PROSE, heavy=True),
        _page(f"{DEEP:,} levels of tables", lambda: "<table><tr><td>" * DEEP + PROSE, heavy=True),
        _page("a million attributes", lambda: f"<p {attributes}>{PROSE}</p>", heavy=True),
        _page("one attribute of 20 MB", lambda: f'<p title="{"a" * 20_000_000}">{PROSE}</p>'),
        _page("one text of 20 MB", lambda: PROSE * 400_000, heavy=True),
        _page("100,000 comments", lambda: "<!-- -->" * DEEP + PROSE),
        _page(
            "scripts and addresses",
            lambda: f'<script src="http://127.0.0.1:9/x"></script><img src="http://127.0.0.1:9/x">{PROSE}',
        ),
        case(f"{DEEP:,} levels in Word", of_bytes("a.docx", lambda: docx(body=deep_word)), "read damaged no-text"),
        case(
            f"{DEEP:,} levels in a package", of_bytes("a.epub", lambda: epub(package=deep_item)), "read damaged no-text"
        ),
        case(
            "a million attributes in Word",
            of_bytes("a.docx", lambda: docx(body=f"<w:p {attributes}><w:r><w:t>{PROSE}</w:t></w:r></w:p>")),
            "read damaged no-text",
            heavy=True,
        ),
        case(
            "a text of 20 MB in Word",
            of_bytes("a.docx", lambda: docx(body=f"<w:p><w:r><w:t>{PROSE * 400_000}</w:t></w:r></w:p>")),
            "read damaged too-large no-text",
            heavy=True,
        ),
    ]
