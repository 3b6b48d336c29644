"""Saved states of the engine continue bit for bit, here and in another process, in every weight format."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from app.inference.token_history import digests_at
from app.inference.weight_format import WeightFormat
from tests.checkpoints import int4_tensors, random_tensors, raw_config, write_chat_model
from tests.conftest import ROOT
from tests.inference.continuing import ids, take

RAW = raw_config("starter", vocab_size=49_152, attention_window_size=2048)
POSITIONS = sorted({1, 3, 4, 127, 128, 2047, 2048, 2049, 5000, 1211, 2673, 4421})
"""Around conv width, pages and window; three of no meaning."""
STARTER_POSITIONS = [130, 2100]
FORMATS = ["float32", "bfloat16", "int8", "int4"]
NAMES = [*FORMATS, "starter"]

Results = Mapping[str, Mapping[str, Mapping[str, object]]]


def _spec(folder: Path, name: str, starter: Path, cache_dir: Path) -> dict[str, str]:
    """A model to save states of: the starter, or a tiny one with its tokenizer."""
    if name == "starter":
        return {"path": str(starter), "weight_format": "int8", "cache_dir": str(cache_dir)}
    tensors = random_tensors(RAW)
    tensors = int4_tensors(tensors) if name == WeightFormat.INT4 else tensors
    path = write_chat_model(folder / "model", starter, RAW, tensors)
    return {"path": str(path), "weight_format": name, "cache_dir": str(cache_dir)}


def _run(action: str, folder: Path) -> Results:
    command = [sys.executable, "-m", "tests.inference.continuing", action, str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    results: Results = json.loads(done.stdout)
    return results


@pytest.fixture(scope="module")
def folder(starter_model_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Models of every format, and then their states as files in <folder>/<model>/<state>."""
    folder, cache_dir = tmp_path_factory.mktemp("saved"), Path(os.environ["GRIFFIN_DESK_CACHE_DIR"])
    for name in NAMES:
        place = folder / name
        place.mkdir()
        spec = _spec(place, name, starter_model_path, cache_dir)
        positions = STARTER_POSITIONS if name == "starter" else POSITIONS
        (place / "spec.json").write_text(json.dumps({**spec, "positions": positions}))
    return folder


@pytest.fixture(scope="module")
def saved(folder: Path) -> Results:
    """How the states went on in the process that saved them, uninterrupted and loaded again."""
    return _run("save", folder)


@pytest.fixture(scope="module")
def elsewhere(folder: Path, saved: Results) -> Results:
    """How all of them go on in one new process."""
    return _run("go-on", folder)


@pytest.mark.parametrize("name", NAMES)
def test_goes_on_in_the_same_process(name: str, saved: Results) -> None:
    """Greedy tokens and every bit of the state and its logits, read on and written on."""
    assert len(saved[name]) == (5 if name == "starter" else 15)
    for state, expected in saved[f"{name} uninterrupted"].items():
        assert saved[name][state] == expected, state


@pytest.mark.parametrize("name", NAMES)
def test_goes_on_in_another_process(name: str, saved: Results, elsewhere: Results) -> None:
    """The same there."""
    assert elsewhere[name].keys() == saved[name].keys()
    for state, expected in saved[f"{name} uninterrupted"].items():
        assert elsewhere[name][state] == expected, state


def test_token_hashes_along_a_document(folder: Path, saved: Results) -> None:
    """The text's own tokens, in pieces of any size, find every state that was saved along it."""
    tokens = ids(POSITIONS[-1])
    pieces = (tokens[start : start + 777] for start in range(0, len(tokens), 777))
    found = dict(digests_at(pieces, POSITIONS))
    for position in POSITIONS:
        assert take(folder / "float32" / f"at {position:04}").token_hash == found[position]
