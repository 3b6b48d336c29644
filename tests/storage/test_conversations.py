from __future__ import annotations

import pytest

from app.core.errors import StorageError
from app.storage.conversations import ConversationStore, NewTurn
from app.storage.database import Database


@pytest.fixture
def store(database: Database) -> ConversationStore:
    store = ConversationStore(database)
    store.create("abc1", title="t", model_name="m", now=1.0)
    return store


def _line(store: ConversationStore, length: int) -> list[int]:
    """A line of that many turns in conversation abc1, one after another; their ids."""
    ids: list[int] = []
    for position in range(length):
        parent = ids[-1] if ids else None
        role = "assistant" if position % 2 else "user"
        ids.append(store.add_turn("abc1", parent_id=parent, role=role, text=f"turn {position}", now=2.0 + position))
    return ids


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
    assert [t.id for t in store.tips("abc1")] == [one, two]
    assert [t.id for t in store.children(root, "abc1")] == [one, two]


def test_a_first_turn_said_again_is_a_second_root(store: ConversationStore) -> None:
    """The children of None are the turns that begin this conversation, and no other's."""
    one = store.add_turn("abc1", parent_id=None, role="user", text="one", now=2.0)
    two = store.add_turn("abc1", parent_id=None, role="user", text="two", now=3.0)
    store.create("zzz", title="t", model_name="m", now=1.0)
    store.add_turn("zzz", parent_id=None, role="user", text="three", now=4.0)
    assert [t.id for t in store.children(None, "abc1")] == [one, two]
    assert [t.text for t in store.turns("abc1")] == ["one", "two"]


def test_switching_branches_moves_the_tip(store: ConversationStore) -> None:
    """The tip goes to any turn of the conversation; what lies beyond it stays."""
    ids = _line(store, 4)
    store.set_tip("abc1", ids[1], now=9.0)
    (found,) = store.find("abc1")
    assert (found.tip_turn_id, found.updated_at) == (ids[1], 9.0)
    assert [t.id for t in store.turns("abc1")] == ids


def test_turns_of_another_conversation_are_refused(store: ConversationStore) -> None:
    """Neither tip nor parent nor fork may reach into another conversation; nothing is changed by the attempt."""
    (turn,) = _line(store, 1)
    store.create("zzz", title="t", model_name="m", now=1.0)
    with pytest.raises(StorageError, match="conversation zzz has no turn") as caught:
        store.set_tip("zzz", turn, now=5.0)
    assert caught.value.code == "unknown-turn"
    with pytest.raises(StorageError):
        store.add_turn("zzz", parent_id=turn, role="user", text="hi", now=5.0)
    with pytest.raises(StorageError):
        store.fork("zzz", turn, new_id="new", title="t", now=5.0)
    assert [c.id for c in store.find("")] == ["abc1", "zzz"]
    assert store.turns("zzz") == []
    assert store.find("zzz")[0].tip_turn_id is None


def test_empty_conversation_has_no_path(store: ConversationStore) -> None:
    """Before the first turn there is nothing to replay, no tip and no child."""
    assert store.path_to(None) == []
    assert store.tips("abc1") == []
    assert store.children(None, "abc1") == []
    assert store.turn(1) is None


def test_state_keys_are_kept_with_the_turn(store: ConversationStore) -> None:
    """A key is given with the turn."""
    turn = store.add_turn("abc1", parent_id=None, role="user", text="hi", now=2.0, state_key="k1")
    found = store.turn(turn)
    assert found is not None and found.state_key == "k1"
    assert [t.state_key for t in store.path_to(turn)] == ["k1"] == [t.state_key for t in store.turns("abc1")]


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
    """The list is ordered by the last change, counts turns and branches, and may be cut short."""
    store.create("zzz", title="later", model_name="m", now=5.0)
    root = store.add_turn("zzz", parent_id=None, role="user", text="hi", now=6.0)
    for text in ("one", "two"):
        store.add_turn("zzz", parent_id=root, role="assistant", text=text, now=7.0)
    listed = [(row["id"], row["turns"], row["branches"]) for row in store.overview()]
    assert listed == [("zzz", 3, 2), ("abc1", 0, 0)]
    assert [row["id"] for row in store.overview(limit=1)] == ["zzz"]


def test_overview_counts_from_the_index_alone(store: ConversationStore, database: Database) -> None:
    """No turn's text is read to count turns and branches."""
    statements: list[str] = []
    with database.transaction() as db:
        db.conn.set_trace_callback(statements.append)
        store.overview()
        db.conn.set_trace_callback(None)
        (statement,) = [s for s in statements if s.startswith("SELECT conversations")]
        plan = [row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {statement}").fetchall()]
    reads = [step for step in plan if "turns" in step.split()]
    assert len(reads) == 3 and all("turns USING COVERING INDEX turns_by_conversation" in step for step in reads), plan


def test_rename(store: ConversationStore) -> None:
    """A new title counts as a change; a conversation that is not there is named."""
    store.rename("abc1", "Rivers", now=8.0)
    (found,) = store.find("abc1")
    assert (found.title, found.updated_at) == ("Rivers", 8.0)
    with pytest.raises(StorageError, match="no conversation nope") as caught:
        store.rename("nope", "x", now=8.0)
    assert caught.value.code == "unknown-conversation"


def test_deletion_can_be_undone(store: ConversationStore) -> None:
    """A deleted conversation is out of sight, comes back as it was, and keeps the time of its first deletion."""
    ids = _line(store, 2)
    before = store.find("abc1")
    store.delete("abc1", now=8.0)
    store.delete("abc1", now=9.0)
    assert store.find("abc1") == [] and store.find("abc") == [] and store.overview() == []
    assert [c.deleted_at for c in store.find("abc1", with_deleted=True)] == [8.0]
    assert [row["id"] for row in store.overview(with_deleted=True)] == ["abc1"]
    assert [c.id for c in store.deleted()] == ["abc1"]
    store.undelete("abc1")
    assert store.find("abc1") == before
    assert [t.id for t in store.path_to(ids[-1])] == ids
    assert store.deleted() == []


def test_only_purging_erases(store: ConversationStore, database: Database) -> None:
    """What was deleted before the given time goes with its turns and words; a line of 1,500 turns goes too."""
    turns = [NewTurn(i - 1 if i else None, "user", f"word{i}", "", 1.0) for i in range(1500)]
    store.insert_tree("long", turns, title="t", model_name="m", now=1.0)
    store.create("late", title="t", model_name="m", now=1.0)
    store.delete("long", now=5.0)
    store.delete("late", now=6.0)
    assert store.purge(5.0) == 0
    assert len(store.turns("long")) == 1500
    assert store.purge(6.0) == 1
    assert [c.id for c in store.deleted()] == ["late"]
    assert store.turns("long") == []
    assert store.search("word7", limit=9, with_deleted=True) == []
    with database.transaction() as db:
        db.execute("INSERT INTO turns_fts(turns_fts, rank) VALUES ('integrity-check', 1)")
    assert [c.id for c in store.find("")] == ["abc1"]


def test_a_fork_is_a_copy_of_one_line(store: ConversationStore, with_document: Database) -> None:
    """Role, text, details, time and state key are copied along the path, with the document; the source is untouched."""
    store.create("src", title="t", model_name="m", now=1.0, document_id="d1", page_range="2-3")
    root = store.add_turn("src", parent_id=None, role="user", text="hi", now=2.0, details="{}", state_key="k1")
    left = store.add_turn("src", parent_id=root, role="assistant", text="one", now=3.0, state_key="k2")
    store.add_turn("src", parent_id=root, role="assistant", text="two", now=4.0)
    before = (store.find("src"), store.turns("src"))
    store.fork("src", left, new_id="new", title="fork", now=9.0)
    (fork,) = store.find("new")
    assert (fork.title, fork.model_name, fork.document_id, fork.page_range) == ("fork", "m", "d1", "2-3")
    assert (fork.forked_from, fork.created_at, fork.updated_at) == ("src", 9.0, 9.0)
    copies = store.turns("new")
    assert [(t.role, t.text, t.details, t.created_at, t.state_key) for t in copies] == [
        ("user", "hi", "{}", 2.0, "k1"),
        ("assistant", "one", "", 3.0, "k2"),
    ]
    assert [t.parent_id for t in copies] == [None, copies[0].id]
    assert fork.tip_turn_id == copies[1].id
    assert (store.find("src"), store.turns("src")) == before


def test_a_fork_that_fails_leaves_nothing(store: ConversationStore) -> None:
    """An id that is taken undoes the whole fork."""
    ids = _line(store, 3)
    store.create("zzz", title="t", model_name="m", now=1.0)
    with pytest.raises(StorageError):
        store.fork("abc1", ids[-1], new_id="zzz", title="fork", now=9.0)
    assert store.turns("zzz") == []
    assert store.find("zzz")[0].title == "t"


def test_a_tree_is_stored_whole(store: ConversationStore) -> None:
    """Parents by position become parents by id, and the tip is the turn asked for."""
    turns = [
        NewTurn(None, "user", "hi", "", 1.0),
        NewTurn(0, "assistant", "one", "{}", 2.0),
        NewTurn(0, "assistant", "two", "", 3.0),
    ]
    ids = store.insert_tree("new", turns, title="T", model_name="m", now=9.0, tip=1)
    assert [(t.id, t.parent_id, t.text, t.created_at) for t in store.turns("new")] == [
        (ids[0], None, "hi", 1.0),
        (ids[1], ids[0], "one", 2.0),
        (ids[2], ids[0], "two", 3.0),
    ]
    assert store.find("new")[0].tip_turn_id == ids[1]
    store.insert_tree("empty", [], title="T", model_name="m", now=9.0)
    assert store.find("empty")[0].tip_turn_id is None


@pytest.mark.parametrize(
    ("turns", "tip"),
    [
        ([NewTurn(0, "user", "own parent", "", 1.0)], None),
        ([NewTurn(-1, "user", "before the first", "", 1.0)], None),
        ([NewTurn(None, "user", "hi", "", 1.0), NewTurn(7, "user", "no such parent", "", 1.0)], None),
        ([NewTurn(None, "robot", "unknown role", "", 1.0)], None),
        ([NewTurn(None, "user", "hi", "", 1.0)], 1),
        ([], 0),
    ],
)
def test_a_tree_that_is_none_leaves_nothing(store: ConversationStore, turns: list[NewTurn], tip: int | None) -> None:
    """Parents that do not come first, roles and tips that are not there: refused, nothing stored."""
    with pytest.raises(StorageError):
        store.insert_tree("new", turns, title="T", model_name="m", now=9.0, tip=tip)
    assert store.find("new") == []
