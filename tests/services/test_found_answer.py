"""What a turn keeps of an answer that was found in the text."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.services.codec import dumps
from app.services.found_answer import NOTHING_FOUND, FoundAnswer, any_told, found_answer
from app.storage.conversations import TurnRecord
from app.tasks.model import AnswerStyle, Citation, Line

FLOOD = Line("The Elbe floods in April.", True, (Citation(1, "The Elbe floods in April.", 0, 25),))
DAM = Line("Dams hold water.", True, (Citation(3, "Dams hold water.", 0, 16, "d1"),))
MADE = Line("It floods in spring.", False, (), ("spring",))
FOUND = FoundAnswer((FLOOD, DAM), (MADE, FLOOD), AnswerStyle.WRITTEN, read=True, reason="", model="starter")


def turn(details: str, role: str = "assistant") -> TurnRecord:
    return TurnRecord(1, None, role, "text", details, 0.0, "", "c")


@pytest.mark.parametrize("found", [FOUND, FoundAnswer((FLOOD,)), FoundAnswer((), reason="There is no text.")])
def test_comes_back_as_it_was(found: FoundAnswer) -> None:
    """Lines, citations, style and model, through the store's JSON."""
    assert found_answer(turn(found.details())) == found


def test_the_words_alone() -> None:
    """The model's where it made any, else the document's, else why there are none."""
    assert FOUND.text == "It floods in spring. The Elbe floods in April."
    assert FoundAnswer((FLOOD, DAM)).text == "The Elbe floods in April. Dams hold water."
    assert FoundAnswer((), reason="There is no text.").text == "There is no text."
    assert FoundAnswer(()).text == NOTHING_FOUND


def test_a_sentence_is_shown_once() -> None:
    """The model's lines, then those of the document that are not among them."""
    assert FOUND.shown == (MADE, FLOOD, DAM)
    assert FoundAnswer((FLOOD, DAM)).shown == (FLOOD, DAM)


@pytest.mark.parametrize(
    "details", ["", "{", "[]", "{}", '{"found": []}', '{"found": {}}', '{"finish_reason": "stop", "found": null}']
)
def test_other_turns_have_none(details: str) -> None:
    """Written answers, questions, and what is no JSON of ours."""
    assert found_answer(turn(details)) is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"extract": [{"text": 1, "supported": True, "citations": []}]},
        {"extract": [{"text": "a", "supported": 1, "citations": []}]},
        {"extract": [{"text": "a", "supported": True, "unknown": [1], "citations": []}]},
        {"lines": [{"text": "a", "supported": True, "citations": [{"page": "1", "quote": "a", "start": 0, "end": 1}]}]},
        {"lines": [{"text": "a", "supported": True, "citations": [{"page": 1, "quote": 1, "start": 0, "end": 1}]}]},
        {"lines": "ab"},
        {"style": "long"},
        {"style": ["written"]},
    ],
)
def test_an_imported_conversation_may_hold_anything(wrong: dict[str, Any]) -> None:
    """One wrong value, and it is no found answer: what shows answers need not doubt them."""
    details = json.loads(FOUND.details())
    details["found"] |= wrong
    assert found_answer(turn(dumps(details))) is None


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["text", "supported", "citations", "unknown", "page"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["extract", "lines", "style", "read", "reason"]), JSON_VALUES), JSON_VALUES)
def test_whatever_is_taken_can_be_shown(found: dict[str, Any], model: object) -> None:
    """Any JSON gives nothing, or an answer that is kept again as it is."""
    whole = {"extract": [], "lines": [], "style": None, "read": False, "reason": ""} | found
    taken = found_answer(turn(json.dumps({"found": whole, "model": model})))
    if taken is not None:
        assert isinstance(taken.text, str) and len(taken.shown) >= len(taken.lines)
        assert found_answer(turn(taken.details())) == taken


def test_what_the_model_was_told() -> None:
    """Its own answers; not those that were found without it, nor questions."""
    question, found, written = turn("", "user"), turn(FOUND.details()), turn('{"finish_reason": "stop"}')
    assert not any_told([question, found, question])
    assert any_told([question, found, question, written])
    assert not any_told([])
