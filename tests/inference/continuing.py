"""A program that goes on from saved states in a process of its own: `python -m tests.inference.continuing FOLDER`."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path

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


def load(spec: Mapping[str, str]) -> Engine:
    """The model that a specification names: path, weight_format and cache_dir."""
    return Engine.load(
        Path(spec["path"]), device="cpu", weight_format=spec["weight_format"], cache_dir=Path(spec["cache_dir"])
    )


def main(folder: Path) -> None:
    """Write what follows on each state under FOLDER/<model>/<state> to standard output, as JSON."""
    results = {}
    for spec in sorted(folder.glob("*/spec.json")):
        engine = load(json.loads(spec.read_text()))
        for state in sorted(path.parent for path in spec.parent.glob("*/header")):
            results[f"{spec.parent.name}/{state.name}"] = go_on(engine, engine.load_state(take(state)))
    print(json.dumps(results))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
