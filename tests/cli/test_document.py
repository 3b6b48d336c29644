from __future__ import annotations

from pathlib import Path

import pytest
from pypdf import PdfReader, PdfWriter
from reportlab.pdfgen.canvas import Canvas

from tests.cli.conftest import Terminal
from tests.fakes import FakeGenerator


@pytest.fixture
def locked(tmp_path: Path) -> Path:
    """A PDF of one page that wants the password `secret`."""
    plain = tmp_path / "plain.pdf"
    canvas = Canvas(str(plain))
    canvas.drawString(50, 700, "Rivers carry water to the sea.")
    canvas.save()
    writer = PdfWriter(clone_from=PdfReader(plain))
    writer.encrypt("secret", algorithm="AES-256")
    writer.write(tmp_path / "locked.pdf")
    return tmp_path / "locked.pdf"


def test_password_is_asked_for_on_a_terminal(engine, desk, locked: Path, capsys, monkeypatch) -> None:
    """Until it is right; an empty one gives up with the error that asked for it."""
    engine(FakeGenerator)
    answers = iter(["wrong", "secret", ""])
    monkeypatch.setattr("getpass.getpass", lambda prompt, stream: next(answers))
    monkeypatch.setattr("sys.stdin", Terminal())
    monkeypatch.setattr("sys.stderr", Terminal())
    assert desk("read", locked) == 0
    assert "read " in capsys.readouterr().out
    assert desk("read", locked, "--pages", "1") == 2


def test_elsewhere_it_is_an_error(engine, desk, locked: Path, capsys, monkeypatch) -> None:
    """Nobody is there to be asked; the option is named."""
    engine(FakeGenerator)
    monkeypatch.setattr("getpass.getpass", lambda prompt, stream: pytest.fail("asked"))
    assert desk("read", locked) == 2
    assert "--password" in capsys.readouterr().err
    assert desk("read", locked, "--password", "secret") == 0
