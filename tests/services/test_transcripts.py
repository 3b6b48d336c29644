from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.core.errors import UserError
from app.services.transcripts import FORMAT, ROLES, conversation_text, to_json, to_markdown
from app.storage.database import Database
from tests.fakes import FakeGenerator
from tests.services.desk import Desk, book, chapter

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=30)
"""Lone surrogates, NUL, controls and unassigned characters too."""

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANY_TEXT, inner, max_size=3),
    max_leaves=6,
)


@pytest.fixture
def desk(tmp_path: Path, database: Database) -> Desk:
    return Desk(tmp_path, database)


def value(**changes: Any) -> dict[str, Any]:
    """An exported conversation of two branches."""
    turns = [
        turn(None, "user", "one?"),
        turn(0, "assistant", "one"),
        turn(1, "user", "two?"),
        turn(0, "assistant", "1"),
    ]
    return {
        "format": FORMAT,
        "version": 1,
        "title": "One",
        "model": "starter",
        "created_at": 5.0,
        "document": None,
        "tip": 2,
        "turns": turns,
    } | changes


def turn(parent: object, role: object, text: object, **changes: object) -> dict[str, object]:
    return {"parent": parent, "role": role, "text": text, "details": {"tokens": 3}, "created_at": 7.5} | changes


def clean(text: str) -> str:
    """What SQLite can hold of a text."""
    return text.encode("utf-8", "replace").decode()


@st.composite
def conversations(draw: st.DrawFn) -> dict[str, Any]:
    turns = [
        turn(
            draw(st.none() | st.integers(0, number - 1)) if number else None,
            draw(st.sampled_from(ROLES)),
            draw(ANY_TEXT),
            details=draw(st.dictionaries(ANY_TEXT, JSON_VALUES, max_size=2)),
            created_at=draw(st.floats(0, 2e11) | st.integers(0, 2 * 10**11)),
        )
        for number in range(draw(st.integers(0, 6)))
    ]
    tip = draw(st.integers(0, len(turns) - 1)) if turns else None
    return value(title=draw(ANY_TEXT), model=draw(ANY_TEXT), turns=turns, tip=tip)


@given(conversations(), st.booleans())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_conversation_round_trips(desk: Desk, exported: dict[str, Any], ascii_only: bool) -> None:
    """All turns, branches, details and times; what is no text at all becomes a question mark."""
    tree = desk.importer.take(json.dumps(exported, ensure_ascii=ascii_only))
    expected = {
        **exported,
        "title": " ".join(clean(exported["title"]).split()) or "imported",
        "model": clean(exported["model"]),
        "created_at": desk.clock.seconds,
        "turns": [{**one, "text": clean(one["text"])} for one in exported["turns"]],
    }
    assert to_json(tree) == expected
    assert desk.talks.tree(tree.conversation.id) == tree
    assert to_json(desk.importer.take(json.dumps(to_json(tree)))) == expected


def test_a_conversation_of_ours(desk: Desk, generator: FakeGenerator) -> None:
    """Exported, imported elsewhere and gone on with: its turns are told again, once."""
    conversation = desk.talks.open(None, generator)
    conversation.say("one?")
    conversation.say("two?")
    conversation.edit(conversation.turns()[0].id, "uno?")
    exported = to_json(desk.talks.tree(conversation.id))
    assert [one["parent"] for one in exported["turns"]] == [None, 0, 1, 2, None, 4]
    assert exported["tip"] == 5 and exported["turns"][1]["details"]["finish_reason"] == "stop"
    taken = desk.importer.take(json.dumps(exported))
    assert taken.conversation.id != conversation.id and len(taken.tips) == 2
    again = desk.talks.open(taken.conversation.id, generator)
    assert again.plan().replayed == 2
    again.say("three?")
    assert [one.text for one in again.turns()] == ["uno?", "ok", "three?", "ok"]
    assert again.plan().replayed == 0


def test_the_document_is_found_or_left_out(desk: Desk, generator: FakeGenerator) -> None:
    """By its bytes and pages; where this library has no such document the turns stay."""
    item = desk.add(book([chapter("elbe", 2)]))
    conversation = desk.talks.open(None, generator, item=item)
    conversation.say("one?")
    exported = to_json(desk.talks.tree(conversation.id))
    assert exported["document"] == {"id": item.document.content_hash, "pages": ""}
    assert desk.importer.take(json.dumps(exported)).conversation.document_id == item.document.content_hash
    for other in ({"id": "f" * 64, "pages": ""}, {"id": item.document.content_hash, "pages": "9"}):
        taken = desk.importer.take(json.dumps({**exported, "document": other}))
        assert (taken.conversation.document_id, taken.conversation.page_range, len(taken.turns)) == (None, "", 2)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "it is no JSON"),
        ("{", "it is no JSON"),
        ("[" * 100_000, "it is no JSON"),
        ("1" * 10_000, "it is no JSON"),
        ("[]", "no conversation that Griffin Desk exported"),
        ('{"format": "other"}', "no conversation that Griffin Desk exported"),
        (json.dumps(value(version=2)), "its version is 2, this Griffin Desk knows 1: update it"),
        (json.dumps(value(version=[])), "its version is"),
        *((json.dumps({k: v for k, v in value().items() if k != name}), f"'{name}' is missing")
          for name in ("title", "model", "document", "tip", "turns")),
        (json.dumps(value(title=3)), "'title' is 3"),
        (json.dumps(value(model=None)), "'model' is None"),
        (json.dumps(value(turns={})), "'turns' is {}"),
        (json.dumps(value(turns=["x"])), "turn 0 is no object"),
        (json.dumps(value(tip=4)), "its tip is 4, expected one of 4 turns"),
        (json.dumps(value(tip=-1)), "its tip is -1"),
        (json.dumps(value(tip=True)), "'tip' is True"),
        (json.dumps(value(tip=0, turns=[])), "its tip is 0, expected one of 0 turns"),
        (json.dumps(value(document="d1")), "'document' is 'd1'"),
        (json.dumps(value(document={"id": "d1"})), "'pages' is missing"),
        (json.dumps(value(document={"id": 1, "pages": ""})), "'id' is 1"),
    ],
)  # fmt: skip
def test_a_file_that_is_none_of_ours(desk: Desk, text: str, words: str) -> None:
    """One error that names what is wrong, and nothing is stored."""
    with pytest.raises(UserError) as caught:
        desk.importer.take(text)
    assert caught.value.code == "import" and words in caught.value.message
    assert caught.value.message.startswith("this file cannot be imported: ")
    assert desk.talks.overview() == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"parent": 1}, "turn 1 has parent 1, expected an earlier turn"),
        ({"parent": -1}, "turn 1 has parent -1"),
        ({"parent": "0"}, "'parent' is '0'"),
        ({"parent": False}, "'parent' is False"),
        ({"role": "tool"}, "turn 1 has role 'tool', expected one of system, user, assistant"),
        ({"role": None}, "'role' is None"),
        ({"text": ["x" * 100]}, "'text' is ['xxxxx"),
        ({"details": "{}"}, "'details' is '{}'"),
        ({"created_at": "now"}, "'created_at' is 'now'"),
        ({"created_at": True}, "'created_at' is True"),
        ({"created_at": float("nan")}, "turn 1 was created at nan"),
        ({"created_at": float("inf")}, "turn 1 was created at inf"),
        ({"created_at": -1}, "turn 1 was created at -1"),
        ({"created_at": 10**400}, "turn 1 was created at 1000"),
    ],
)
def test_a_turn_that_cannot_be(desk: Desk, changes: dict[str, object], words: str) -> None:
    """Named by its number, and no turn before it is stored either."""
    turns = [turn(None, "user", "one?"), turn(0, "assistant", "one") | changes]
    with pytest.raises(UserError) as caught:
        desk.importer.take(json.dumps(value(turns=turns, tip=0)))
    assert caught.value.code == "import" and words in caught.value.message and len(caught.value.message) < 200
    assert desk.talks.overview() == []


@pytest.mark.parametrize("name", ["parent", "role", "text", "details", "created_at"])
def test_a_turn_that_lacks_something(desk: Desk, name: str) -> None:
    """Named by what is missing."""
    turns = [{k: v for k, v in turn(None, "user", "one?").items() if k != name}]
    with pytest.raises(UserError, match=f"'{name}' is missing"):
        desk.importer.take(json.dumps(value(turns=turns, tip=0)))


def test_markdown(desk: Desk) -> None:
    """The branch in use, with who spoke, the model, the document and when it began."""
    tree = desk.importer.take(json.dumps(value(turns=[
        turn(None, "system", "Be brief."), turn(0, "user", "  What\nflows? "), turn(1, "assistant", "Water.")
    ])))  # fmt: skip
    transcript = desk.talks.transcript(tree.conversation.id)
    lines = to_markdown(transcript, document_title="Rivers")
    assert lines == (
        "# One\n\n*With starter, begun 1970-01-01 00:16 UTC, about *Rivers**\n\n## System\n\nBe brief.\n\n"
        "## You\n\nWhat\nflows?\n\n## Model\n\nWater.\n"
    )
    assert ", about" not in to_markdown(transcript)


def test_a_conversation_as_a_file(desk: Desk) -> None:
    """To read: the branch in use under its document's title; to keep: all of it. Neither steers a terminal."""
    item = desk.add(replace(book([chapter("elbe")]), title="Ri\x1b[2Jvers\n# and"))
    conversation = desk.talks.open(None, FakeGenerator(lambda text: "ok \x1b]0;x\x07"), item=item)
    conversation.say("one?")
    conversation.edit(conversation.turns()[0].id, "uno?")
    texts = {
        form: conversation_text(desk.talks, desk.library, conversation.id[:3], form) for form in ("markdown", "json")
    }
    assert texts["markdown"] == to_markdown(
        desk.talks.transcript(conversation.id), document_title="Ri[2Jvers # and"
    ).replace("\x1b", "").replace("\x07", "")
    assert "Ri[2Jvers # and" in texts["markdown"]
    assert "\nuno?\n" in texts["markdown"] and "\none?\n" not in texts["markdown"]
    kept = json.loads(texts["json"])
    assert kept == to_json(desk.talks.tree(conversation.id))
    assert [turn["text"] for turn in kept["turns"]] == ["one?", "ok \x1b]0;x\x07", "uno?", "ok \x1b]0;x\x07"]
    assert not {"\x1b", "\x07"} & set("".join(texts.values()))
    desk.library.remove(item.document_id)
    assert "Ri[2Jvers" not in conversation_text(desk.talks, desk.library, conversation.id, "markdown")
    with pytest.raises(UserError, match="no conversation 'zzz'"):
        conversation_text(desk.talks, desk.library, "zzz", "json")
