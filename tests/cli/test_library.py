from __future__ import annotations

import json
from pathlib import Path

import pytest

from app.services.search import SearchService
from tests.fakes import FakeGenerator


@pytest.fixture
def filled(engine, desk, tmp_path: Path, capsys) -> dict[str, str]:
    """A library of two documents, of which one was read in part; their ids by title. Search is by words."""
    engine(FakeGenerator)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "settings.toml").write_text('encoder = "off"\n')
    (tmp_path / "rivers.txt").write_text("Rivers carry water. " * 400)
    (tmp_path / "dams\x1b[2J.txt").write_text("Dams hold water back.")
    assert desk("ask", tmp_path / "rivers.txt", "--pages", "1-2", "zyzzyva") == 0
    assert desk("ask", tmp_path / "dams\x1b[2J.txt", "zyzzyva") == 0
    capsys.readouterr()
    assert desk("library", "list", "--json") == 0
    return {entry["title"][:4]: entry["id"] for entry in json.loads(capsys.readouterr().out)["documents"]}


def test_list(filled: dict[str, str], desk, tmp_path: Path, capsys) -> None:
    """Last opened first, a line each: id, pages, title, and where the file was; no control characters."""
    assert desk("library", "list") == 0
    assert capsys.readouterr().out == (
        f"{filled['dams'][:12]}  1 page (all)  dams[2J  {tmp_path}/dams[2J.txt\n"
        f"{filled['rive'][:12]}  2 pages (1-2)  rivers  {tmp_path}/rivers.txt\n"
    )


def test_list_as_json(filled: dict[str, str], desk, tmp_path: Path, capsys) -> None:
    """The keys that scripts rely on."""
    assert desk("library", "list", "--json") == 0
    documents = json.loads(capsys.readouterr().out)["documents"]
    assert documents[1] == {
        "id": filled["rive"],
        "title": "rivers",
        "pages": 2,
        "page_range": "1-2",
        "path": f"{tmp_path}/rivers.txt",
    }


def test_an_empty_library(desk, capsys) -> None:
    """Said in one line, whatever is asked of it; empty lists in JSON."""
    line = "the library is empty: documents that are asked about, read or summarised are kept in it\n"
    for action in ("list", "index"):
        assert desk("library", action) == 0
        assert capsys.readouterr() == (line, "")
    assert desk("library", "list", "--json") == 0
    assert json.loads(capsys.readouterr().out) == {"documents": []}
    assert desk("library", "index", "--json") == 0
    assert json.loads(capsys.readouterr().out) == {"documents": 0, "by_meaning": 0}


def test_index(filled: dict[str, str], desk, tmp_path: Path, capsys, monkeypatch) -> None:
    """What was opened and never asked is made ready, with its name and number; no encoder, no word of meaning."""
    told: list[str] = []
    monkeypatch.setattr("app.cli.progress.LineReport.indexing", lambda self, what, done, total: told.append(what))
    (tmp_path / "new\n.txt").write_text("Fords are shallow.")
    assert desk("read", tmp_path / "new\n.txt") == 0
    capsys.readouterr()
    assert desk("library", "index") == 0
    assert capsys.readouterr() == ("3 documents can be searched\n", "")
    assert set(told) == {"1 of 3, new"}
    assert desk("library", "remove", filled["dams"]) == 0
    assert desk("library", "remove", filled["rive"]) == 0
    capsys.readouterr()
    assert desk("library", "index") == 0
    assert capsys.readouterr().out == "1 document can be searched\n"
    assert desk("library", "index", "--json") == 0
    assert json.loads(capsys.readouterr().out) == {"documents": 1, "by_meaning": 0}


def test_index_by_meaning(filled: dict[str, str], desk, capsys, monkeypatch) -> None:
    """How many have all their vectors; each document is named before the encoder has done anything."""
    told: list[tuple[str, int, int]] = []

    def encode(self: SearchService, item: object, *, on_progress) -> bool:
        on_progress(1, 2)
        return getattr(item, "title", "") == "rivers"

    monkeypatch.setattr(SearchService, "encode", encode)
    monkeypatch.setattr(SearchService, "similarity", property(lambda _: len))
    monkeypatch.setattr("app.cli.progress.LineReport.indexing", lambda self, *what: told.append(what))
    assert desk("library", "index") == 0
    assert capsys.readouterr().out == "2 documents can be searched, 1 of them by meaning too\n"
    first, second = "1 of 2, dams[2J", "2 of 2, rivers"
    assert [(what, done) for what, done, _ in told] == [(first, 0), (first, 1), (second, 0), (second, 1)]


def test_ctrl_c_while_indexing(filled: dict[str, str], desk, capsys, monkeypatch) -> None:
    """One line that says how to go on."""

    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(SearchService, "index", interrupt)
    assert desk("library", "index") == 130
    assert capsys.readouterr() == ("", "\ngriffin-desk: interrupted; run the same command again to go on\n")


def test_remove(filled: dict[str, str], desk, tmp_path: Path, capsys) -> None:
    """By the beginning of its id; it is asked no more, and its file stays."""
    assert desk("library", "remove", filled["dams"][:6]) == 0
    assert capsys.readouterr().out == '"dams[2J" is out of the library; its file is where it was\n'
    assert (tmp_path / "dams\x1b[2J.txt").exists()
    assert desk("ask", "--library", "What do dams hold back?") == 0
    assert capsys.readouterr().out.startswith("Nothing in the document holds enough")
    assert desk("library", "remove", filled["rive"], "--json") == 0
    assert json.loads(capsys.readouterr().out) == {"removed": filled["rive"]}
    assert desk("library", "list", "--json") == 0
    assert json.loads(capsys.readouterr().out) == {"documents": []}


def test_remove_none_or_several(filled: dict[str, str], desk, capsys) -> None:
    """Nothing is removed unless one document is meant; an empty id means none, however few there are."""
    assert desk("library", "remove", "x%") == 2
    assert capsys.readouterr().err == (
        'griffin-desk: error: no document of the library has an id beginning with "x%": '
        "see `griffin-desk library list`\n"
    )
    assert desk("library", "remove", filled["rive"]) == 0
    capsys.readouterr()
    assert desk("library", "remove", "") == 2
    assert "the id is empty" in capsys.readouterr().err
    assert desk("library", "list", "--json") == 0
    assert len(json.loads(capsys.readouterr().out)["documents"]) == 1


def test_an_id_that_begins_several(engine, desk, tmp_path: Path, capsys) -> None:
    """How many; 17 documents cannot all begin with different digits."""
    engine(FakeGenerator)
    (tmp_path / "folder").mkdir()
    for number in range(17):
        (tmp_path / "folder" / f"{number}.txt").write_text(f"Number {number}.")
    assert desk("ask", tmp_path / "folder", "?") == 0
    capsys.readouterr()
    assert desk("library", "list", "--json") == 0
    firsts = [entry["id"][0] for entry in json.loads(capsys.readouterr().out)["documents"]]
    digit = max(firsts, key=firsts.count)
    assert desk("library", "remove", digit) == 2
    wanted = f'{firsts.count(digit)} documents have ids beginning with "{digit}": see `griffin-desk library list`\n'
    assert capsys.readouterr().err.endswith(wanted)
