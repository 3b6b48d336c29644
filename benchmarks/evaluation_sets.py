"""The public question and relevance sets that retrieval and answers are measured on, as plain values.

Cranfield (1,400 abstracts, 225 queries), CISI (1,460 abstracts, 76 queries with judgements), XQuAD (240 paragraphs,
1,190 questions; English and Chinese) and COVID-QA (98 papers). None of them is part of the product.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree


@dataclass(frozen=True, slots=True)
class Collection:
    """Texts by id, queries by id, and for each query the ids of the texts that are relevant to it."""

    name: str
    texts: Mapping[str, str]
    queries: Mapping[str, str]
    relevant: Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, its text (a paragraph or a paper, by index), and each gold answer with its place in that text."""

    question: str
    text_index: int
    answers: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class QuestionSet:
    """Texts and the questions about them."""

    name: str
    texts: tuple[str, ...]
    titles: tuple[str, ...]
    asked: tuple[Asked, ...]


def cranfield(eval_dir: Path) -> Collection:
    """Judgements number the queries by their order in the file; grade 0 is "of no interest" and left out."""
    folder = eval_dir / "cranfield"
    # The file is a row of <doc> elements without a root, with stray ampersands.
    xml = (folder / "cran.all.1400.xml").read_text(encoding="utf-8").replace("&", "&amp;")
    docs = ElementTree.fromstring(f"<all>{xml}</all>").iter("doc")
    texts = {_field(doc, "docno"): _field(doc, "text") or _field(doc, "title") for doc in docs}
    tops = ElementTree.fromstring((folder / "cran.qry.xml").read_text(encoding="utf-8")).iter("top")
    queries = {str(number): _field(top, "title") for number, top in enumerate(tops, start=1)}
    relevant: dict[str, set[str]] = {}
    for row in (folder / "cranqrel.trec.txt").read_text(encoding="utf-8").splitlines():
        query, _, text, grade = row.split()
        if int(grade) > 0:
            relevant.setdefault(query, set()).add(text)
    return _collection("Cranfield", texts, queries, relevant)


def _field(element: ElementTree.Element, name: str) -> str:
    return (element.findtext(name) or "").strip()


def cisi(eval_dir: Path) -> Collection:
    """Title and abstract make the text."""
    folder = eval_dir / "cisi"
    texts = {
        number: f"{fields.get('T', '')}\n{fields.get('W', '')}".strip()
        for number, fields in _smart(folder / "CISI.ALL")
    }
    queries = {
        number: f"{fields.get('T', '')}\n{fields.get('W', '')}".strip()
        for number, fields in _smart(folder / "CISI.QRY")
    }
    relevant: dict[str, set[str]] = {}
    for row in (folder / "CISI.REL").read_text(encoding="utf-8").splitlines():
        query, text, *_ = row.split()
        relevant.setdefault(query, set()).add(text)
    return _collection("CISI", texts, queries, relevant)


def _smart(path: Path) -> list[tuple[str, dict[str, str]]]:
    """Records of a file in the SMART format: `.I 7`, then fields of one letter."""
    records = []
    for record in re.split(r"(?m)^\.I ", path.read_text(encoding="utf-8", errors="replace"))[1:]:
        number, _, rest = record.partition("\n")
        pieces = re.split(r"(?m)^\.([TAWXBKCN])\s*\n", rest)
        records.append((number.strip(), dict(zip(pieces[1::2], (p.strip() for p in pieces[2::2]), strict=True))))
    return records


def _collection(name: str, texts: dict[str, str], queries: dict[str, str], relevant: dict[str, set[str]]) -> Collection:
    return Collection(
        name,
        texts,
        {query: text for query, text in queries.items() if relevant.get(query)},
        {query: frozenset(found) for query, found in relevant.items()},
    )


def xquad(eval_dir: Path, language: str = "en") -> QuestionSet:
    """Each paragraph is a text of its own."""
    data = json.loads((eval_dir / "xquad" / f"xquad.{language}.json").read_text(encoding="utf-8"))["data"]
    return _squad(f"XQuAD {language}", data)


def covidqa(eval_dir: Path) -> QuestionSet:
    """The later of the two releases; each paper is a text."""
    data = json.loads((eval_dir / "covidqa" / "200423_covidQA.json").read_text(encoding="utf-8"))["data"]
    return _squad("COVID-QA", data)


def _squad(name: str, data: list[dict[str, object]]) -> QuestionSet:
    texts: list[str] = []
    titles: list[str] = []
    asked: list[Asked] = []
    for article in data:
        for paragraph in article["paragraphs"]:  # type: ignore[attr-defined]
            for qa in paragraph["qas"]:
                answers = tuple((answer["text"], answer["answer_start"]) for answer in qa["answers"])
                asked.append(Asked(qa["question"], len(texts), answers))
            texts.append(paragraph["context"])
            titles.append(str(article.get("title", paragraph.get("document_id", ""))))
    return QuestionSet(name, tuple(texts), tuple(titles), tuple(asked))
