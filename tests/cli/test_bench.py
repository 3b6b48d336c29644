from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from app.cli.main import run
from app.core.errors import ResourceError
from app.inference import presets
from app.inference.bench import limits, transformer
from app.inference.bench.run import Bench
from app.inference.bench.transformer import TransformerShape
from app.inference.config import config_from_json
from tests.checkpoints import raw_config

TINY = TransformerShape("tiny transformer", 97, 32, 64, layers=2, heads=4, kv_heads=1, head_dim=8)


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """The real program on shapes and buffers that take milliseconds."""
    monkeypatch.setitem(presets.PRESETS, "2b", config_from_json(raw_config("recurrentgemma")))
    monkeypatch.setitem(limits.BUFFER_BYTES, "cpu", 1 << 20)
    monkeypatch.setattr(transformer, "GEMMA_2B", TINY)


@pytest.fixture
def bench(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """Run `bench --synthetic 2b` with more options; exit code, standard output and standard error."""

    def go(*more: str) -> tuple[int, str, str]:
        line = ["bench", "--synthetic", "2b", "--lengths", "16,64k", "--data-dir", str(tmp_path / "data"), *more]
        code = run(line)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return go


def test_table_json_and_plots(bench, tmp_path: Path) -> None:
    """Both models in the table and in the report, four plots beside it, progress on standard error."""
    code, out, err = bench("--compare", "--batch", "2", "--out", str(tmp_path / "out"))
    assert code == 0
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "report.json",
        "rate.png",
        "rate.svg",
        "memory.png",
        "memory.svg",
    }
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert report["complete"]
    assert [series["kind"] for series in report["series"]] == ["griffin", "transformer"]
    assert [point["length"] for point in report["series"][1]["points"]] == [16, 1 << 16]
    assert len(report["series"][0]["batches"]) == 1 and report["series"][1]["batches"] == []
    assert "64k*" in out and "tiny transformer" in out and "tok/s" in out and "random values" in out
    assert "decode at 64k" in err


def test_json_on_standard_output(bench, tmp_path: Path) -> None:
    """One object, the same as in the file, with the place of the files."""
    code, out, _ = bench("--json", "--quick")
    assert code == 0
    printed = json.loads(out)
    folder = Path(printed.pop("folder"))
    assert folder.parent == tmp_path / "data" / "bench"
    assert json.loads((folder / "report.json").read_text()) == printed
    assert printed["quick"]


def test_ctrl_c_keeps_what_was_measured(bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit code 130, the finished length in table and file, and where it lies."""
    measure_point = Bench._point

    def interrupted(self, subject, series, length, before):
        if length > 16:
            raise KeyboardInterrupt
        return measure_point(self, subject, series, length, before)

    monkeypatch.setattr(Bench, "_point", interrupted)
    code, out, err = bench("--out", str(tmp_path / "out"))
    assert code == 130
    assert "interrupted: some figures are missing" in out
    assert f"what was measured until then is in {tmp_path / 'out'}" in err
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert not report["complete"]
    assert [point["length"] for point in report["series"][0]["points"]] == [16]


def test_without_the_optional_packages(bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line for each says how to get it; table and JSON are made all the same."""
    for name in ("matplotlib", "matplotlib.figure", "transformers"):
        monkeypatch.setitem(sys.modules, name, None)
    code, out, err = bench("--compare")
    assert code == 0
    assert "no plots: they need the package matplotlib (pip install 'griffin-desk[bench]')" in err
    assert "the comparison needs the package transformers: pip install 'griffin-desk[bench]'" in out
    assert "64k*" in out


def test_a_model_that_does_not_fit(bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """One sentence with need and free amount, exit code 2."""
    monkeypatch.setattr("app.inference.free_memory.free_bytes", lambda device: 1000)
    code, _, err = bench()
    assert code == 2
    assert "there is not enough memory for RecurrentGemma-2B shape in int8" in err.splitlines()[-1]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--model", "starter"], "--synthetic and --model exclude each other"),
        (["--lengths", "2x"], '"2x" is not a length'),
        (["--device", "cuda"], "torch finds no CUDA device"),
    ],
)
def test_mistakes(bench, monkeypatch: pytest.MonkeyPatch, options: list[str], message: str) -> None:
    """One sentence each, before anything is measured."""
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    monkeypatch.setattr(Bench, "measure_bandwidth", lambda self: pytest.fail("measured"))
    code, _, err = bench(*options)
    assert code == 2
    assert message in err


def test_out_that_is_a_file(bench, tmp_path: Path) -> None:
    """Said before anything is measured."""
    (tmp_path / "file").touch()
    code, _, err = bench("--out", str(tmp_path / "file"))
    assert (code, err) == (2, f"griffin-desk: error: --out {tmp_path / 'file'} is a file; name a folder\n")


def test_disk_full(bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A report that cannot be written ends the run with one line that does not speak of summaries."""

    def full(path: Path, text: str, *, kept: str) -> None:
        raise ResourceError(f"{path} cannot be written (the disk is full); {kept}", code="disk-full")

    monkeypatch.setattr("app.cli.bench.write_atomically", full)
    code, _, err = bench()
    assert code == 2
    assert "the disk is full); free some space and run the command again" in err.splitlines()[-1]


def test_an_installed_model(tmp_path: Path, capsys: pytest.CaptureFixture[str], starter_model_path: Path) -> None:
    """Without --synthetic the model in force is measured: the starter, as it lies on disk."""
    code = run(["bench", "--lengths", "8", "--quick", "--json", "--data-dir", str(tmp_path / "data")])
    assert code == 0
    (series,) = json.loads(capsys.readouterr().out)["series"]
    assert (series["name"], series["weight_format"]) == ("starter", "int8")
    assert series["points"][0]["decode"]["tokens_per_second"] > 0
