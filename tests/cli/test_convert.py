"""`models convert` from the command line: what it prints and what it refuses."""

import json
from pathlib import Path

import pytest

from app.cli.main import run
from tests.checkpoints import random_tensors, raw_config, write_checkpoint

RAW = raw_config("recurrentgemma")


@pytest.fixture
def command(tmp_path: Path) -> list[str]:
    """A conversion to int8 of a tiny model."""
    model = write_checkpoint(tmp_path / "tiny", RAW, random_tensors(RAW))
    return ["models", "convert", str(model), "--out", str(tmp_path / "new"), "--data-dir", str(tmp_path / "data")]


def test_the_result_is_told(command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where it is, how large, and where it changed most; `models info` finds it."""
    assert run([*command, "--to", "int8"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(f"tiny is in {tmp_path / 'new'} now: ")
    assert lines[1] == "largest changes of a weight, as a share of its matrix's largest:"
    assert len(lines) == 7 and all("% model." in line for line in lines[2:])
    assert run(["models", "info", str(tmp_path / "new"), "--data-dir", str(tmp_path / "data")]) == 0
    assert "layers: 3" in capsys.readouterr().out


def test_as_json(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Every matrix with its format and errors."""
    assert run([*command, "--to", "int8", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["model"], report["to"], report["calibration_tokens"]) == ("tiny", "int8", 0)
    names = {matrix["name"] for matrix in report["matrices"]}
    assert "model.embed_tokens.weight" in names and len(names) == 1 + 6 * 2 + 7
    assert all(set(matrix) == {"name", "form", "largest_error", "output_error"} for matrix in report["matrices"])


def test_refusals_are_one_line(command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A target that exists, a format that is none, a model without a tokenizer to calibrate with."""
    (tmp_path / "new").mkdir()
    assert run([*command, "--to", "int8"]) == 2
    assert "exists already: give a folder that does not" in capsys.readouterr().err
    (tmp_path / "new").rmdir()
    assert run([*command, "--to", "int5"]) == 2
    assert run([*command, "--to", "int4"]) == 2
    errors = capsys.readouterr().err.splitlines()
    assert len(errors) == 2 and "tokenizer" in errors[1]
    assert not (tmp_path / "new").exists()
