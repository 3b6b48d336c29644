"""Answers to a question from evidence: written by the model and checked, or quoted, word for word, with its help."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import takewhile

from app.documents.evidence import Evidence
from app.documents.model import PageKind
from app.documents.sentences import sentence_spans
from app.documents.words import plain_words
from app.inference.generator import (
    Cancelled,
    FinishReason,
    Generation,
    Message,
    ModelInfo,
    ReadCancelled,
    Sampling,
    StateRef,
    TextGenerator,
    never,
)
from app.tasks.citations import cite, verbatim
from app.tasks.completion import ANSWER_END, CompletionWatch
from app.tasks.evidence_index import EvidenceIndex, Similarity
from app.tasks.model import AnswerStyle, Line
from app.tasks.summarize import SMALL_MODEL

ANSWER_SAMPLING = Sampling(temperature=0.0, repetition_penalty=1.1)
"""Greedy: an answer from evidence should not vary from one run to the next."""

MAX_ANSWER_TOKENS = 256

QUOTED_SENTENCES = 8
"""Sentences that a quoting model is asked about."""
SCORED_TOKENS = 128
"""Of a question, counted from its end, that are scored after each of them: a page pasted before it costs no minutes."""
EXTRACT_SENTENCES = 3
"""Sentences of the extract, at most."""
MODEL_WEIGHT = 0.2
"""What a nat of the question's likelihood after a sentence counts beside the sentence's own score (docs/quality.md)."""

_ASKS = "Question:"
_ANSWERS = "Answer:"
_END = re.compile(r"[.!?…。！？؟।][\"'”’»)\]]*\Z")
INSTRUCTION = (
    "Answer the question from these excerpts of a document and from nothing else. "
    "If they do not hold the answer, say that the document does not say."
)


def default_answer_style(info: ModelInfo) -> AnswerStyle:
    """Quotes for base models and small ones, which invent; docs/quality.md has the measurement."""
    return AnswerStyle.WRITTEN if info.is_chat and info.parameters >= SMALL_MODEL else AnswerStyle.QUOTED


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer, sentence by sentence, and the evidence that the model was given, best match first."""

    lines: tuple[Line, ...]
    evidence: tuple[Evidence, ...]


def written_answer(
    question: str,
    evidence: Sequence[Evidence],
    generator: TextGenerator,
    *,
    after: StateRef | None = None,
    with_excerpts: bool = True,
    similarity: Similarity | None = None,
    on_text: Callable[[str], None] | None = None,
    cancelled: Cancelled = never,
) -> Answer:
    """Answer from evidence (best match first); each sentence is checked against it, and one that comes back left out.

    The model gets as much of it as fits beside the question in its window, which it sees exactly, in document order.

    after: a state that has read the document, or some of it, and is left as it was; by default the model has read
    nothing else. with_excerpts: False leaves the evidence to the check, and the answer to what that state holds.
    Raises ReadCancelled.
    """
    used = _fitting(generator, question, evidence, fresh=after is None)
    prompt = _prompt(generator, question, used if with_excerpts else [], fresh=after is None)
    written = _written(generator, prompt, after, on_text, cancelled)
    index = EvidenceIndex(used, similarity)
    said = _sentences(written.text, finished=written.finish_reason is FinishReason.STOP)
    # Small models go on with a question of their own, in the prompt's form.
    lines = dict.fromkeys(takewhile(lambda text: not text.startswith(_ASKS), said))
    return Answer(tuple(cite(text, index) for text in lines), tuple(used))


def quoted_answer(
    question: str, sentences: Sequence[Evidence], generator: TextGenerator, *, cancelled: Cancelled = never
) -> Answer:
    """The sentence (of those given, best match first) that answers best, by its own score and by the model.

    The model's part is the question's mean log-probability after the sentence: one that answers a question makes it
    likely (Sachan et al. 2022, arXiv:2204.07496, rank passages so). Raises ReadCancelled.
    """
    best: tuple[float, Evidence] | None = None
    asked = generator.tokenize(f" {question}")[-SCORED_TOKENS:]
    for sentence in telling(question, sentences)[:QUOTED_SENTENCES]:
        state = generator.new_state()
        try:
            text = generator.tokenize(f"Text: {sentence.text}\n\n{_ASKS}")
            generator.read(state, [*generator.document_prefix(), *text], cancelled=cancelled)
            score = sentence.score + MODEL_WEIGHT * generator.score(state, asked) / max(1, len(asked))
        finally:
            generator.drop(state)
        if best is None or score > best[0]:
            best = score, sentence
    return Answer((), ()) if best is None else Answer(extract([best[1]], of=sentences), tuple(sentences))


def telling(question: str, sentences: Sequence[Evidence]) -> list[Evidence]:
    """Sentences without those that repeat another or the question, as a heading above its answer does.

    All of them where none would be left.
    """
    different: dict[str, Evidence] = {}
    for sentence in sentences:
        different.setdefault(plain_words(sentence.text), sentence)
    different.pop(plain_words(question), None)
    return [*different.values()] or [*sentences]


def extract(sentences: Sequence[Evidence], *, of: Sequence[Evidence] | None = None) -> tuple[Line, ...]:
    """Sentences of the evidence as lines that are their own citations.

    of: what they were chosen from, if that is more: citations name their document where there are several.
    """
    several = len({sentence.document.content_hash for sentence in of or sentences}) > 1
    return tuple(
        verbatim(item.document, (item.start, item.end), item.document.content_hash if several else "")
        for item in sentences
    )


def _fitting(generator: TextGenerator, question: str, evidence: Sequence[Evidence], *, fresh: bool) -> list[Evidence]:
    """The best of the evidence, as much of it as has room beside the question and the answer; one piece at least."""
    budget = generator.info.window_tokens - MAX_ANSWER_TOKENS
    used: list[Evidence] = []
    for item in evidence:
        if used and len(_prompt(generator, question, [*used, item], fresh=fresh)) > budget:
            break
        used.append(item)
    return used


def _written(
    generator: TextGenerator,
    prompt: Sequence[int],
    after: StateRef | None,
    on_text: Callable[[str], None] | None,
    cancelled: Cancelled,
) -> Generation:
    """What the model writes after the prompt, which for a base model ends where the answer does."""
    watch = None
    if not generator.info.is_chat:
        watch = CompletionWatch(1, ANSWER_END, cancelled, None if on_text is None else lambda _, text: on_text(text))
    state = generator.new_state() if after is None else generator.fork(after)
    try:
        written = generator.generate(
            state,
            prompt,
            sampling=ANSWER_SAMPLING,
            max_new_tokens=MAX_ANSWER_TOKENS,
            on_text=partial(watch.hear, 0) if watch else on_text,
            cancelled=watch.cancelled if watch else cancelled,
        )
    finally:
        generator.drop(state)
    if watch is not None:
        written = watch.cut(written)
    if written.finish_reason is FinishReason.CANCELLED:
        raise ReadCancelled
    return written


def _sentences(written: str, *, finished: bool) -> list[str]:
    """Sentences of a text; the last one of several only if it has an end, where the length limit came first."""
    spans = sentence_spans(written)
    if not finished and len(spans) > 1 and not _END.search(written.rstrip()):
        spans = spans[:-1]
    return [written[start:end].strip() for start, end in spans]


def _prompt(generator: TextGenerator, question: str, evidence: Sequence[Evidence], *, fresh: bool) -> list[int]:
    is_chat = generator.info.is_chat
    if not is_chat:
        question = f"{_ASKS} {question}\n{_ANSWERS}"
    if not evidence:
        return generator.chat_prompt([Message("user", question)], fresh=fresh)
    several = len({item.document.content_hash for item in evidence}) > 1
    excerpts: list[str] = []
    for item in sorted(evidence, key=lambda item: (_first_place(item, evidence), item.start)):
        mark = "part" if item.document.page_kind is PageKind.PART else "page"
        source = f'"{item.document.title}", ' if several else ""
        excerpts.append(f"({source}{mark} {item.page_from}) {item.text}")
    told = [INSTRUCTION, *excerpts, f"{_ASKS} {question}"] if is_chat else [*excerpts, question]
    text = "\n\n".join(told)
    return generator.chat_prompt([Message("user", text)], fresh=fresh)


def _first_place(item: Evidence, evidence: Sequence[Evidence]) -> int:
    """Documents stand in the order of their best match."""
    return next(i for i, other in enumerate(evidence) if other.document.content_hash == item.document.content_hash)
