from __future__ import annotations

import pytest

from app.storage.conversations import ConversationStore, NewTurn
from app.storage.database import Database
from app.storage.migrations import LIBRARY


@pytest.fixture
def store(database: Database) -> ConversationStore:
    return ConversationStore(database)


def _store_turns(store: ConversationStore, *texts: str, title: str = "-", conversation_id: str = "c1") -> list[int]:
    turns = [NewTurn(None, "user", text, "", 1.0) for text in texts]
    return store.insert_tree(conversation_id, turns, title=title, model_name="m", now=1.0)


def test_turns_with_all_words_come_alone(store: ConversationStore) -> None:
    """All words first; only when no turn holds all of them, turns with any of them, the better match first."""
    both, floods, _ = _store_turns(store, "The Elbe floods in April.", "It floods.", "Dams hold water back.")
    assert [hit.turn_id for hit in store.search("flooding Elbe", limit=9)] == [both]
    assert [hit.turn_id for hit in store.search("floods Danube", limit=9)] == [floods, both]
    scores = [hit.score for hit in store.search("floods Danube", limit=9)]
    assert scores[0] > scores[1] > 0


def test_the_last_word_may_be_unfinished(store: ConversationStore) -> None:
    """Every beginning of a word finds it, also where the stem is shorter than what was typed."""
    (turn, _) = _store_turns(store, "The river is flooding.", "Nothing of that kind.")
    for end in range(1, len("flooding") + 1):
        assert turn in [hit.turn_id for hit in store.search("flooding"[:end], limit=9)], "flooding"[:end]
    assert [hit.turn_id for hit in store.search("river flo", limit=9)] == [turn]
    assert [hit.turn_id for hit in store.search("flo river", limit=9)] == [turn], "any word, as none holds both"


@pytest.mark.parametrize("query", ["", "   ", "???", '"', "*", "\0", "\n--"])
def test_a_query_without_words_finds_nothing(store: ConversationStore, query: str) -> None:
    """No words, no hits, no error."""
    _store_turns(store, "The Elbe floods in April.")
    assert store.search(query, limit=9) == []


@pytest.mark.parametrize(
    "query", ['"elbe', "elbe*", "NEAR(elbe april)", "^elbe", "text:elbe", "elbe; DROP TABLE turns --", "ELBE", "-elbe"]
)
def test_the_search_language_means_nothing(store: ConversationStore, query: str) -> None:
    """Quotes, stars, columns and operators are no syntax: the words in them are found."""
    (turn,) = _store_turns(store, "The Elbe floods in April.")
    assert [hit.turn_id for hit in store.search(query, limit=9)] == [turn]


@pytest.mark.parametrize("query", ["AND", "OR", "NOT x", "a AND", "NEAR"])
def test_operators_are_words(store: ConversationStore, query: str) -> None:
    """A user's AND is the word "and"."""
    _store_turns(store, "zzz")
    assert store.search(query, limit=9) == []


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("Wo ist die Straße?", [0]),
        ("re\u0301sume\u0301", [0]),
        ("resume", [0]),
        ("C++", [1]),
        ("河流在哪里", [2]),  # all pairs
        ("河流吗", [3, 2]),  # no turn holds 流吗; the newest first
        ("我们喜欢C语言", [3]),
        ("แม่น้ำ", [4]),
        ("雪", []),
    ],
)
def test_search_in_other_scripts(store: ConversationStore, query: str, found: list[int]) -> None:
    """Letters that fold oddly, composed or not, and scripts without spaces between words."""
    ids = _store_turns(
        store, "Die Straße, ein Résumé.", "He taught C++.", "河流在哪里。", "我们喜欢C语言和河流。", "แม่น้ำยาว"
    )
    assert [ids.index(hit.turn_id) for hit in store.search(query, limit=5) if hit.turn_id is not None] == found


def test_titles_are_found_before_turns(store: ConversationStore) -> None:
    """A title that holds all words is a hit without a turn; case and accents do not matter."""
    (turn,) = _store_turns(store, "They flood.", title="Über die Flüsse: floods")
    title, text = store.search("flood", limit=9)
    assert (title.conversation_id, title.turn_id, title.role, title.snippet) == (
        "c1",
        None,
        "",
        "Über die Flüsse: floods",
    )
    assert (text.turn_id, text.role, text.title) == (turn, "user", "Über die Flüsse: floods")
    assert title.score > text.score
    assert [hit.turn_id for hit in store.search("FLUSSE", limit=9)] == [None]
    assert len(store.search("flood", limit=1)) == 1


def test_a_title_with_some_words_is_no_better_than_a_turn(store: ConversationStore) -> None:
    """Where nothing holds every word, a title with one of three words comes after the best turn."""
    (turn,) = _store_turns(store, "Dams hold rivers back.", title="Dams")
    assert [hit.turn_id for hit in store.search("dams rivers nowhere", limit=9)] == [turn, None]


def test_a_snippet_is_one_plain_line(store: ConversationStore) -> None:
    """About 16 words around the hit, no line breaks, no marks but an ellipsis where text is left out."""
    words = [f"before{i}" for i in range(40)] + ["needle"] + [f"after{i}" for i in range(40)]
    _store_turns(store, "\n".join(words), "短" * 200 + "针在这里" + "长" * 200)
    (hit,) = store.search("needle", limit=9)
    assert len(hit.snippet.split()) == 16
    assert "needle" in hit.snippet and hit.snippet[0] == hit.snippet[-1] == "…"
    assert hit.snippet.strip("…") in " ".join(words)
    (hit,) = store.search("针在", limit=9)
    assert "针在这里" in hit.snippet and hit.snippet[0] == hit.snippet[-1] == "…" and len(hit.snippet) < 100
    (hit,) = store.search("eedl", limit=9)
    assert "needle" in hit.snippet and "\n" not in hit.snippet and len(hit.snippet) < 100


def test_deleted_conversations_are_not_searched(store: ConversationStore) -> None:
    """Neither their turns nor their titles, unless asked for; brought back, they are found again."""
    _store_turns(store, "The Elbe floods.", title="Elbe")
    store.delete("c1", now=2.0)
    assert store.search("elbe", limit=9) == []
    assert len(store.search("elbe", limit=9, with_deleted=True)) == 2
    store.undelete("c1")
    assert len(store.search("elbe", limit=9)) == 2


def test_a_long_query_is_taken(store: ConversationStore) -> None:
    """A page pasted into the search field, in either kind of script."""
    (turn,) = _store_turns(store, "Dams hold water back.")
    latin = " ".join(f"word{i}" for i in range(5000))
    assert [hit.turn_id for hit in store.search(f"{latin} dams", limit=5)] == [turn]
    assert store.search("".join(map(chr, range(0x4E00, 0x4E00 + 5000))), limit=5) == []


def test_a_new_state_key_leaves_the_index_alone(store: ConversationStore, database: Database) -> None:
    """The index follows the text: kept by a change of another column, moved by a change of the text."""
    (turn,) = _store_turns(store, "The Elbe floods.")
    with database.transaction() as db:
        db.execute("UPDATE turns SET state_key = 'k' WHERE id = ?", [turn])
    assert [hit.turn_id for hit in store.search("elbe", limit=9)] == [turn]
    with database.transaction() as db:
        db.execute("UPDATE turns SET text = 'The Danube.' WHERE id = ?", [turn])
    assert store.search("elbe", limit=9) == []
    assert [hit.turn_id for hit in store.search("danube", limit=9)] == [turn]


def test_turns_of_version_one_are_indexed(tmp_path) -> None:
    """Conversations from before there was an index are found after the migration, with the new columns empty."""
    path = tmp_path / "old.sqlite"
    with Database.open(path, migrations=LIBRARY[:1]) as database, database.transaction() as db:
        db.execute("INSERT INTO conversations VALUES ('c1', 't', NULL, 'm', 1, 1.0, 1.0)")
        db.execute("INSERT INTO turns VALUES (1, 'c1', NULL, 'user', 'The Elbe floods.', '', 1.0)")
    with Database.open(path) as database:
        store = ConversationStore(database)
        assert [hit.turn_id for hit in store.search("elbe", limit=9)] == [1]
        (found,) = store.find("c1")
        assert (found.page_range, found.deleted_at, found.forked_from) == ("", None, "")
        assert [turn.state_key for turn in store.turns("c1")] == [""]
