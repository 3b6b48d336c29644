"""`models import|convert|verify|remove` from the command line: what is printed and what is refused."""

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


@pytest.fixture
def data(tmp_path: Path) -> list[str]:
    """A data folder of its own."""
    return ["--data-dir", str(tmp_path / "data")]


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """A model of the user's."""
    return write_checkpoint(tmp_path / "tiny", RAW, random_tensors(RAW))


def test_from_import_to_removal(tiny: Path, data: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """A model is brought in, listed, checked, and removed once the user has said yes."""
    assert run(["models", "import", str(tiny), "--name", "mine", *data]) == 0
    assert capsys.readouterr().out.startswith("mine is there: Griffin 0M, float32, ")
    assert run(["models", "list", *data]) == 0
    listed = capsys.readouterr().out
    assert "  starter (in use): Starter model, " in listed and "  mine: Griffin 0M, float32, " in listed
    assert "griffin-desk models pull" in listed and "google/recurrentgemma-9b-it" in listed
    assert run(["models", "verify", "mine", *data]) == 0
    assert "mine is sound: its files are those that came (2 files, " in capsys.readouterr().out
    assert run(["models", "remove", "mine", *data]) == 2
    assert "say --yes" in capsys.readouterr().err
    assert run(["models", "remove", "mine", "--yes", *data]) == 0
    assert capsys.readouterr().out == "mine is gone\n"
    assert run(["models", "info", "mine", *data]) == 2
    assert (tiny / "model.safetensors").is_file()


def test_damage_is_an_exit_code(tiny: Path, data: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """What is wrong is a line each, and JSON has all of it."""
    assert run(["models", "import", str(tiny), "--copy", *data]) == 0
    config = Path(data[1]) / "models" / "tiny" / "config.json"
    config.write_text(config.read_text() + " ")
    capsys.readouterr()
    assert run(["models", "verify", "tiny", *data]) == 2
    told = capsys.readouterr().out
    assert "tiny: config.json has " in told and "`griffin-desk models remove tiny` deletes it" in told
    assert run(["models", "verify", "tiny", "--json", *data]) == 2
    found = json.loads(capsys.readouterr().out)
    assert (found["sound"], len(found["problems"]), found["has_record"]) == (False, 1, True)


def test_a_model_whose_files_are_gone(tiny: Path, data: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """What is wrong is told with what it is, and it can be removed as long as the record of its files is there."""
    assert run(["models", "import", str(tiny), "--copy", *data]) == 0
    folder = Path(data[1]) / "models" / "tiny"
    (folder / "model.safetensors").unlink()
    capsys.readouterr()
    assert run(["models", "info", "tiny", *data]) == 0
    told = capsys.readouterr().out
    assert "problem: " in told and "parameters" not in told
    (folder / "config.json").unlink()
    assert run(["models", "verify", "tiny", *data]) == 2
    assert run(["models", "remove", "tiny", "--yes", *data]) == 0
    assert not folder.exists()


def test_conversion_goes_beside_the_others(tiny: Path, data: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Without a folder it becomes a model of the user's; two answers to one question are refused."""
    assert run(["models", "convert", str(tiny), "--to", "int8", *data]) == 0
    assert (Path(data[1]) / "models" / "tiny-int8" / "griffin-desk.json").is_file()
    assert run(["models", "convert", str(tiny), "--to", "int8", "--name", "a", "--out", "b", *data]) == 2
    assert "give one of them" in capsys.readouterr().err


def test_discarding_what_was_not_begun(data: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Is told as such, by the model's name too: nobody is to think that a model that is here was deleted."""
    assert run(["models", "pull", "recurrentgemma-2b", "--discard", *data]) == 0
    assert capsys.readouterr().out == "there is no unfinished download of google/recurrentgemma-2b\n"


def test_catalogue_as_json(data: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """The published models, the starter and what was imported, each with its fit on this machine."""
    assert run(["models", "list", "--json", *data]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["default"] == "starter"
    names = [model["name"] for model in found["models"]]
    assert names[0] == "starter" and set(names) >= {"recurrentgemma-2b", "recurrentgemma-9b-it"}
    for model in found["models"]:
        fit = model["fit"]
        assert fit["verdict"] in ("fits", "tight", "no") and fit["reasons"]
        assert fit["needed_bytes"] == fit["weights_bytes"] + fit["state_bytes"] + fit["working_bytes"]


def test_an_unfinished_conversion_can_be_given_up(data: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """It is listed with what it takes, and removed by its name without a question."""
    partial = Path(data[1]) / "models" / ".mine-int4.partial"
    partial.mkdir(parents=True)
    (partial / "model-00001-of-00002.safetensors").write_bytes(bytes(3 << 20))
    assert run(["models", "list", *data]) == 0
    assert "  mine-int4: 3.0 MiB so far" in capsys.readouterr().out
    assert run(["models", "list", "--json", *data]) == 0
    assert json.loads(capsys.readouterr().out)["unfinished"] == [{"name": "mine-int4", "nbytes": 3 << 20}]
    assert run(["models", "remove", "mine-int4", *data]) == 0
    assert not partial.exists()
