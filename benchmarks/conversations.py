"""How fast does a long-used library list and search its conversations?

    python -m benchmarks.conversations [--conversations 200] [--turns 100] [--rounds 20] [--seed 1]

Fills a temporary library with seeded words (Zipf frequencies, about 60 a turn, every tenth conversation with a branch
or forked from another, every twentieth in Chinese characters), then measures opening the file with its check and
listing, listing alone, and ten searches. Writes benchmarks/results/conversations.json.
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from itertools import accumulate
from pathlib import Path

from app.storage.conversations import ConversationStore, NewTurn
from app.storage.database import Database
from benchmarks.report import write

_VOCABULARY = 30_000
_WORDS_PER_TURN = 60
_LIST_TARGET_MS = 100
_SEARCH_TARGET_MS = 50
_HITS = 50
_SYLLABLES = [c + v for c in "bdfghklmnprstvz" for v in ("a", "e", "i", "o", "u", "an", "er", "in", "or", "al")]


class Words:
    """Words by Zipf's law: the n-th most frequent one is said 1/n as often as the first."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        seen: dict[str, None] = {}
        while len(seen) < _VOCABULARY:
            seen["".join(self._random.choices(_SYLLABLES, k=self._random.randint(1, 4)))] = None
        self.by_rank = list(seen)
        self._weights = list(accumulate(1 / rank for rank in range(1, _VOCABULARY + 1)))

    def turn(self, *, chinese: bool) -> str:
        """A turn of about 60 words, or as many pairs of Chinese characters; lengths vary as chats do."""
        length = max(3, round(self._random.lognormvariate(0, 0.8) * _WORDS_PER_TURN / 1.38))
        if chinese:
            return "".join(chr(0x4E00 + min(2999, int(self._random.expovariate(1 / 400)))) for _ in range(2 * length))
        return " ".join(self._random.choices(self.by_rank, cum_weights=self._weights, k=length)).capitalize() + "."


def fill(store: ConversationStore, words: Words, *, conversations: int, turns: int) -> None:
    """Conversations of equally many turns, some with a second branch from their middle or forked from another."""
    middles: list[int] = []
    for number in range(conversations):
        chinese = number % 20 == 19
        texts = [words.turn(chinese=chinese) for _ in range(turns)]
        tree = [
            NewTurn(
                None if i == 0 else turns // 2 - 1 if i == turns // 2 + turns // 4 and number % 10 == 0 else i - 1,
                "assistant" if i % 2 else "user",
                text,
                "{}",
                float(i),
            )
            for i, text in enumerate(texts)
        ]
        name = f"c{number:04d}"
        if number % 10 == 5:
            store.fork(f"c{number - 1:04d}", middles[-1], new_id=name, title=texts[0][:60], now=float(number))
            tip = store.find(name)[0].tip_turn_id
            for turn in tree[turns // 2 :]:
                tip = store.add_turn(name, parent_id=tip, role=turn.role, text=turn.text, now=float(number))
        else:
            ids = store.insert_tree(name, tree, title=texts[0][:60], model_name="m", now=float(number))
            middles.append(ids[turns // 2 - 1])


def queries(words: Words, store: ConversationStore) -> dict[str, str]:
    """Ten searches by kind; words that are said often, sometimes and hardly ever."""
    chinese = next(t.text for t in store.turns("c0019"))
    ranks = words.by_rank
    return {
        "most frequent word": ranks[0],
        "frequent word": ranks[20],
        "rare word": ranks[8_000],
        "very rare word": ranks[29_000],
        "two words": f"{ranks[50]} {ranks[300]}",
        "two rare words, one hit or none": f"{ranks[9_000]} {ranks[12_000]}",
        "beginning of two letters": ranks[20][:2],
        "word and beginning": f"{ranks[100]} {ranks[8_000][:3]}",
        "piece of a word": ranks[29_000][1:],
        "Chinese": chinese[4:8],
    }


def milliseconds(action: Callable[[], object], rounds: int) -> dict[str, float]:
    """Median and worst of so many runs, after one more."""
    taken = []
    for _ in range(rounds + 1):
        began = time.perf_counter()
        action()
        taken.append(1000 * (time.perf_counter() - began))
    return {"median_ms": round(statistics.median(taken[1:]), 1), "worst_ms": round(max(taken[1:]), 1)}


def main() -> None:
    """Fill, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--conversations", type=int, default=200)
    parser.add_argument("--turns", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    words = Words(options.seed)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "library.sqlite"
        with Database.open(path) as database:
            store = ConversationStore(database)
            fill(store, words, conversations=options.conversations, turns=options.turns)

        def open_and_list() -> None:
            with Database.open(path) as fresh:
                assert len(ConversationStore(fresh).overview()) == options.conversations

        figures = {"open_and_list": milliseconds(open_and_list, options.rounds)}
        with Database.open(path) as database:
            store = ConversationStore(database)
            figures["list"] = milliseconds(store.overview, options.rounds)
            searches = {}
            for kind, query in queries(words, store).items():
                hits = len(store.search(query, limit=_HITS))
                taken = milliseconds(lambda query=query: store.search(query, limit=_HITS), options.rounds)  # type: ignore[misc]
                searches[kind] = {"query": query, "hits": hits, **taken}
        write(
            "conversations",
            {
                "conversations": options.conversations,
                "turns": options.conversations * options.turns,
                "library_bytes": path.stat().st_size,
                **figures,
                "list_target_ms": _LIST_TARGET_MS,
                "searches": searches,
                "search_limit": _HITS,
                "search_target_ms": _SEARCH_TARGET_MS,
            },
        )


if __name__ == "__main__":
    main()
