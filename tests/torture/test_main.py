"""The frame of the trials: which are run, what is kept of them, and that a broken row shows."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.report import ROOT
from tests.torture import __main__ as torture
from tests.torture.table import BEGIN, END, table
from tests.torture.trial import TRIALS, Ground, Row, load


def sound(ground: Ground) -> Iterator[Row]:
    """A trial that holds, and says in how many cases."""
    (ground.folder / "left.txt").write_text("left behind")
    yield Row("nothing at all", "nothing | breaks", f"{ground.count(200)} cases, {ground.data}", held=True)


def untried(ground: Ground) -> Iterator[Row]:
    """A trial that cannot be made here."""
    yield Row("something far away", "nothing breaks", f"nobody answered {ground.folder.name}", held=None)


def broken(ground: Ground) -> Iterator[Row]:
    """A trial of which the first row does not hold."""
    yield Row("something", "nothing breaks", "it broke", held=False, figures={"breaks": 1})
    yield Row("something else", "nothing breaks", "nothing broke", held=True)


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Two small trials in the place of the real ones; the file that their figures go to."""
    trials = {"sound": sound, "untried": untried, "broken": broken}
    monkeypatch.setattr(torture, "TRIALS", trials)
    monkeypatch.setattr("tests.torture.table.TRIALS", trials)
    monkeypatch.setattr(torture, "load", trials.__getitem__)
    monkeypatch.setattr(torture, "KEPT", tmp_path / "torture.json")
    monkeypatch.setattr(torture, "PAGE", tmp_path / "page.md")
    (tmp_path / "page.md").write_text(f"Before\n{BEGIN}old\n{END}After\n")
    return tmp_path / "torture.json"


@pytest.mark.parametrize("name", TRIALS)
def test_each_trial_is_there(name: str) -> None:
    """Every name of the list leads to a function."""
    assert callable(load(name))


def test_what_holds_ends_well(kept: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """A trial that holds gives its rows at the scale asked for, exit status 0, and leaves nothing."""
    assert torture.main(["sound", "--scale", "0.1", "--data", str(tmp_path / "absent")]) == 0
    assert "| sound | nothing at all | nothing \\| breaks | 20 cases, None | held |" in capsys.readouterr().out
    assert not kept.exists()


def test_what_breaks_is_told(kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One row that does not hold: exit status 1, the row is marked, the trial is named."""
    assert torture.main(["--keep"]) == 1
    output = capsys.readouterr()
    assert "| broken | something | nothing breaks | it broke | **broken** |" in output.out
    assert output.err.strip() == "broken: broken"


def test_what_was_not_tried_is_neither(kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It breaks nothing, and is not said to hold."""
    assert torture.main(["untried"]) == 0
    assert "| nobody answered untried | not tried |" in capsys.readouterr().out


def test_one_trial_made_again_leaves_the_others(kept: Path) -> None:
    """The file holds a part for each trial, in the order of the list."""
    torture.main(["broken", "--keep"])
    torture.main(["sound", "--keep", "--seed", "7"])
    parts = json.loads(kept.read_text())
    assert list(parts) == ["sound", "broken"]
    assert parts["sound"]["seed"] == 7 and parts["broken"]["rows"][0]["figures"] == {"breaks": 1}
    assert table(kept).count("\n") == 4


def test_the_page_shows_what_was_kept(kept: Path, tmp_path: Path) -> None:
    """The table takes the place of the one before it; the text around it stays."""
    torture.main(["broken", "--keep"])
    assert (tmp_path / "page.md").read_text() == f"Before\n{BEGIN}{table(kept)}\n{END}After\n"


def test_the_documentation_shows_the_figures_that_are_kept() -> None:
    """docs/robustness.md and benchmarks/results/torture.json say the same."""
    results, page = ROOT / "benchmarks" / "results" / "torture.json", ROOT / "docs" / "robustness.md"
    assert f"{BEGIN}{table(results)}\n{END}" in page.read_text(encoding="utf-8")


def test_an_unknown_trial_is_refused(kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It names those there are."""
    with pytest.raises(SystemExit):
        torture.main(["sounds"])
    assert "there is no trial sounds: they are sound, untried, broken" in capsys.readouterr().err
