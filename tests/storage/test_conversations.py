from __future__ import annotations

import pytest

from app.core.errors import StorageError
from app.storage.conversations import ConversationStore
from app.storage.database import Database


@pytest.fixture
def store(database: Database) -> ConversationStore:
    store = ConversationStore(database)
    store.create("abc1", title="t", model_name="m", now=1.0)
    return store


def test_turns_form_a_line(store: ConversationStore) -> None:
    """The path to the tip is the conversation from its first turn."""
    first = store.add_turn("abc1", parent_id=None, role="user", text="hi", now=2.0)
    second = store.add_turn("abc1", parent_id=first, role="assistant", text="hello", now=3.0, details="{}")
    (found,) = store.find("abc1")
    assert (found.tip_turn_id, found.updated_at) == (second, 3.0)
    assert [(t.role, t.text, t.parent_id) for t in store.path_to(second)] == [
        ("user", "hi", None),
        ("assistant", "hello", first),
    ]


def test_a_branch_leaves_the_other_branch_alone(store: ConversationStore) -> None:
    """Two children of one turn are two lines of conversation."""
    root = store.add_turn("abc1", parent_id=None, role="user", text="hi", now=2.0)
    one = store.add_turn("abc1", parent_id=root, role="assistant", text="one", now=3.0)
    two = store.add_turn("abc1", parent_id=root, role="assistant", text="two", now=4.0)
    assert [t.text for t in store.path_to(one)] == ["hi", "one"]
    assert [t.text for t in store.path_to(two)] == ["hi", "two"]


def test_empty_conversation_has_no_path(store: ConversationStore) -> None:
    """Before the first turn there is nothing to replay."""
    assert store.path_to(None) == []


def test_found_by_prefix(store: ConversationStore) -> None:
    """An id may be cut short; the whole id wins over a longer one; % is no wildcard."""
    store.create("abc12", title="t", model_name="m", now=1.0)
    assert [c.id for c in store.find("abc")] == ["abc1", "abc12"]
    assert [c.id for c in store.find("abc1")] == ["abc1"]
    assert store.find("%") == []


def test_turn_of_an_unknown_conversation_is_refused(store: ConversationStore) -> None:
    """Foreign keys are enforced."""
    with pytest.raises(StorageError):
        store.add_turn("nope", parent_id=None, role="user", text="hi", now=2.0)


def test_overview_is_newest_first(store: ConversationStore) -> None:
    """The list is ordered by the last change and counts turns."""
    store.create("zzz", title="later", model_name="m", now=5.0)
    store.add_turn("zzz", parent_id=None, role="user", text="hi", now=6.0)
    assert [(row["id"], row["turns"]) for row in store.overview()] == [("zzz", 1), ("abc1", 0)]
