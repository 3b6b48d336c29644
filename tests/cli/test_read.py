from __future__ import annotations

import json
from pathlib import Path

import pytest

from app.core.errors import WorkerLostError
from app.services.states import StateKeeper
from tests.fakes import FakeGenerator


class Dying(FakeGenerator):
    """Its process is lost at the first `deaths` readings."""

    def __init__(self, deaths: int) -> None:
        super().__init__()
        self._deaths = deaths

    def read(self, *arguments, **options):
        if self._deaths:
            self._deaths -= 1
            raise WorkerLostError("the model's process stopped: it was killed")
        return super().read(*arguments, **options)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A text of 400 words and a name that a shell would take apart."""
    path = tmp_path / "two words.txt"
    path.write_text("Rivers carry water. " * 133 + "Yes.")
    return path


def test_once_and_again(engine, desk, file: Path, capsys) -> None:
    """The first time all tokens are read, the second time none; the line says how to go on."""
    generators = [FakeGenerator(), FakeGenerator()]
    engine(lambda: generators[0])
    assert desk("read", file) == 0
    out, err = capsys.readouterr()
    tokens = generators[0].usage.prefill_tokens
    assert tokens > 400
    assert out.startswith(f"read {tokens} tokens in ")
    assert out.endswith(f" s; ask or talk about it with `griffin-desk chat --document '{file}'`\n")
    assert (out.count("\n"), err) == (1, "")
    assert generators[0].states == {}
    engine(lambda: generators[1])
    assert desk("read", file) == 0
    assert capsys.readouterr().out.startswith("read before: nothing to do; ask or talk about it with ")
    assert generators[1].usage.prefill_tokens == 0


def test_json(engine, desk, file: Path, capsys) -> None:
    """The document, tokens altogether and not read now, the model and why reading was needed."""
    engine(FakeGenerator)
    assert desk("read", file, "--json") == 0
    first = json.loads(capsys.readouterr().out)
    assert (first["document"]["title"], first["tokens_restored"], first["model"]) == ("two words", 0, "starter")
    assert (first["tokens"] > 400, first["reason"]) == (True, "it was not kept")
    assert desk("read", file, "--json") == 0
    again = json.loads(capsys.readouterr().out)
    assert (again["tokens"], again["tokens_restored"], again["reason"]) == (first["tokens"], first["tokens"], "")


def test_what_an_earlier_version_had_is_not_read_again(engine, desk, tmp_path: Path, file: Path, capsys) -> None:
    """A text that was added to is read from the last part that it shares with the old one."""
    engine(FakeGenerator)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "settings.toml").write_text("snapshot_interval_s = 0\n")
    words = " ".join(f"word{n}" for n in range(3000))
    file.write_text(words)
    assert desk("read", file) == 0
    file.write_text(f"{words} and more")
    capsys.readouterr()
    assert desk("read", file, "--json") == 0
    out, err = capsys.readouterr()
    printed = json.loads(out)
    assert 0 < printed["tokens_restored"] < printed["tokens"]
    assert f"{printed['tokens_restored']:,} tokens need not be read: they were before\n" in err


def test_a_lost_worker_is_a_note(engine, desk, file: Path, capsys) -> None:
    """The reading goes on; one line tells why it took longer."""
    engine(lambda: Dying(1))
    assert desk("read", file) == 0
    out, err = capsys.readouterr()
    assert out.startswith("read ")
    assert err == (
        "note: the model's process stopped: it was killed; it was started again and goes on from what was kept\n"
    )


def test_workers_that_keep_dying(engine, desk, loaders, file: Path, capsys) -> None:
    """One sentence: nothing is lost, and what to do. The worker is ended."""
    engine(lambda: Dying(99))
    assert desk("read", file) == 2
    assert capsys.readouterr().err.splitlines()[-1] == (
        "griffin-desk: error: the model's process stopped: it was killed; nothing is lost: "
        "run the same command again to go on from the last saved place"
    )
    assert [loader.closed for loader in loaders] == [True]


def test_what_could_not_be_kept_is_told(engine, desk, file: Path, capsys, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk costs the state, never the reading; the user knows that it has to be read again."""
    monkeypatch.setattr(StateKeeper, "keep", lambda *arguments, **options: None)
    engine(FakeGenerator)
    assert desk("read", file) == 0
    assert capsys.readouterr().err == (
        "note: what was read could not be kept and has to be read again: it was not kept\n"
    )


def test_what_is_in_memory_alone_is_not_kept(engine, desk, tmp_path: Path, file: Path, capsys) -> None:
    """The state is at hand to the end of the command, and gone with it: the user hears of that and why."""
    engine(FakeGenerator)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "settings.toml").write_text("snapshot_budget_bytes = 0\n")
    assert desk("read", file) == 0
    assert capsys.readouterr().err == (
        "note: what was read could not be kept and has to be read again: there is too little room for saved states\n"
    )


def test_ctrl_c(engine, desk, file: Path, capsys) -> None:
    """Exit code 130 and how to go on."""

    def interrupted() -> FakeGenerator:
        raise KeyboardInterrupt

    engine(interrupted)
    assert desk("read", file) == 130
    assert "interrupted; run the same command again to go on from the last saved place" in capsys.readouterr().err


def test_no_file(engine, desk, tmp_path: Path, capsys) -> None:
    """Told before a model is loaded."""
    engine(lambda: pytest.fail("loaded"))
    assert desk("read", tmp_path / "nowhere.txt") == 2
    assert "nowhere.txt does not exist" in capsys.readouterr().err
