"""No text becomes a control token, by any way to the model; checked on the ids themselves.

The control tokens of every prompt must be those of the same prompt about nothing: what the template itself put there.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import CheckpointError
from app.documents.assemble import build_document
from app.documents.evidence import Evidence
from app.documents.model import Document
from app.documents.passages import split_passages
from app.documents.raw import Block, BlockKind, Line, RawDocument, RawPage
from app.inference.generator import Message
from app.inference.template_sandbox import MAX_CHARACTERS, TemplateProgram
from app.tasks.answer import quoted_answer, written_answer
from app.tasks.chat import turns_prompt
from app.tasks.feeds import reading_plan, stream
from app.tasks.model import Style
from app.tasks.prompts import NotesFrom, notes_after_reading, notes_of_text
from app.tasks.summarize import summarize
from tests.properties.listener import Listener, Speech
from tests.properties.profile import examples
from tests.properties.texts import hostile, prose, split_names

KINDS = ("starter", "chatml", "gemma", "gemma-built-in", "gemma-base")
kinds = st.sampled_from(KINDS)
TURN_ROLES = ("user", "assistant")


@st.composite
def read_documents(draw: st.DrawFn) -> Document:
    """A document as the readers and the normalisation make it of hostile pages: hyphens joined, characters folded."""
    before, after = draw(split_names())
    texts = draw(st.lists(hostile, min_size=1, max_size=4))
    broken = draw(st.sampled_from((f"{before}-\n{after}", f"{before}\u00ad\n{after}", f"{before}\n{after}", before)))
    if draw(st.booleans()):
        lines = [*texts, *broken.split("\n"), *([after] if draw(st.booleans()) else [])]
        placed = [Line(text, 70.0, 70.0 + 14 * n, 500.0, 82.0 + 14 * n, 10.0, False, False, 0)
                  for n, text in enumerate(lines)]  # fmt: skip
        cut = draw(st.integers(0, len(placed)))
        pages = (RawPage(1, tuple(placed[:cut]), height=800.0), RawPage(2, tuple(placed[cut:]), height=800.0))
    else:
        kinds_of = st.sampled_from(BlockKind)
        blocks = [Block(draw(kinds_of), text, 1) for text in (*texts, broken, after)]
        pages = (RawPage(1, (), tuple(blocks), 800.0),)
    raw = RawDocument("pdf", True, draw(hostile), pages)
    return build_document(raw, content_hash="0" * 64, file_stem=draw(hostile))


@pytest.mark.parametrize("kind", KINDS)
@examples(60, share=0.2)
@given(texts=st.lists(hostile, min_size=1, max_size=5), fresh=st.booleans(), split=split_names())
def test_turns(speeches: dict[str, Speech], kind: str, texts: list[str], fresh: bool, split: tuple[str, str]) -> None:
    """Of a conversation with a hostile system prompt, questions, and answers put back into the history."""
    speech = speeches[kind]
    texts = [*texts, *split]

    def control(contents: list[str]) -> list[int]:
        turns = [Message(TURN_ROLES[n % 2], text) for n, text in enumerate(contents[1:])]
        system = [Message("system", contents[0])]
        return speech.control(speech.template.render([*system, *turns], fresh=fresh))

    assert control(texts) == control(["x"] * len(texts))


@examples(100)
@given(kind=kinds, title=hostile, text=hostile, style=st.sampled_from(Style), question=hostile, begins=st.booleans())
def test_prompts(
    speeches: dict[str, Speech], kind: str, title: str, text: str, style: Style, question: str, begins: bool
) -> None:
    """Of notes after reading (with a section's title), of notes of a text, of a chat with any system prompt."""
    speech = speeches[kind]
    listener = Listener(speech, "")

    def control(title: str, text: str, question: str) -> list[list[int]]:
        chat = listener.info.is_chat
        asked = [
            listener.chat_prompt(notes_after_reading(style, title, is_chat=chat), fresh=False),
            listener.chat_prompt(notes_of_text(style, text, is_chat=chat), fresh=True),
            turns_prompt(listener, [Message("user", question)], begins=begins, system=title or "x"),
        ]
        return [speech.control(ids) for ids in asked]

    assert control(title, text, question) == control("x", "x", "x")


def _same_control(speech: Speech, listener: Listener, about_nothing: list[list[int]]) -> None:
    """What was heard has the control tokens of the same prompts about nothing, and no others."""
    assert {tuple(speech.control(ids)) for ids in listener.heard} <= {
        tuple(speech.control(ids)) for ids in about_nothing
    }


@examples(40, share=0.3)
@given(kind=kinds, document=read_documents(), answer=hostile, style=st.sampled_from(Style))
def test_summaries(speeches: dict[str, Speech], kind: str, document: Document, answer: str, style: Style) -> None:
    """From a file's pages through normalisation, parts, feeds and notes, with any answer of the model's between."""
    speech = speeches[kind]
    for source in NotesFrom:
        listener = Listener(speech, answer)
        for _ in summarize(document, listener, style=style, notes_from=source):
            pass
        about_nothing = [
            [], listener.document_prefix(),
            listener.chat_prompt(notes_after_reading(style, "x", is_chat=listener.info.is_chat), fresh=False),
            listener.chat_prompt(notes_of_text(style, "x", is_chat=listener.info.is_chat), fresh=True),
        ]  # fmt: skip
        _same_control(speech, listener, about_nothing)


@examples(60, share=0.3)
@given(kind=kinds, documents=st.lists(read_documents(), min_size=1, max_size=2), question=hostile, answer=prose)
def test_answers(speeches: dict[str, Speech], kind: str, documents: list[Document], question: str, answer: str) -> None:
    """Written from excerpts with their documents' titles, after a reading, and quoted with the question scored."""
    speech = speeches[kind]
    evidence = [
        Evidence(document, passage.start, passage.end, 1.0)
        for document in documents
        for passage in split_passages(document)[:3]
    ]
    listener = Listener(speech, answer)
    state = listener.new_state()
    written_answer(question, evidence, listener)
    written_answer(question, evidence, listener, after=state, with_excerpts=False)
    quoted_answer(question, evidence, listener)
    turns = [listener.chat_prompt([Message("user", "x")], fresh=fresh) for fresh in (True, False)]
    _same_control(speech, listener, [[], listener.document_prefix(), *turns])


@examples(60)
@given(kind=kinds, document=read_documents())
def test_the_stream_of_a_document(speeches: dict[str, Speech], kind: str, document: Document) -> None:
    """Its prefix is the only control token, and none is made where a feed, a part or a page ends."""
    speech = speeches[kind]
    listener = Listener(speech, "")
    parts, budget = reading_plan(document, listener)
    ids = [token for feed in stream(document, parts, listener, budget) for token in feed]
    assert speech.control(ids) == listener.document_prefix()


@examples(200)
@given(kind=kinds, texts=st.tuples(hostile, hostile), split=split_names())
def test_texts_side_by_side(
    speeches: dict[str, Speech], kind: str, texts: tuple[str, str], split: tuple[str, str]
) -> None:
    """No cut of a name makes a control token of its parts."""
    speech = speeches[kind]
    for text in (texts[0] + split[0], split[1] + texts[1], texts[0] + "".join(split) + texts[1]):
        assert speech.control(speech.tokenizer.encode(text)) == []


_ATOMS = (
    "messages", "messages[0].content", "ns.a", "range(99999)", "'x'", "[ns.a, ns.a]", "{'a': ns.a}", "1", "loop",
    "bos_token", "ns", "raise_exception", "namespace", "''.join", "'{:>999999999}'", "ns.a|list", "(ns.a, 1)",
)  # fmt: skip
_AFTER = (
    "", "|length", "|join(ns.a)", "|replace('x', ns.a)", "|list", "|map('string')|list", "|tojson", "|tojson(indent=9)",
    ".replace('x', ns.a)", ".join([ns.a, 'x'])", ".format(1)", ".ljust(10**9)", "|center(999999999)", "|string",
    "|sort", "|upper", "* 99999999", "** 999", "+ ns.a", "~ ns.a", "|safe", "|items|list", "|unique|list",
    ".__class__", "|attr('__class__')", "['__class__']", ".append(1)", ".__init__.__globals__", "|min", "|abs",
    "|map(attribute='__class__')|list", ".split('x')", "|dictsort", "== ns.a", "in [ns.a]", "|first", "|e", "|title",
)  # fmt: skip


@st.composite
def jinja(draw: st.DrawFn) -> str:
    """A template of growing values, loops in loops, and reaches for Python's internals."""
    out = ["{% set ns = namespace(a='x') %}"]
    depth = 0
    for _ in range(draw(st.integers(1, 8))):
        value = draw(st.sampled_from(_ATOMS)) + "".join(draw(st.lists(st.sampled_from(_AFTER), max_size=3)))
        match draw(st.integers(0, 6)):
            case 0 | 1:
                out.append("{{ " + value + " }}")
            case 2 | 3:
                out.append("{% set ns.a = " + value + " %}")
            case 4:
                out.append("{% for i in " + draw(st.sampled_from(("range(99999)", value))) + " %}")
                depth += 1
            case 5:
                out.append("{% set b %}" + "{{ ns.a }}" * 9 + "{% endset %}{% set ns.a = b %}")
            case _:
                out.append("{% if " + value + " %}x{% endif %}")
    return "".join(out) + "{% endfor %}" * depth


@examples(80, share=0.3)
@given(jinja())
def test_hostile_templates_end(source: str) -> None:
    """In a text of bounded length, or one sentence; Python's own objects are never reached."""
    try:
        written = TemplateProgram(source).render(messages=[{"role": "user", "content": "x"}], bos_token="<bos>")
    except CheckpointError as error:
        assert error.code == "chat-template" and "\n" not in error.message and len(error.message) < 400
    else:
        assert len(written) <= MAX_CHARACTERS
        assert "<class" not in written and "__builtins__" not in written
