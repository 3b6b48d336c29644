"""Saved states of the engine continue bit for bit, here and in another process, in every weight format."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
import torch

from app.inference.checkpoints.quantized import WeightFormat
from app.inference.engine import Engine
from app.inference.generator import Sampling
from app.inference.state_header import StateHeader
from app.inference.token_history import digests_at
from tests.checkpoints import int4_tensors, random_tensors, raw_config, write_checkpoint
from tests.conftest import ROOT
from tests.inference.continuing import go_on, load, put, take

RAW = raw_config("starter", vocab_size=49_152, attention_window_size=2048)
POSITIONS = sorted({1, 3, 4, 127, 128, 2047, 2048, 2049, 5000, 1211, 2673, 4421})
"""Around conv width, pages and window; three of no meaning."""
STARTER_POSITIONS = [130, 2100]
FORMATS = ["float32", "bfloat16", "int8", "int4"]
NAMES = [*FORMATS, "starter"]

Results = Mapping[str, Mapping[str, object]]


def _ids(count: int) -> list[int]:
    return torch.randint(100, 40_000, (count,), generator=torch.Generator().manual_seed(0)).tolist()


def _spec(folder: Path, name: str, starter: Path, cache_dir: Path) -> dict[str, str]:
    """A model to save states of: the starter, or a tiny one with its tokenizer."""
    if name == "starter":
        return {"path": str(starter), "weight_format": "int8", "cache_dir": str(cache_dir)}
    tensors = random_tensors(RAW)
    path = write_checkpoint(folder / "model", RAW, int4_tensors(tensors) if name == WeightFormat.INT4 else tensors)
    for file in ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja"):
        shutil.copy(starter / file, path)
    return {"path": str(path), "weight_format": name, "cache_dir": str(cache_dir)}


def _save_all(engine: Engine, folder: Path, positions: list[int]) -> dict[str, Mapping[str, object]]:
    """States along one run and some of its forks as files, and how each went on that was never saved and loaded."""
    uninterrupted: dict[str, Mapping[str, object]] = {}
    ids, state, at = _ids(positions[-1]), engine.new_state(), 0

    def save(name: str) -> None:
        put(folder / name, engine.save_state(state))
        fork = engine.fork(state)
        uninterrupted[name] = go_on(engine, fork)
        engine.drop(fork)

    for position in positions:
        engine.read(state, ids[at:position])
        at = position
        save(f"at {position:04}")
    # From here on what was restored, or forked, is saved in its turn.
    state = engine.load_state(take(folder / f"at {positions[0]:04}"))
    engine.read(state, ids[:300])
    state = engine.load_state(engine.save_state(state))
    engine.read(state, ids[:5])
    save("restored twice")
    state = engine.fork(state)
    engine.read(state, ids[:130])
    save("fork")
    engine.generate(state, ids[:9], sampling=Sampling(temperature=1.0, seed=1), max_new_tokens=7)
    save("answer")
    return uninterrupted


@pytest.fixture(scope="module")
def saved(starter_model_path: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Results]:
    """States of every model as files in <folder>/<model>/<state>, and by that name how their own runs went on."""
    folder, cache_dir = tmp_path_factory.mktemp("saved"), Path(os.environ["GRIFFIN_DESK_CACHE_DIR"])
    uninterrupted: dict[str, Mapping[str, object]] = {}
    for name in NAMES:
        place = folder / name
        place.mkdir()
        spec = _spec(place, name, starter_model_path, cache_dir)
        (place / "spec.json").write_text(json.dumps(spec))
        engine = load(spec)
        assert engine.info.weight_format == spec["weight_format"]
        results = _save_all(engine, place, STARTER_POSITIONS if name == "starter" else POSITIONS)
        uninterrupted |= {f"{name}/{state}": result for state, result in results.items()}
    return folder, uninterrupted


@pytest.fixture(scope="module")
def elsewhere(saved: tuple[Path, Results]) -> Results:
    """How all of them go on in one new process."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.inference.continuing", str(saved[0])], cwd=ROOT, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    results: Results = json.loads(done.stdout)
    return results


@pytest.mark.parametrize("name", NAMES)
def test_goes_on_in_the_same_process(name: str, saved: tuple[Path, Results]) -> None:
    """Greedy tokens and every bit of the state and its logits, read on and written on."""
    folder, uninterrupted = saved
    engine = load(json.loads((folder / name / "spec.json").read_text()))
    states = sorted(path.parent for path in (folder / name).glob("*/header"))
    assert len(states) == (5 if name == "starter" else 15)
    for state in states:
        assert go_on(engine, engine.load_state(take(state))) == uninterrupted[f"{name}/{state.name}"], state.name


@pytest.mark.parametrize("name", NAMES)
def test_goes_on_in_another_process(name: str, saved: tuple[Path, Results], elsewhere: Results) -> None:
    """The same there."""
    assert elsewhere.keys() == saved[1].keys()
    for state, expected in saved[1].items():
        if state.startswith(f"{name}/"):
            # Where these differ nothing is promised; they are the same machine's, and its choices are kept in a file.
            assert _made_with(elsewhere[state]) == _made_with(expected), state
            assert elsewhere[state] == expected, state


def _made_with(result: Mapping[str, object]) -> Mapping[str, str]:
    return StateHeader.parse(str(result["read"])).made_with


def test_token_hashes_along_a_document(saved: tuple[Path, Results]) -> None:
    """The text's own tokens, in pieces of any size, find every state that was saved along it."""
    ids = _ids(POSITIONS[-1])
    found = digests_at((ids[start : start + 777] for start in range(0, len(ids), 777)), POSITIONS)
    for position in POSITIONS:
        assert take(saved[0] / "float32" / f"at {position:04}").token_hash == found[position]
