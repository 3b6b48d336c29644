from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from app.cli.main import run
from app.storage.database import Database
from tests.fakes import FakeGenerator


@pytest.fixture
def doctor(engine, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """Run `doctor --json` on a data folder with the given engine; exit code and report."""

    def go(make: Callable[[], FakeGenerator]) -> tuple[int, dict]:
        engine(make)
        code = run(["doctor", "--json", "--data-dir", str(tmp_path)])
        return code, json.loads(capsys.readouterr().out)

    return go


def sound() -> FakeGenerator:
    return FakeGenerator(lambda text: "ok")


def broken() -> FakeGenerator:
    raise ImportError("libtorch_cpu.so: cannot open shared object file")


def test_sound_machine(doctor) -> None:
    """No problem, exit code 0."""
    code, report = doctor(sound)
    assert (code, report["problems"], report["data folder"]["library"]) == (0, [], "ok")
    assert report["kernels"] == {"turned down": "nothing"}
    assert report["engine"]["free_for_models_bytes"] == 2**31


def test_damaged_library_is_a_line_of_the_report(doctor, tmp_path) -> None:
    """The rest of the report is there, the damage is named, the file is left as it is."""
    (tmp_path / "library.sqlite").write_bytes(b"x" * 5000)
    code, report = doctor(sound)
    assert code == 2
    assert len(report["problems"]) == 1
    assert "library.sqlite is damaged or not a database" in report["problems"][0]
    assert report["data folder"]["library"] == report["problems"][0]
    assert report["engine"]["saved_state_goes_on_alike"] is True
    assert (tmp_path / "library.sqlite").read_bytes() == b"x" * 5000


def test_damage_inside_the_library(doctor, tmp_path) -> None:
    """Damage behind a sound header is found and named too."""
    Database.open(tmp_path / "library.sqlite").close()
    content = bytearray((tmp_path / "library.sqlite").read_bytes())
    content[4096 : 3 * 4096] = b"\xff" * (2 * 4096)
    (tmp_path / "library.sqlite").write_bytes(content)
    code, report = doctor(sound)
    assert code == 2
    assert any("damaged" in problem for problem in report["problems"])
    assert report["engine"]["model"] == sound().info.name


def test_broken_engine_is_a_line_of_the_report(doctor) -> None:
    """What torch's own import raises is shown, and the library is still looked at."""
    code, report = doctor(broken)
    assert code == 2
    assert report["problems"] == [
        "the engine does not work: ImportError: libtorch_cpu.so: cannot open shared object file"
    ]
    assert report["data folder"]["documents"] == 0


def test_state_that_goes_on_otherwise_is_a_problem(doctor) -> None:
    """A saved state that does not continue like the live one is no sound installation."""
    answers = iter(["one", "other"])
    code, report = doctor(lambda: FakeGenerator(lambda text: next(answers)))
    assert code == 2
    assert "a saved state does not go on as the live one does" in report["problems"][0]


def test_notes_are_shown(engine, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is other than asked for is told on the screen and in the JSON, and is no problem."""

    def noted() -> FakeGenerator:
        generator = sound()
        generator.info = replace(generator.info, notes=("int8 weights do not run on mps: float16 is used instead",))
        return generator

    engine(noted)
    assert run(["doctor", "--data-dir", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert "note: int8 weights do not run on mps: float16 is used instead\nall is well\n" in out
    assert run(["doctor", "--json", "--data-dir", str(tmp_path)]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["engine"]["notes"] == ["int8 weights do not run on mps: float16 is used instead"]


def test_the_screen_speaks_plainly(engine, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No underscore, no raw number of bytes, yes and no for what is or is not."""
    engine(sound)
    run(["doctor", "--data-dir", str(tmp_path)])
    out = capsys.readouterr().out
    labels = [line.partition(":")[0] for line in out.splitlines()]
    assert not [label for label in labels if "_" in label]
    assert "\n  full-text search: yes\n" in out
    assert "\n  memory free for models: 2.0 GiB\n" in out
    assert out.endswith("all is well\n")
