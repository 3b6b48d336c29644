"""Saved states: the time to the first token after a restart, bytes per bookmark, and what saving costs while writing.

    python -m benchmarks.resume [--model starter|2b] [--tokens 4096,16384,100000] [--rounds 9] [--part NAME]

first_token: a warm worker of its own, and a snapshot file opened anew. From asking for the state after a text of so
many tokens to the first token after it (file, checksums and the way to the worker included), over one decode step of a
running chat at the same place; and both again with a question that is read first.

bookmarks: bytes that a bookmark adds to the file when bookmarks are 512 tokens apart, over a whole state.

saving: loss of tokens per second of answers of 192 tokens (2b: 64) when a state is saved at their beginning, in turn
with answers without: a whole state, of which nothing is known yet, and one as in a chat, where most pages are.

2b: random int8 weights of the 2B's shape, in a folder under benchmarks/.cache. Each part's figures replace that part's
in benchmarks/results/resume.json.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from app.core.paths import DataPaths, cache_dir
from app.core.threads import wait_passively
from app.inference.bench.machine import machine
from app.inference.generator import Message, Sampling, StateRef
from app.services.states import Restored, StateKeeper
from app.storage.snapshots import Place, SnapshotKind, SnapshotStore
from app.worker.client import EngineClient, ModelSpec
from benchmarks.report import RESULTS, ROOT, STARTER, keep_part
from benchmarks.synthetic_folder import int8_folder

RESULT = RESULTS / "resume.json"
CACHE = RESULTS.parent / ".cache"
TEXT = ROOT / "resources" / "sample" / "forests-and-waters.txt"
BUDGET = 4 << 30
SUBJECTS = ("starter", "2b", "2b h200")
READ_AT_ONCE = 4096
STEPS = 48
BOOKMARKS, APART = 16, 512
ANSWER_TOKENS = {"starter": 192, "2b": 64}
RANDOM = Sampling(temperature=1.0, seed=1)
QUESTION = "What does the text say about water?"


@contextmanager
def worker(model: str) -> Iterator[EngineClient]:
    """A warm worker: loaded, and every pass used once."""
    folder = STARTER if model == "starter" else int8_folder(model, CACHE)
    client = EngineClient(ModelSpec(folder, model, cache_dir=cache_dir(DataPaths(CACHE), os.environ)))
    client.start()
    try:
        state = client.new_state()
        client.read(state, _ids(client, 600))
        client.generate(state, [], sampling=RANDOM, max_new_tokens=4)
        client.drop(state)
        yield client
    finally:
        client.close()


def _ids(client: EngineClient, count: int) -> list[int]:
    ids = client.tokenize(TEXT.read_text(encoding="utf-8"))
    return (ids * (count // len(ids) + 1))[:count]


def _keeper(path: Path) -> StateKeeper:
    return StateKeeper(SnapshotStore(path, budget_bytes=BUDGET), now=time.time)


def _place(client: EngineClient, key: str, kind: SnapshotKind = SnapshotKind.END) -> Place:
    return Place("document:benchmark", key, kind, client.info.fingerprint)


def _first_text(client: EngineClient, state: StateRef, prompt: Sequence[int]) -> float:
    """The moment at which the first text of an answer arrives."""
    moments: list[float] = []
    client.generate(
        state, prompt, sampling=RANDOM, max_new_tokens=4, on_text=lambda text: moments.append(time.perf_counter())
    )
    return moments[0]


def first_token(model: str, tokens: Sequence[int], rounds: int) -> dict[str, Any]:
    """See the module's description; one row per length."""
    rows: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(dir=CACHE) as folder:
        path = Path(folder) / "snapshots.sqlite"
        with worker(model) as client:
            keeper = _keeper(path)
            ids = _ids(client, max(tokens))
            state = client.new_state()
            done = 0
            for count in sorted(tokens):
                for start in range(done, count, READ_AT_ONCE):
                    client.read(state, ids[start : min(count, start + READ_AT_ONCE)])
                done = count
                keeper.keep(client, state, _place(client, f"after {count}"))
                keeper.flush()
            keeper.close()
        for count in sorted(tokens):
            # Another process than the one that saved; the file and the keeper are opened anew for every round.
            with worker(model) as client:
                rows[str(count)] = _first_token_at(client, path, _place(client, f"after {count}"), rounds)
                print(f"  {count} tokens: {rows[str(count)]}", flush=True)
    return rows


def _first_token_at(client: EngineClient, path: Path, place: Place, rounds: int) -> dict[str, float]:
    question = client.chat_prompt([Message("user", QUESTION)], fresh=False)
    restored, with_question, steps, warm_question = [], [], [], []
    for _ in range(rounds):
        for prompt, seconds in (([], restored), (question, with_question)):
            keeper = _keeper(path)
            began = time.perf_counter()
            found = keeper.restore(client, place)
            assert isinstance(found, Restored), found
            seconds.append(_first_text(client, found.state, prompt) - began)
            keeper.close()
            if not prompt:
                # The running chat at the same place.
                used = client.usage
                client.generate(found.state, [], sampling=RANDOM, max_new_tokens=STEPS)
                after = client.usage
                steps.append((after.decode_seconds - used.decode_seconds) / (after.decode_tokens - used.decode_tokens))
                began = time.perf_counter()
                warm_question.append(_first_text(client, found.state, question) - began)
            client.drop(found.state)
    step = median(steps)
    return {
        "first_token_ms": round(1e3 * median(restored), 1),
        "decode_step_ms": round(1e3 * step, 2),
        "steps": round(median(restored) / step, 2),
        "with_question_ms": round(1e3 * median(with_question), 1),
        "with_question_in_a_running_chat_ms": round(1e3 * median(warm_question), 1),
    }


def bookmarks(model: str, tokens: Sequence[int], rounds: int) -> dict[str, Any]:
    """See the module's description; from the point on where the window is full."""
    with tempfile.TemporaryDirectory(dir=CACHE) as folder, worker(model) as client:
        store = SnapshotStore(Path(folder) / "snapshots.sqlite", budget_bytes=BUDGET)
        keeper = StateKeeper(store, now=time.time)
        state = client.new_state()
        # Sections end anywhere: the bookmarks do not lie on the pages' edges.
        start = client.info.window_tokens + 301
        ids = _ids(client, start + BOOKMARKS * APART)
        client.read(state, ids[:start])
        keeper.keep(client, state, _place(client, "0", SnapshotKind.BOOKMARK))
        keeper.flush()
        whole, before, added = store.total_bytes(), store.total_bytes(), []
        for number in range(1, BOOKMARKS + 1):
            client.read(state, ids[start + (number - 1) * APART : start + number * APART])
            keeper.keep(client, state, _place(client, str(number), SnapshotKind.BOOKMARK))
            keeper.flush()
            added.append(store.total_bytes() - before)
            before = store.total_bytes()
        keeper.close()
    return {
        "whole_state_bytes": whole,
        "bytes_per_bookmark": round(sum(added) / len(added)),
        "share": round(sum(added) / len(added) / whole, 3),
        "largest_share": round(max(added) / whole, 3),
    }


def saving(model: str, tokens: Sequence[int], rounds: int) -> dict[str, Any]:
    """See the module's description."""
    with tempfile.TemporaryDirectory(dir=CACHE) as folder, worker(model) as client:
        base = client.new_state()
        client.read(base, _ids(client, client.info.window_tokens + 500))
        rates: dict[str, list[float]] = {"without": [], "whole": [], "as_in_a_chat": []}
        for number in range(rounds):
            for kind, found in rates.items():
                keeper = _keeper(Path(folder) / "snapshots.sqlite")
                if kind == "as_in_a_chat":
                    keeper.keep(client, base, _place(client, f"{number} before", SnapshotKind.TURN))
                    keeper.flush()
                state = client.fork(base)
                client.read(state, _ids(client, 40))
                place = _place(client, f"{number} {kind}", SnapshotKind.TURN)
                found.append(_rate(client, state, keeper if kind != "without" else None, place, ANSWER_TOKENS[model]))
                client.drop(state)
                keeper.close()
    without = median(rates["without"])
    return {
        "tokens_per_second": round(without, 2),
        "loss_when_all_is_saved": round(1 - median(rates["whole"]) / without, 4),
        "loss_as_in_a_chat": round(1 - median(rates["as_in_a_chat"]) / without, 4),
        "answer_tokens": ANSWER_TOKENS[model],
    }


def _rate(client: EngineClient, state: StateRef, keeper: StateKeeper | None, place: Place, tokens: int) -> float:
    began = time.perf_counter()
    if keeper is not None:
        keeper.keep(client, state, place)
    client.generate(state, [], sampling=RANDOM, max_new_tokens=tokens)
    return tokens / (time.perf_counter() - began)


PARTS: dict[str, Callable[[str, Sequence[int], int], dict[str, Any]]] = {
    "first_token": first_token,
    "bookmarks": bookmarks,
    "saving": saving,
}


def main() -> None:
    """Run the parts that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", choices=("starter", "2b"), default="starter")
    parser.add_argument("--tokens", default="4096,16384,100000")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--part", choices=PARTS, action="append")
    parser.add_argument("--label", choices=("h200",), help="in the results, where it was not the usual machine")
    options = parser.parse_args()
    wait_passively(os.environ)
    CACHE.mkdir(exist_ok=True)
    tokens = [int(text) for text in options.tokens.split(",")]
    for name in options.part or PARTS:
        print(f"{options.model}, {name}", flush=True)
        found = PARTS[name](options.model, tokens, options.rounds)
        order = [f"{subject} {part}" for subject in SUBJECTS for part in PARTS]
        subject = f"{options.model} {options.label}" if options.label else options.model
        keep_part(RESULT, f"{subject} {name}", {"machine": machine(), **found}, order)
        print(json.dumps(found, indent=1), flush=True)


if __name__ == "__main__":
    main()
