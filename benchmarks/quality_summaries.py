"""How good summaries are, and whether they invent.

    python -m benchmarks.quality summaries [DATA_DIR] [--half tune|report] [--limit N] [--systems a,b] [--cache DIR]

Textbook sections with the book's own summary (data folder eval/openstax_summaries): ROUGE F1 by rouge-score (stemmed)
and the share of supported lines, for two baselines and for every style. Sections of even number were used for tuning,
those of odd number are reported. Systems measured in one run are merged into benchmarks/results/quality_summaries.json;
a run with --cache goes on where it stopped. As a check of the check, every system's lines are also held against
another section's text, where nearly all must come out unsupported.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from statistics import mean

import numpy as np
from rouge_score.rouge_scorer import RougeScorer

from app.documents.model import Document, Page, PageKind, Section
from app.documents.sentences import sentence_spans
from app.documents.words import Lexicon
from app.inference.engine import Engine
from app.tasks import notes, prompts
from app.tasks.budget import Budget, summary_lines
from app.tasks.citations import QuoteIndex, cite, verbatim
from app.tasks.compose import compose_key_passages
from app.tasks.extract import Candidate, candidates, centrality, similarities
from app.tasks.model import Line, SectionNotes, Style
from app.tasks.parts import plan_parts
from app.tasks.prompts import NotesFrom
from app.tasks.summarize import SummaryDone, default_style, summarize

_ROOT = Path(__file__).resolve().parent.parent
_RESULT = _ROOT / "benchmarks" / "results" / "quality_summaries.json"
_STARTER = _ROOT / "resources" / "starter-model"
_PAGE_CHARS = 3000
_METRICS = ("rouge1", "rouge2", "rougeL")
_MAX_HEADING = 40
"""The references begin with a line like "Key Concepts and Summary", which is no part of the summary."""


@dataclass(frozen=True, slots=True)
class Case:
    """One textbook section: its number in the file, its text as a document, the book's own summary."""

    number: int
    document: Document
    reference: str


@dataclass(frozen=True, slots=True)
class Score:
    """One system on one section; ROUGE in percent, supported and foreign as counts of lines."""

    number: int
    rouge1: float
    rouge2: float
    rougeL: float  # noqa: N815 - the metric's name
    words: int
    lines: int
    supported: int
    foreign_supported: int
    """Lines that come out as supported by another section's text: false alarms of the check."""
    seconds: float


System = Callable[[Case], Sequence[Line]]


def load_cases(path: Path) -> list[Case]:
    """The sections as documents of parts of about 3,000 characters."""
    cases: list[Case] = []
    for number, row in enumerate(path.read_text(encoding="utf-8").splitlines()):
        record = json.loads(row)
        heading, _, rest = record["summary"].partition("\n\n")
        reference = rest if rest and len(heading) < _MAX_HEADING else record["summary"]
        cases.append(Case(number, _document(record["title"], record["text"]), reference))
    return cases


def _document(title: str, text: str) -> Document:
    pages: list[str] = []
    for paragraph in text.split("\n\n"):
        if pages and len(pages[-1]) + len(paragraph) < _PAGE_CHARS:
            pages[-1] += "\n\n" + paragraph
        else:
            pages.append(paragraph)
    numbered = tuple(Page(number, page) for number, page in enumerate(pages, start=1))
    length = sum(len(page) + 1 for page in pages) - 1
    section = Section(0, title, 1, 0, length, 1, len(pages))
    return Document(title, "text", "", PageKind.PART, numbered, (section,))


class Systems:
    """The baselines and the styles under one roof; all but lead-3 write as many lines as key-passages may."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lexicon = Lexicon("english")
        self.by_name: dict[str, System] = {
            "lead-3": self.lead_3,
            "lead, same number of lines": self.lead_matched,
            "LexRank": self.lexrank,
            "key-passages, centrality alone": self.centrality_alone,
            "key-passages": lambda case: self._run(case, Style.KEY_PASSAGES, NotesFrom.FRESH_STATE),
            "brief, running state": lambda case: self._run(case, Style.BRIEF, NotesFrom.RUNNING_STATE),
            "brief, fresh state": lambda case: self._run(case, Style.BRIEF, NotesFrom.FRESH_STATE),
            "detailed, running state": lambda case: self._run(case, Style.DETAILED, NotesFrom.RUNNING_STATE),
            "detailed, fresh state": lambda case: self._run(case, Style.DETAILED, NotesFrom.FRESH_STATE),
        }

    def lead_3(self, case: Case) -> list[Line]:
        """The first three sentences, whatever they are."""
        return [verbatim(case.document, span) for span in sentence_spans(case.document.text)[:3]]

    def lead_matched(self, case: Case) -> list[Line]:
        """The first sentences that state something."""
        claims = self._claims(case)
        return [verbatim(case.document, claim.span) for claim in claims[: self._lines(case)]]

    def lexrank(self, case: Case) -> list[Line]:
        """LexRank as published (Erkan and Radev 2004): edges where the cosine exceeds 0.1, the highest ranks win."""
        claims = self._claims(case)
        edges = (similarities([claim.keys for claim in claims]) > 0.1).astype(np.float32)
        best = sorted(np.argsort(-centrality(edges), kind="stable")[: self._lines(case)])
        return [verbatim(case.document, claims[index].span) for index in best]

    def centrality_alone(self, case: Case) -> Sequence[Line]:
        """The key-passages style without the model's opinion."""
        document = case.document
        parts = plan_parts(document, self._engine.tokenize, Budget.for_model(self._engine.info, Style.KEY_PASSAGES))
        sections = [
            SectionNotes(
                part.index,
                part.title,
                1,
                1,
                notes.pick_notes(document, part, candidates(document, part, self._lexicon), None),
            )
            for part in parts
        ]
        return compose_key_passages(document, parts, sections, self._lexicon)

    def _run(self, case: Case, style: Style, notes_from: NotesFrom) -> Sequence[Line]:
        *_, last = summarize(case.document, self._engine, style=style, notes_from=notes_from)
        assert isinstance(last, SummaryDone)
        return last.summary

    def _claims(self, case: Case) -> list[Candidate]:
        whole = Budget(part=10**9, join_below=1, feed=512, note=1)
        (part,) = plan_parts(case.document, self._engine.tokenize, whole)
        return candidates(case.document, part, self._lexicon)

    def _lines(self, case: Case) -> int:
        return summary_lines(Style.KEY_PASSAGES, len(self._engine.tokenize(case.document.text)))


def evaluate(case: Case, other: Case, lines: Sequence[Line], seconds: float, scorer: RougeScorer) -> Score:
    """Score a summary against the book's own and against its own and another section's text."""
    text = "\n".join(line.text for line in lines)
    rouge = scorer.score(case.reference, text)
    return Score(
        case.number,
        *(round(100 * rouge[metric].fmeasure, 3) for metric in _METRICS),
        words=len(text.split()),
        lines=len(lines),
        supported=sum(cite(line.text, _index(case)).supported for line in lines),
        foreign_supported=sum(cite(line.text, _index(other)).supported for line in lines),
        seconds=round(seconds, 2),
    )


@lru_cache(maxsize=400)
def _index(case: Case) -> QuoteIndex:
    return QuoteIndex(case.document, sentence_spans(case.document.text), Lexicon("english"))


def run(data: Path, half: str, limit: int | None, names: Sequence[str], cache: Path | None, threads: int) -> None:
    """Measure some systems on one half of the sections and merge the figures into the result file."""
    cases = load_cases(data / "eval" / "openstax_summaries" / "dev.jsonl")
    chosen = [case for case in cases if case.number % 2 == (0 if half == "tune" else 1)][:limit]
    engine = Engine.load(_STARTER, threads=threads)
    systems = Systems(engine).by_name
    scorer = RougeScorer(list(_METRICS), use_stemmer=True)
    rows: dict[str, object] = {}
    for name in names or systems:
        scores: list[Score] = []
        for case in chosen:
            kept = cache / f"{half}-{name.replace(' ', '_')}-{case.number}.json" if cache else None
            if kept is not None and kept.exists():
                scores.append(Score(**json.loads(kept.read_text())))
                continue
            # The other section comes from another book: neighbours in the file share their subject at times.
            other = cases[(case.number + 37) % len(cases)]
            began = time.perf_counter()
            lines = systems[name](case)
            scores.append(evaluate(case, other, lines, time.perf_counter() - began, scorer))
            if kept is not None:
                kept.parent.mkdir(parents=True, exist_ok=True)
                kept.write_text(json.dumps(asdict(scores[-1])))
        rows[name] = _row(scores)
        print(f"{name:32s} {rows[name]}", flush=True)
    _save(half if limit is None else f"{half}, first {limit}", rows, engine)


def _row(scores: Sequence[Score]) -> dict[str, float | int]:
    lines = max(1, sum(score.lines for score in scores))
    figures = {metric: round(mean(getattr(score, metric) for score in scores), 2) for metric in _METRICS}
    return {
        "sections": len(scores),
        **figures,
        "words": round(mean(score.words for score in scores), 1),
        "lines": round(mean(score.lines for score in scores), 2),
        "supported_share": round(sum(score.supported for score in scores) / lines, 4),
        "supported_by_another_text": round(sum(score.foreign_supported for score in scores) / lines, 4),
        "seconds": round(mean(score.seconds for score in scores), 2),
    }


def _save(half: str, rows: dict[str, object], engine: Engine) -> None:
    result = json.loads(_RESULT.read_text()) if _RESULT.exists() else {}
    result.setdefault(half, {}).update(rows)
    sampling = asdict(prompts.NOTES_SAMPLING)
    result["settings"] = {
        "model": engine.info.name,
        "model_fingerprint": engine.info.fingerprint,
        "weight_format": engine.info.weight_format,
        "default_style": str(default_style(engine.info)),
        "sampling": sampling,
        "model_weight": notes.MODEL_WEIGHT,
        "rouge_score": version("rouge-score"),
        "torch": version("torch"),
        "date": datetime.now(UTC).date().isoformat(),
    }
    _RESULT.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def table() -> str:
    """The reported half, and its first sections where more was measured on them, as Markdown tables."""
    head = "| system | sections | ROUGE-1 | ROUGE-2 | ROUGE-L | words | supported | by another text |"
    lines: list[str] = []
    for part, rows in json.loads(_RESULT.read_text(encoding="utf-8")).items():
        if not part.startswith("report"):
            continue
        lines += ["", head, "|---|---|---|---|---|---|---|---|"]
        for name, row in rows.items():
            figures = " | ".join(f"{row[metric]:.1f}" for metric in _METRICS)
            shares = f"{row['supported_share']:.1%} | {row['supported_by_another_text']:.1%}"
            lines.append(f"| {name} | {row['sections']} | {figures} | {row['words']:.0f} | {shares} |")
    return "\n".join(lines[1:])
