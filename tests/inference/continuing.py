"""Programs that save states and go on from them, each in a process of its own.

    python -m tests.inference.continuing save FOLDER
    python -m tests.inference.continuing go-on FOLDER

Both print how each state goes on, as JSON: the first one of states that were never saved and loaded, and of the same
loaded again at once. Neither is done by the process that runs the tests: that may have compiled the passes for itself,
and two compilations of one function need not agree in the last bit.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from app.inference.engine import Engine
from app.inference.generator import Sampling, SavedState, StatePage, StateRef
from app.inference.state_header import StateHeader

MORE_TOKENS, ANSWER_TOKENS = 40, 8


def put(folder: Path, saved: SavedState) -> None:
    """The parts of a state as files."""
    folder.mkdir(parents=True)
    (folder / "header").write_text(saved.header)
    (folder / "recurrent").write_bytes(saved.recurrent)
    for page in saved.pages:
        assert page.data is not None
        (folder / page.digest).write_bytes(page.data)


def take(folder: Path) -> SavedState:
    """The same state again."""
    text = (folder / "header").read_text()
    header = StateHeader.parse(text)
    pages = tuple(StatePage(*page, (folder / page[2]).read_bytes()) for page in header.pages)
    return SavedState(text, header.position, header.token_hash, (folder / "recurrent").read_bytes(), pages)


def go_on(engine: Engine, state: StateRef) -> dict[str, object]:
    """Write at once, in a fork; then read on, write again and give all there is of the state: headers hash every byte.

    Tokens are greedy; the header covers the logits too.
    """
    fork = engine.fork(state)
    at_once = _answer(engine, fork) if engine.position(state) else ()
    engine.drop(fork)
    # Within the smallest vocabulary of the tests, and after the tokenizers' control tokens.
    engine.read(state, [100 + (7 * number) % 400 for number in range(MORE_TOKENS)])
    read = engine.save_state(state).header
    return {"at_once": at_once, "read": read, "then": _answer(engine, state), "end": engine.save_state(state).header}


def _answer(engine: Engine, state: StateRef) -> list[int]:
    return list(engine.generate(state, [], sampling=Sampling(), max_new_tokens=ANSWER_TOKENS).token_ids)


def load(spec: Mapping[str, Any]) -> Engine:
    """The model that a specification names: path, weight_format and cache_dir."""
    return Engine.load(
        Path(spec["path"]), device="cpu", weight_format=spec["weight_format"], cache_dir=Path(spec["cache_dir"])
    )


def ids(count: int) -> list[int]:
    """Random tokens, the same in every process."""
    return torch.randint(100, 40_000, (count,), generator=torch.Generator().manual_seed(0)).tolist()


def save_all(engine: Engine, folder: Path, positions: list[int]) -> dict[str, Mapping[str, object]]:
    """States along one run and some of its forks as files, and how each went on that was never saved and loaded."""
    uninterrupted: dict[str, Mapping[str, object]] = {}
    tokens, state, at = ids(positions[-1]), engine.new_state(), 0

    def save(name: str) -> None:
        put(folder / name, engine.save_state(state))
        fork = engine.fork(state)
        uninterrupted[name] = go_on(engine, fork)
        engine.drop(fork)

    for position in positions:
        engine.read(state, tokens[at:position])
        at = position
        save(f"at {position:04}")
    # From here on what was restored, or forked, is saved in its turn.
    state = engine.load_state(take(folder / f"at {positions[0]:04}"))
    engine.read(state, tokens[:300])
    state = engine.load_state(engine.save_state(state))
    engine.read(state, tokens[:5])
    save("restored twice")
    state = engine.fork(state)
    engine.read(state, tokens[:130])
    save("fork")
    engine.generate(state, tokens[:9], sampling=Sampling(temperature=1.0, seed=1), max_new_tokens=7)
    save("answer")
    return uninterrupted


def go_on_all(engine: Engine, folder: Path) -> dict[str, Mapping[str, object]]:
    """How each of a model's saved states goes on."""
    states = sorted(path.parent for path in folder.glob("*/header"))
    return {state.name: go_on(engine, engine.load_state(take(state))) for state in states}


def main(action: str, folder: Path) -> None:
    """Do one of the two for every model under FOLDER."""
    results: dict[str, dict[str, Mapping[str, object]]] = {}
    for path in sorted(folder.glob("*/spec.json")):
        spec = json.loads(path.read_text())
        engine = load(spec)
        assert engine.info.weight_format == spec["weight_format"]
        name = path.parent.name
        if action == "save":
            results[f"{name} uninterrupted"] = save_all(engine, path.parent, spec["positions"])
        results[name] = go_on_all(engine, path.parent)
    print(json.dumps(results))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
