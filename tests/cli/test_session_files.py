from __future__ import annotations

import json
from pathlib import Path

import pytest

from app.cli import session_files
from tests.fakes import FakeGenerator


@pytest.fixture
def session(chat, capsys) -> str:
    """The id of a conversation with two answers to one question, about nothing."""
    assert chat("One?\n/regenerate\n/title Rivers\n", "--json", answer="Yes.\x1b[2J") == 0
    return json.loads(capsys.readouterr().out)["session"]


def test_markdown(desk, session: str, tmp_path: Path, capsys) -> None:
    """The branch in use, for people: nothing in it steers a terminal, the same in a file."""
    assert desk("sessions", "export", session) == 0
    out = capsys.readouterr().out
    assert out.startswith("# Rivers\n\n*With fake, begun ")
    assert out.endswith("## You\n\nOne?\n\n## Model\n\nYes.[2J\n")
    for name in ("a.md", "B.MARKDOWN"):
        assert desk("sessions", "export", session[:6], "--to", tmp_path / name) == 0
        assert capsys.readouterr() == ("", f"written to {tmp_path / name}\n")
        assert (tmp_path / name).read_text() == out


def test_the_document_is_named(chat, desk, tmp_path: Path, capsys) -> None:
    """A conversation about a document says so."""
    (tmp_path / "seas.txt").write_text("Rivers carry water. " * 30)
    assert chat("One?\n", "--document", str(tmp_path / "seas.txt"), "--json") == 0
    id_ = json.loads(capsys.readouterr().out)["session"]
    assert desk("sessions", "export", id_) == 0
    assert ", about *seas*" in capsys.readouterr().out


def test_json_and_back(desk, session: str, tmp_path: Path, capsys) -> None:
    """All branches, character by character, also from a file that begins with a byte order mark."""
    assert desk("sessions", "export", session, "--to", tmp_path / "a.json") == 0
    assert desk("sessions", "export", session, "--format", "json") == 0
    text = (tmp_path / "a.json").read_text()
    assert text == capsys.readouterr().out
    assert "\x1b" not in text
    (tmp_path / "bom.json").write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert desk("sessions", "import", tmp_path / "bom.json") == 0
    out, err = capsys.readouterr()
    new = out.strip()
    assert err == f'imported "Rivers", 3 turns in 2 branches; go on with `griffin-desk chat --session {new}`\n'
    assert desk("sessions", "export", new, "--json") == 0
    again = json.loads(capsys.readouterr().out)
    assert {**again, "created_at": 0} == {**json.loads(text), "created_at": 0}
    assert desk("sessions", "import", tmp_path / "a.json", "--json") == 0
    printed = json.loads(capsys.readouterr().out)
    assert (printed["title"], printed["turns"], printed["branches"]) == ("Rivers", 3, 2)


def test_json_option(desk, session: str, tmp_path: Path, capsys) -> None:
    """One object whatever is written, and where."""
    assert desk("sessions", "export", session, "--json", "--format", "markdown") == 0
    printed = json.loads(capsys.readouterr().out)
    assert (printed["session"], printed["format"], printed["text"][:8]) == (session, "markdown", "# Rivers")
    assert desk("sessions", "export", session, "--json", "--to", tmp_path / "x", "--format", "markdown") == 0
    assert json.loads(capsys.readouterr().out) == {
        "session": session,
        "file": str(tmp_path / "x"),
        "format": "markdown",
    }
    assert (tmp_path / "x").read_text().startswith("# Rivers")


def test_an_imported_conversation_goes_on(chat, desk, session: str, tmp_path: Path, capsys) -> None:
    """Its turns are told to the model again, and the user is told."""
    assert desk("sessions", "export", session, "--to", tmp_path / "a.json") == 0
    assert desk("sessions", "import", tmp_path / "a.json") == 0
    new = capsys.readouterr().out.strip()
    assert chat("Two?\n", "--session", new, make=FakeGenerator) == 0
    out, err = capsys.readouterr()
    assert out == "Nothing to say.\n"
    assert err.startswith('"Rivers", 2 turns: 2 turns are read again: ')


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"# Rivers\n", "it is no JSON"),
        (b"{}", "no conversation that Griffin Desk exported"),
        (b'{"format": "griffin-desk conversation", "version": 9}', "this Griffin Desk knows 1"),
        (b'{"format": "\xff"}', "its byte 12 is no UTF-8"),
        ("[]".encode("utf-16"), "its byte 0 is no UTF-8"),
        (b"[" * 100_000, "it is no JSON"),
    ],
)
def test_files_that_are_no_conversations(desk, tmp_path: Path, capsys, content: bytes, words: str) -> None:
    """One sentence, exit code 2, nothing is stored."""
    path = tmp_path / "a.json"
    path.write_bytes(content)
    assert desk("sessions", "import", path) == 2
    err = capsys.readouterr().err
    assert words in err and err.count("\n") == 1
    assert desk("sessions", "list") == 0
    assert capsys.readouterr().out == "nothing is stored yet\n"


def test_what_is_no_file_or_too_large(desk, tmp_path: Path, capsys, monkeypatch: pytest.MonkeyPatch) -> None:
    """Missing, a folder, larger than a conversation can be: found out without reading it."""
    monkeypatch.setattr(session_files, "MAX_FILE_BYTES", 10)
    (tmp_path / "large.json").write_bytes(bytes(11))
    for name, words in [("no.json", "does not exist"), (".", "is a folder"), ("large.json", "has 11 bytes")]:
        assert desk("sessions", "import", tmp_path / name) == 2
        assert words in capsys.readouterr().err


def test_places_that_cannot_be_written(desk, session: str, tmp_path: Path, capsys) -> None:
    """Each has its sentence that names the option; an unknown kind of file is asked about."""
    for to, words in [
        (tmp_path / "no" / "a.md", f"--to {tmp_path / 'no' / 'a.md'}: there is no folder"),
        (tmp_path / "a.txt", "ends neither in .md nor in .json: give --format markdown or json"),
        (tmp_path / "folder.md", "is a folder; name a file"),
    ]:
        (tmp_path / "folder.md").mkdir(exist_ok=True)
        assert desk("sessions", "export", session, "--to", to) == 2
        err = capsys.readouterr().err
        assert words in err and err.count("\n") == 1
    assert desk("sessions", "export", "nope") == 2


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_a_device_is_left_alone(desk, session: str, capsys) -> None:
    """A result takes the place of what is there, which /dev/full must not lose."""
    assert desk("sessions", "export", session, "--to", "/dev/full", "--format", "json") == 2
    assert "device or pipe" in capsys.readouterr().err
    assert not Path("/dev/full").is_file()
