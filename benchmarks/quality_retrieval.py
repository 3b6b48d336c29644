"""How well passages are found, and how fast: by words, and by words and meaning together.

    python -m benchmarks.quality retrieval [DATA_DIR]

Against `bm25s` with its default settings on the same texts: nDCG@10 and recall@5 on Cranfield and CISI (each abstract a
passage). Whether the paragraph that holds the answer is among the first passages: XQuAD in English and in Chinese, 240
paragraphs as one document. The same for the passages of each COVID-QA paper. Whether the extract holds the gold answer
and cites its page. Which questions are declined as "nothing
relevant": those asked of their own document, which should not be, and those asked of a document about something else.
Passages indexed a second, and milliseconds for a search over 20,000.
"""

from __future__ import annotations

import json
import random
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from itertools import cycle, islice
from math import log2
from pathlib import Path
from statistics import mean, quantiles
from typing import Any

import bm25s

from app.core.paths import resources_dir
from app.retrieval.encoder import Encoder, OnnxEncoder
from app.retrieval.encoder_files import find_encoder
from app.services.answers import extract_of
from app.services.library import LibraryDocument
from benchmarks.evaluation_sets import Collection, QuestionSet, cisi, covidqa, cranfield, xquad
from benchmarks.quality_answers import Case, cases, holds
from benchmarks.report import RESULTS, write
from benchmarks.search_library import SearchLibrary

_SEED = 7
_BIG = 20_000
"""Passages of the search that is timed."""


def ndcg(ranked: Sequence[str], relevant: frozenset[str], depth: int = 10) -> float:
    """Normalised discounted cumulative gain with grades 0 and 1."""
    gain = sum(1 / log2(place + 2) for place, text in enumerate(ranked[:depth]) if text in relevant)
    return gain / sum(1 / log2(place + 2) for place in range(min(depth, len(relevant))))


def recall(ranked: Sequence[str], relevant: frozenset[str], depth: int = 5) -> float:
    """The share of the relevant texts among the first."""
    return len(set(ranked[:depth]) & relevant) / len(relevant)


def by_bm25s(texts: Sequence[str], queries: Sequence[str], depth: int) -> list[list[int]]:
    """Indices of texts for each query, best first, by bm25s as it comes."""
    retriever = bm25s.BM25()
    retriever.index(bm25s.tokenize(list(texts), show_progress=False), show_progress=False)
    asked = bm25s.tokenize(list(queries), show_progress=False)
    found, _ = retriever.retrieve(asked, k=min(depth, len(texts)), show_progress=False)
    return [[int(index) for index in row] for row in found]


def relevance(collection: Collection, library: SearchLibrary) -> dict[str, Any]:
    """nDCG@10 and recall@5 of this library's search and of bm25s."""
    names, queries = list(collection.texts), list(collection.queries)
    item = library.passages(collection.name, [collection.texts[name] for name in names])
    _made_ready(library, item)

    def ours(query: str) -> list[str]:
        return [names[found.passage.id] for found in library.search.rank([item], collection.queries[query])]

    theirs = by_bm25s(list(collection.texts.values()), list(collection.queries.values()), 10)
    rankings = {
        "ours": [ours(query) for query in queries],
        "bm25s": [[names[index] for index in row] for row in theirs],
    }
    figures: dict[str, Any] = {"texts": len(names), "queries": len(queries)}
    for name, ranking in rankings.items():
        pairs = [(ranked, collection.relevant[query]) for query, ranked in zip(queries, ranking, strict=True)]
        figures[name] = {
            "ndcg@10": round(mean(ndcg(*pair) for pair in pairs), 4),
            "recall@5": round(mean(recall(*pair) for pair in pairs), 4),
        }
    figures["ndcg_ratio"] = round(figures["ours"]["ndcg@10"] / figures["bm25s"]["ndcg@10"], 3)
    return figures


def gold_found(found: Sequence[Case], library: SearchLibrary) -> dict[str, float]:
    """How often a passage with the gold answer's beginning is among the first 1, 3, 5 and 10."""
    places: list[int] = []
    for case in found:
        ranked = library.search.rank([case.item], case.asked.question, limit=10)
        at = (i for i, r in enumerate(ranked) if r.passage.start <= case.gold_offset < r.passage.end)
        places.append(next(at, 10))
    return {f"first_{depth}": round(mean(place < depth for place in places), 4) for depth in (1, 3, 5, 10)}


def extracts(found: Sequence[Case], library: SearchLibrary) -> dict[str, float]:
    """How often the extract's first sentence, and all of it, holds the gold answer and cites its page."""
    rows: list[tuple[bool, bool, bool]] = []
    for case in found:
        lines = extract_of(library.search.find([case.item], case.asked.question), case.asked.question)
        page = case.item.document.page_at(case.gold_offset)
        held = [any(holds(line.text, gold) for gold in case.golds) for line in lines]
        rows.append((any(held[:1]), any(held), page in {c.page for line in lines for c in line.citations}))
    return {
        "first_holds_gold": round(mean(first for first, _, _ in rows), 4),
        "extract_holds_gold": round(mean(any_of for _, any_of, _ in rows), 4),
        "gold_page_cited": round(mean(cited for _, _, cited in rows), 4),
    }


def declined(pairs: Sequence[tuple[LibraryDocument, str]], library: SearchLibrary) -> float:
    """The share of questions for which nothing relevant is found."""
    return round(mean(not library.search.find([item], question).evidence for item, question in pairs), 4)


def speed(texts: Sequence[str], questions: Sequence[str], library: SearchLibrary) -> dict[str, float]:
    """Passages indexed a second, and the milliseconds of searches over 20,000 passages."""
    item = library.passages("many", list(islice(cycle(texts), _BIG)))
    began = time.perf_counter()
    library.search.index(item)
    indexed = time.perf_counter() - began
    if library.search.similarity is not None:
        # Real vectors of the first texts, for all: what they say does not change the time.
        reading = library.search.index(item)
        assert reading is not None
        _copy_vectors(library, reading.id)
    library.search.rank([item], questions[0])
    times = []
    for question in questions:
        began = time.perf_counter()
        library.search.rank([item], question, limit=10)
        times.append(1000 * (time.perf_counter() - began))
    cuts = quantiles(times, n=20)
    return {
        "passages": _BIG,
        "indexed_per_second": round(_BIG / indexed),
        "search_ms_median": round(cuts[9], 1),
        "search_ms_95_of_100": round(cuts[18], 1),
    }


def _copy_vectors(library: SearchLibrary, reading_id: int) -> None:
    with library.database.transaction() as db:
        encoder, vectors, count = db.execute(
            "SELECT encoder, vectors, json_array_length(numbers) FROM passage_vectors ORDER BY length(vectors) DESC"
        ).fetchone()
        width = len(vectors) // count
        for first in range(0, _BIG, count):
            numbers = list(range(first, min(first + count, _BIG)))
            db.execute(
                "INSERT INTO passage_vectors (reading_id, encoder, numbers, vectors) VALUES (?, ?, ?, ?)",
                [reading_id, encoder, json.dumps(numbers), vectors[: width * len(numbers)]],
            )


def _made_ready(library: SearchLibrary, *items: LibraryDocument) -> None:
    for item in items:
        library.search.index(item)
        library.search.encode(item)


def measure(data: Path, encoder: Encoder | None) -> dict[str, Any]:
    """All figures of one way to search."""
    figures: dict[str, Any] = {}
    for collection in (cranfield(data / "eval"), cisi(data / "eval")):
        figures[collection.name] = _in_library(encoder, lambda library, c=collection: relevance(c, library))
        print(collection.name, figures[collection.name], flush=True)
    for language in ("en", "zh"):
        questions = xquad(data / "eval", language)
        figures[questions.name] = _in_library(encoder, lambda library, q=questions: _one_document(q, library))
        print(questions.name, figures[questions.name], flush=True)
    figures |= _in_library(encoder, lambda library: _papers(data, library))
    print(figures, flush=True)
    return figures


def _in_library(encoder: Encoder | None, action: Callable[[SearchLibrary], dict[str, Any]]) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder, SearchLibrary(Path(folder), encoder) as library:
        return action(library)


def _one_document(questions: QuestionSet, library: SearchLibrary) -> dict[str, Any]:
    items, starts = library.one_document(questions)
    _made_ready(library, *items)
    found = cases(questions, items, starts)
    return {"questions": len(found), **gold_found(found, library), **extracts(found, library)}


def _papers(data: Path, library: SearchLibrary) -> dict[str, Any]:
    """COVID-QA, what is declined, and the speed: all on the same papers."""
    papers, paragraphs = covidqa(data / "eval"), xquad(data / "eval")
    items, starts = library.one_each(papers)
    (whole,), _ = library.one_document(paragraphs)
    _made_ready(library, *items, whole)
    rng = random.Random(_SEED)
    of_papers, of_paragraphs = rng.sample(papers.asked, 300), rng.sample(paragraphs.asked, 300)
    own = [(whole, asked.question) for asked in of_paragraphs]
    own_paper = [(items[asked.text_index], asked.question) for asked in of_papers]
    found = cases(papers, items, starts)
    figures: Mapping[str, Any] = {
        papers.name: {"questions": len(found), **gold_found(found, library), **extracts(found, library)},
        "declined": {
            "XQuAD, own document": declined(own, library),
            "COVID-QA, own paper": declined(own_paper, library),
            "XQuAD, asked of a paper": declined([(rng.choice(items), a.question) for a in of_paragraphs], library),
            "COVID-QA, asked of XQuAD's paragraphs": declined([(whole, a.question) for a in of_papers], library),
            "COVID-QA, asked of another paper": declined(
                [(items[(a.text_index + 17) % len(items)], a.question) for a in of_papers], library
            ),
        },
        "speed": speed([p.text for item in items for p in item.passages], [a.question for a in of_papers], library),
    }
    return dict(figures)


def run(data: Path) -> None:
    """Measure both ways and write the figures."""
    files = find_encoder("", resources_dir())
    figures: dict[str, Any] = {"bm25s": version("bm25s"), "by words": measure(data, None)}
    if files is not None:
        began = time.perf_counter()
        figures["encoder"] = files.name
        figures["by words and meaning"] = measure(data, OnnxEncoder(files))
        figures["seconds_with_encoder"] = round(time.perf_counter() - began)
    write("quality_retrieval", figures)


def table() -> str:
    """The figures as Markdown tables."""
    figures = json.loads((RESULTS / "quality_retrieval.json").read_text(encoding="utf-8"))
    ways = [way for way in ("by words", "by words and meaning") if way in figures]
    lines = [
        "| set | " + " | ".join(["bm25s", *ways, *(f"{way}, over bm25s" for way in ways)]) + " |",
        "|---|" + "---|" * (1 + 2 * len(ways)),
    ]
    for name in ("Cranfield", "CISI"):
        found = [figures[way][name] for way in ways]
        for metric in ("ndcg@10", "recall@5"):
            values = [found[0]["bm25s"][metric], *(f["ours"][metric] for f in found)]
            ratios = [value / values[0] for value in values[1:]]
            cells = [*(f"{value:.3f}" for value in values), *(f"{ratio:.2f}" for ratio in ratios)]
            lines.append(f"| {name}, {metric} | {' | '.join(cells)} |")
    lines += ["", "| gold passage among the first | " + " | ".join(f"{w}: 1 | 3 | 5 | 10" for w in ways) + " |"]
    lines.append("|---|" + "---|" * (4 * len(ways)))
    for name in ("XQuAD en", "XQuAD zh", "COVID-QA"):
        cells = [f"{figures[way][name][f'first_{depth}']:.3f}" for way in ways for depth in (1, 3, 5, 10)]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    lines += ["", "| extract | " + " | ".join(f"{w}: first sentence | three | gold page" for w in ways) + " |"]
    lines.append("|---|" + "---|" * (3 * len(ways)))
    for name in ("XQuAD en", "XQuAD zh", "COVID-QA"):
        kinds = ("first_holds_gold", "extract_holds_gold", "gold_page_cited")
        cells = [f"{figures[way][name][kind]:.3f}" for way in ways for kind in kinds]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    lines += ["", f"| declined as nothing relevant | {' | '.join(ways)} |", "|---|" + "---|" * len(ways)]
    for name in figures[ways[0]]["declined"]:
        shares = [figures[way]["declined"][name] for way in ways]
        lines.append(f"| {name} | {' | '.join(f'{share:.1%}' for share in shares)} |")
    return "\n".join(lines)
