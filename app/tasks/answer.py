"""An answer from a few passages of a document: evidence in document order, then the question."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import takewhile

from app.documents.model import Document, PageKind, Passage
from app.documents.sentences import sentence_spans
from app.inference.generator import Cancelled, Message, Sampling, TextGenerator, never
from app.tasks.citations import QuoteIndex, cite
from app.tasks.model import Line

ANSWER_SAMPLING = Sampling(temperature=0.0, repetition_penalty=1.1)
"""Greedy: an answer from evidence should not vary from one run to the next."""

MAX_ANSWER_TOKENS = 256

_ASKS = "Question:"
INSTRUCTION = (
    "Answer the question from these excerpts of a document and from nothing else. "
    "If they do not hold the answer, say that the document does not say."
)


@dataclass(frozen=True, slots=True)
class Answer:
    """The model's answer, sentence by sentence, and the passages it was given, best match first."""

    question: str
    lines: tuple[Line, ...]
    evidence: tuple[Passage, ...]


def answer(
    document: Document,
    question: str,
    evidence: Sequence[Passage],
    generator: TextGenerator,
    *,
    on_text: Callable[[str], None] | None = None,
    cancelled: Cancelled = never,
) -> Answer:
    """Answer a question from passages (best match first); each sentence is checked against them.

    The model gets as many of them as fit beside the question in its window, which it sees exactly.
    """
    if not evidence:
        return Answer(question, (), ())
    budget = generator.info.window_tokens - MAX_ANSWER_TOKENS
    used: list[Passage] = []
    for passage in evidence:
        prompt = generator.chat_prompt([Message("user", _prompt(document, question, [*used, passage]))], fresh=True)
        if used and len(prompt) > budget:
            break
        used.append(passage)
    state = generator.new_state()
    try:
        written = generator.generate(
            state,
            generator.chat_prompt([Message("user", _prompt(document, question, used))], fresh=True),
            sampling=ANSWER_SAMPLING,
            max_new_tokens=MAX_ANSWER_TOKENS,
            on_text=on_text,
            cancelled=cancelled,
        ).text
    finally:
        generator.drop(state)
    index = QuoteIndex.of_passages(document, used)
    said = (written[start:end].strip() for start, end in sentence_spans(written))
    # Small models go on with a question of their own, in the prompt's form.
    lines = tuple(cite(text, index) for text in takewhile(lambda text: not text.startswith(_ASKS), said))
    return Answer(question, lines, tuple(used))


def _prompt(document: Document, question: str, passages: Sequence[Passage]) -> str:
    mark = "part" if document.page_kind is PageKind.PART else "page"
    in_order = sorted(passages, key=lambda passage: passage.start)
    excerpts = "\n\n".join(f"({mark} {passage.page_from}) {passage.text}" for passage in in_order)
    return f"{INSTRUCTION}\n\n{excerpts}\n\n{_ASKS} {question}"
