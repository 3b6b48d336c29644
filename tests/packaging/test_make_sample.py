"""The sample PDF: what it has of a book, and that it is the one its text makes."""

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest
from pypdf import PdfReader

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture(scope="module")
def script() -> ModuleType:
    """packaging/make_sample.py as a module."""
    spec = importlib.util.spec_from_file_location("make_sample", ROOT / "packaging" / "make_sample.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["make_sample"] = module  # a dataclass looks its module up by name
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def reader(script: ModuleType) -> PdfReader:
    """The PDF in the repository."""
    return PdfReader(script.TARGET)


def test_title_and_length(reader: PdfReader) -> None:
    """It names itself and has a book's length without a book's reading time."""
    assert reader.metadata is not None
    assert reader.metadata.title == "Forests and Waters"
    assert reader.metadata.author == "Theodore Roosevelt"
    assert 20 <= len(reader.pages) <= 40


def test_outline(reader: PdfReader, script: ModuleType) -> None:
    """The outline has the text's four chapters in order, five sections or six in each, and leads to their pages."""
    blocks = script.parse(script.SOURCE.read_text(encoding="utf-8")).blocks
    chapters = [entry for entry in reader.outline if not isinstance(entry, list)]
    sections = [entry for group in reader.outline if isinstance(group, list) for entry in group]
    assert [entry.title for entry in chapters] == [text for kind, text in blocks if kind == "chapter"]
    assert [entry.title for entry in sections] == [text for kind, text in blocks if kind == "section"]
    assert len(chapters) == 4 and len(sections) == 20
    for entry in [*chapters, *sections]:
        page = reader.pages[reader.get_destination_page_number(entry)].extract_text()
        assert " ".join(entry.title.split()) in " ".join(page.split())


def test_pages_look_like_a_book(reader: PdfReader) -> None:
    """From page 2 on each page has its number and a running header, and lines are broken by hyphens."""
    texts = [page.extract_text() for page in reader.pages]
    for number, text in enumerate(texts[1:], start=2):
        lines = [line.strip() for line in text.splitlines()]
        assert str(number) in lines
    assert sum("Forests and Waters" in text for text in texts) >= len(texts) // 2
    assert sum(len(re.findall(r"[a-z]-\n[a-z]", text)) for text in texts) > 100


def test_same_text_same_bytes(script: ModuleType, reader: PdfReader, tmp_path: Path) -> None:
    """Two runs give the same bytes, and the PDF in the repository holds the text as it stands beside it."""
    first, second = tmp_path / "first.pdf", tmp_path / "second.pdf"
    script.make_pdf(script.SOURCE, first)
    script.make_pdf(script.SOURCE, second)
    assert first.read_bytes() == second.read_bytes()
    made = [page.extract_text() for page in PdfReader(first).pages]
    assert [page.extract_text() for page in reader.pages] == made


def test_parse(script: ModuleType) -> None:
    """Wrapped lines become one paragraph; the marks tell chapters from sections."""
    book = script.parse("Title\nSub\nWho\n\n# One (1901)\n\n## Part\n\nfirst line\nsecond line\n\nmore\n")
    assert (book.title, book.subtitle, book.author) == ("Title", "Sub", "Who")
    assert book.blocks == (
        ("chapter", "One (1901)"),
        ("section", "Part"),
        ("paragraph", "first line second line"),
        ("paragraph", "more"),
    )
