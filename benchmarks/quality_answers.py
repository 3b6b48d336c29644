"""How well questions are answered, by every way there is: the figures behind the choice of one.

    python -m benchmarks.quality answers [DATA_DIR] [--half tune|report] [--limit N] [--systems a;b]

On XQuAD (240 paragraphs as one document) and COVID-QA (each paper a document of parts of 3,000 characters), with the
starter model: the extract of the search alone, the model's choice among its sentences, and answers that the model
writes from evidence in its prompt, from the state at the end of the best passage (the best place a bookmark can have),
from the state at the document's end, and from that state with the evidence before the question. Token F1 and exact
match as SQuAD's own script takes them, the share of answers that hold the gold answer, the share in which the page of
the gold answer is cited, and how much of what was written is cited at all. Texts of even number are for tuning, those
of odd number are reported.
"""

from __future__ import annotations

import json
import random
import re
import string
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import mean

from app.inference.bench.machine import machine
from app.inference.engine import Engine
from app.inference.generator import StateRef
from app.services.answers import extract_of
from app.services.codec import line_to_json
from app.services.library import LibraryDocument
from app.services.search import Findings
from app.tasks.answer import quoted_answer, written_answer
from app.tasks.feeds import feeds, reading_plan
from app.tasks.model import Line
from benchmarks.citation_check import tally
from benchmarks.evaluation_sets import Asked, QuestionSet, covidqa, xquad
from benchmarks.report import RESULTS, STARTER, keep_part
from benchmarks.search_library import SearchLibrary

WAYS = (
    "extract, first sentence",
    "extract",
    "quoted",
    "written from evidence",
    "written at the passage's bookmark",
    "written at the document's end",
    "written at the document's end, with evidence",
)
_SEED = 11
_RESULT = RESULTS / "quality_answers.json"


@dataclass(frozen=True, slots=True)
class Case:
    """A question, its document, and where the gold answer begins there."""

    asked: Asked
    item: LibraryDocument
    gold_offset: int

    @property
    def golds(self) -> list[str]:
        """The gold answers."""
        return [text for text, _ in self.asked.answers]


def cases(questions: QuestionSet, items: Sequence[LibraryDocument], starts: Sequence[int]) -> list[Case]:
    """All questions with their documents: `starts` are the offsets of the texts in them."""
    found = []
    for asked in questions.asked:
        item = items[asked.text_index] if len(items) > 1 else items[0]
        text, start = asked.answers[0]
        found.append(Case(asked, item, _nearest(item.document.text, text, starts[asked.text_index] + start)))
    return found


def _nearest(text: str, answer: str, place: int) -> int:
    """Where an answer stands nearest to a place: cutting a text into pages moves it by a few characters."""
    places = [match.start() for match in re.finditer(re.escape(answer[:60]), text)]
    return min(places, key=lambda found: abs(found - place), default=place)


class Ways:
    """The ways to an answer that are wanted, for one document after the other."""

    def __init__(self, engine: Engine, wanted: Collection[str]) -> None:
        self._engine = engine
        self._wanted = wanted

    def all(self, group: Sequence[tuple[Case, Findings]]) -> Iterator[tuple[Case, str, tuple[Line, ...], float]]:
        """Case, way, lines and seconds for the questions of one document."""
        engine = self._engine
        states: dict[int, StateRef] = {}
        if self._wanted & {WAYS[4], WAYS[5], WAYS[6]}:
            ends = {found.evidence[0].end for _, found in group if found.evidence}
            states = dict(self._states(group[0][0].item, ends))
        for case, found in group:
            question, evidence = case.asked.question, found.evidence
            here = states.get(evidence[0].end if evidence else -1)
            write = partial(written_answer, question, evidence, engine)
            answers: dict[str, Callable[[], tuple[Line, ...]]] = {
                WAYS[0]: lambda f=found, q=question: extract_of(f, q)[:1],
                WAYS[1]: partial(extract_of, found, question),
                WAYS[2]: lambda f=found, q=question: quoted_answer(q, f.sentences, engine).lines,
                WAYS[3]: lambda w=write: w().lines,
                WAYS[4]: lambda w=write, s=here: w(after=s, with_excerpts=False).lines,
                WAYS[5]: lambda w=write: w(after=states[-1], with_excerpts=False).lines,
                WAYS[6]: lambda w=write: w(after=states[-1]).lines,
            }
            for way in WAYS:
                if way in self._wanted:
                    began = time.perf_counter()
                    lines = answers[way]()
                    yield case, way, lines, time.perf_counter() - began
        for state in set(states.values()):
            engine.drop(state)

    def _states(self, item: LibraryDocument, ends: set[int]) -> Iterator[tuple[int, StateRef]]:
        """The state behind each of these offsets, and at the document's end (-1)."""
        document, engine = item.document, self._engine
        parts, _ = reading_plan(document, engine)
        state = engine.new_state()
        engine.read(state, engine.document_prefix())
        left = sorted(ends)
        for part in parts:
            for feed in feeds(document, part, engine.tokenize, 1):
                engine.read(state, feed.ids)
                while left and left[0] <= feed.end:
                    yield left.pop(0), engine.fork(state)
        for end in left:
            yield end, engine.fork(state)
        yield -1, state


def normalised(text: str) -> list[str]:
    """Words as SQuAD's script compares them: lower case, no punctuation, no articles."""
    bare = "".join(character for character in text.lower() if character not in string.punctuation)
    return re.sub(r"\b(a|an|the)\b", " ", bare).split()


def token_f1(text: str, gold: str) -> float:
    """Harmonic mean of precision and recall over words."""
    said, wanted = normalised(text), normalised(gold)
    common = sum((Counter(said) & Counter(wanted)).values())
    return 2 * common / (len(said) + len(wanted)) if common else 0.0


def holds(text: str, gold: str) -> bool:
    """Whether a text holds the gold answer's words in a row; of long answers, four in five of them."""
    if gold.strip() in text:
        return True
    said, wanted = normalised(text), normalised(gold)
    if len(wanted) > 8:
        return sum((Counter(said) & Counter(wanted)).values()) >= 0.8 * len(wanted)
    return f" {' '.join(wanted)} " in f" {' '.join(said)} "


def row(results: Sequence[tuple[Case, tuple[Line, ...], float]]) -> dict[str, float | int]:
    """The figures of one way."""
    texts = [" ".join(line.text for line in lines) for _, lines, _ in results]
    golds = [case.golds for case, _, _ in results]
    checked = tally((f"{number}", line_to_json(line)) for number, (_, lines, _) in enumerate(results) for line in lines)
    pages = [
        case.item.document.page_at(case.gold_offset) in {c.page for line in lines for c in line.citations}
        for case, lines, _ in results
    ]
    return {
        "questions": len(results),
        "token_f1": _mean(max(token_f1(t, g) for g in gold) for t, gold in zip(texts, golds, strict=True)),
        "exact_match": _mean(
            any(normalised(t) == normalised(g) for g in gold) for t, gold in zip(texts, golds, strict=True)
        ),
        "holds_gold": _mean(any(holds(t, g) for g in gold) for t, gold in zip(texts, golds, strict=True)),
        "gold_page_cited": _mean(pages),
        "lines": checked.lines,
        "share_cited": round(checked.cited / max(1, checked.lines), 4),
        "citation_precision": round(1 - len(checked.failures) / max(1, checked.cited), 4),
        "seconds": _mean(seconds for _, _, seconds in results),
    }


def _mean(values: Iterator[float] | Sequence[float]) -> float:
    return round(mean(map(float, values)), 4)


def run(data: Path, limit: int, ways: Collection[str], *, half: str, threads: int) -> None:
    """Measure some ways on `limit` questions of each set and keep the figures; those of other ways stay."""
    engine = Engine.load(STARTER, threads=threads)
    for questions, together in ((xquad(data / "eval"), True), (covidqa(data / "eval"), False)):
        with tempfile.TemporaryDirectory() as folder, SearchLibrary(Path(folder)) as library:
            items, starts = (library.one_document if together else library.one_each)(questions)
            # Five paragraphs in a row are of one article.
            chunk = 5 if together else 1
            wanted = [
                case
                for case in cases(questions, items, starts)
                if (case.asked.text_index // chunk % 2 == 1) == (half == "report")
            ]
            by_document: dict[str, list[tuple[Case, Findings]]] = {}
            for case in random.Random(_SEED).sample(wanted, min(limit, len(wanted))):
                found = library.search.find([case.item], case.asked.question)
                by_document.setdefault(case.item.document_id, []).append((case, found))
        results: dict[str, list[tuple[Case, tuple[Line, ...], float]]] = {way: [] for way in WAYS if way in ways}
        for group in by_document.values():
            for case, way, lines, seconds in Ways(engine, set(ways)).all(group):
                results[way].append((case, lines, seconds))
        figures = {way: row(found) for way, found in results.items()}
        for way, found in figures.items():
            print(f"{questions.name:10s} {way:45s} {json.dumps(found)}", flush=True)
        name = f"{questions.name}, {half}"
        kept = json.loads(_RESULT.read_text(encoding="utf-8")) if _RESULT.exists() else {}
        figures = kept.get(name, {}).get("ways", {}) | figures
        keep_part(
            _RESULT,
            name,
            {
                "model": engine.info.name,
                "machine": machine(),
                "seed": _SEED,
                "ways": {way: figures[way] for way in WAYS if way in figures},
            },
            [f"{name}, {part}" for part in ("report", "tune") for name in ("XQuAD en", "COVID-QA")],
        )


def table() -> str:
    """The reported halves as Markdown tables."""
    lines: list[str] = []
    for name, part in json.loads(_RESULT.read_text(encoding="utf-8")).items():
        if not name.endswith("report"):
            continue
        lines += [
            "",
            f"| {name.removesuffix(', report')} | questions | token F1 | exact | holds the gold answer |"
            " gold page cited | sentences cited | citations right | seconds |",
            "|---|---|---|---|---|---|---|---|---|",
        ]
        for way, row in part["ways"].items():
            shares = [row[key] for key in ("holds_gold", "gold_page_cited", "share_cited", "citation_precision")]
            cells = [f"{row['token_f1']:.3f}", f"{row['exact_match']:.3f}", *(f"{share:.0%}" for share in shares)]
            lines.append(f"| {way} | {row['questions']} | {' | '.join(cells)} | {row['seconds']:.1f} |")
    return "\n".join(lines[1:])
