"""The trial with real documents, on a few files that are made here."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.documents.pdf_files import column, encrypt, write_pdf
from tests.torture.mutation_bases import bases
from tests.torture.real_documents import run
from tests.torture.second_reader import Opinion, opinions
from tests.torture.trial import Ground

WORDS = [f"the words of line {number}" for number in range(9)]


def write_data(folder: Path) -> Path:
    """A folder of files as the trial looks for them."""
    for name in ("pdfs_bad", "epubs"):
        (folder / name).mkdir(parents=True)
    bad = folder / "pdfs_bad"
    whole = write_pdf(bad / "whole.pdf", [column(50, 700, WORDS)])
    encrypt(whole, bad / "qpdf__enc-R3,V2,U=view,O=view.pdf", user="view", algorithm="RC4-128")
    encrypt(whole, bad / "locked.pdf", user="unknown", algorithm="AES-256")
    (bad / "nothing.pdf").write_bytes(b"%PDF-1.7\n" + b"nonsense " * 50)
    (bad / "empty.pdf").touch()
    (folder / "epubs" / "book.epub").write_bytes(bases("epub", None)[0])
    return folder


def test_made_files_through_the_window(tmp_path: Path) -> None:
    """Read, with a password and without, refused, asked for a password; and nothing is left behind."""
    pytest.importorskip("PySide6.QtGui")
    (tmp_path / "ground").mkdir()
    rows = list(run(Ground(tmp_path / "ground", write_data(tmp_path / "data"), say=lambda line: None)))
    assert [row.held for row in rows] == [True, True, True], [row.figures for row in rows]
    assert rows[0].figures["how"] == {"read": 2, "password": 1, "refused": 2}
    assert rows[0].figures["refused"] == {"empty": 1, "damaged": 1}
    assert "pages as pictures 2" in rows[0].found
    assert rows[1].figures["how"] == {"read": 1}
    assert list(run(Ground(tmp_path, None))) == []


def test_opinions_of_other_parsers(tmp_path: Path) -> None:
    """Of a whole, a locked and a broken file."""
    bad = write_data(tmp_path) / "pdfs_bad"
    whole, locked, broken = opinions([bad / "whole.pdf", bad / "locked.pdf", bad / "nothing.pdf"])
    letters = sum(char.isalnum() for char in "".join(WORDS))
    assert whole == {name: Opinion(True, "", 1, letters) for name in ("pdfium", "pypdf")}
    assert {opinion.code for opinion in locked.values()} == {"password"}
    assert not any(opinion.opens for opinion in broken.values())
