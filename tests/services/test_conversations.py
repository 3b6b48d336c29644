from __future__ import annotations

from pathlib import Path

import pytest

from app.core.errors import StorageError, UserError
from app.services.conversations import KEPT_AFTER_DELETION_S
from app.storage.database import Database
from tests.fakes import FakeGenerator
from tests.services.desk import DAY_S, Desk
from tests.snapshot_states import rows


@pytest.fixture
def desk(tmp_path: Path, database: Database) -> Desk:
    return Desk(tmp_path, database)


def say(desk: Desk, generator: FakeGenerator, *texts: str, id_: str | None = None) -> str:
    """A conversation of these turns, closed; its id."""
    conversation = desk.talks.open(id_, generator)
    for text in texts:
        conversation.say(text)
    conversation.close()
    return conversation.id


def told_in(desk: Desk, id_: str) -> list[str]:
    return [turn.text for turn in desk.talks.transcript(id_).turns]


def test_found_by_id_or_its_beginning(desk: Desk, generator: FakeGenerator) -> None:
    """An id that fits none or several is a clear error; a unique beginning is enough."""
    for name in ("ab1", "ab2"):
        desk.turns.create(name, title=f"about {name}", model_name="fake", now=1.0)
    with pytest.raises(UserError, match="there is no conversation 'zzz'; the list of conversations shows") as caught:
        desk.talks.transcript("zzz")
    assert caught.value.code == "unknown-session"
    with pytest.raises(UserError, match=r"'ab' begins 2 conversations \(ab1, ab2\)"):
        desk.talks.open("ab", generator)
    with pytest.raises(UserError):
        desk.talks.find("")
    assert desk.talks.transcript("ab2").conversation.title == "about ab2"


def test_transcript_is_the_branch_in_use_and_tree_is_all(desk: Desk, generator: FakeGenerator) -> None:
    """With the ends of all branches, in the order in which they were stored."""
    conversation = desk.talks.open(None, generator)
    conversation.say("one")
    conversation.edit(conversation.turns()[0].id, "uno")
    conversation.regenerate()
    assert told_in(desk, conversation.id) == ["uno", "ok"]
    tree = desk.talks.tree(conversation.id)
    assert [turn.text for turn in tree.turns] == ["one", "ok", "uno", "ok", "ok"]
    assert [turn.id for turn in tree.tips] == [tree.turns[i].id for i in (1, 3, 4)]
    assert tree.conversation.tip_turn_id == tree.turns[4].id


def test_rename(desk: Desk, generator: FakeGenerator) -> None:
    """On one line; an empty title is refused and the old one stays."""
    id_ = say(desk, generator, "one")
    assert desk.talks.rename(id_, "  Rivers \n and dams ").title == "Rivers and dams"
    with pytest.raises(UserError, match="the new title is empty"):
        desk.talks.rename(id_, " \n ")
    assert desk.talks.find(id_).title == "Rivers and dams"


def test_search(desk: Desk, generator: FakeGenerator) -> None:
    """Turns and titles; nothing that was deleted."""
    first, second = say(desk, generator, "dams hold water"), say(desk, generator, "rivers flow")
    desk.talks.rename(second, "Of dams")
    assert {hit.conversation_id for hit in desk.talks.search("dams")} == {first, second}
    desk.talks.delete(first)
    assert [(hit.conversation_id, hit.turn_id) for hit in desk.talks.search("dams")] == [(second, None)]


def test_deleted_and_brought_back(desk: Desk, generator: FakeGenerator) -> None:
    """Gone from every list, then whole again, its state too."""
    id_ = say(desk, generator, "one")
    assert desk.talks.delete(id_).id == id_
    assert desk.talks.overview() == [] and [record.id for record in desk.talks.deleted()] == [id_]
    with pytest.raises(UserError):
        desk.talks.open(id_, generator)
    assert desk.talks.find(id_, with_deleted=True).deleted_at is not None
    assert desk.talks.undelete(id_[:1]).deleted_at is None
    before = generator.usage.prefill_tokens
    say(desk, generator, "two", id_=id_)
    assert generator.usage.prefill_tokens - before == 5
    assert told_in(desk, id_) == ["one", "ok", "two", "ok"]
    assert desk.talks.deleted() == []


def test_undelete_needs_one_that_fits(desk: Desk) -> None:
    """None and several are told apart; one that was not deleted is none."""
    for name in ("ab1", "ab2", "ac1"):
        desk.turns.create(name, title=name, model_name="fake", now=1.0)
        desk.talks.delete(name)
    desk.turns.create("ad1", title="there", model_name="fake", now=1.0)
    for text, words in (("ad1", "no deleted conversations begin"), ("ab", "2 deleted conversations"), ("", "no del")):
        with pytest.raises(UserError, match=words) as caught:
            desk.talks.undelete(text)
        assert caught.value.code == "unknown-session"


def test_what_was_deleted_long_ago_is_erased(desk: Desk, generator: FakeGenerator) -> None:
    """After 30 days, with its states; what was deleted since and what another conversation holds stays."""
    old, middle, new, kept = (say(desk, generator, text) for text in ("old", "middle", "new", "kept"))
    desk.talks.delete(old)
    desk.clock.seconds += 2 * DAY_S
    desk.talks.delete(middle)
    desk.clock.seconds += KEPT_AFTER_DELETION_S - DAY_S
    desk.talks.delete(new)
    assert [record.id for record in desk.talks.deleted()] == [new, middle]
    streams = {row[0] for row in rows(desk.path, "SELECT DISTINCT stream FROM snapshots")}
    assert streams == {f"conversation:{id_}" for id_ in (middle, new, kept)}
    with pytest.raises(UserError):
        desk.talks.undelete(old)
    assert told_in(desk, kept) == ["kept", "ok"]


def test_fork_shares_states(desk: Desk, generator: FakeGenerator) -> None:
    """It goes on without reading what it was copied from, and neither side sees what the other says."""
    source = say(desk, generator, "one", "two")
    fork = desk.talks.fork(source)
    assert (fork.title, fork.forked_from, fork.model_name) == ("one (fork)", source, "fake")
    assert told_in(desk, fork.id) == told_in(desk, source)
    again = desk.again()
    before = generator.usage.prefill_tokens
    say(again, generator, "in the fork", id_=fork.id)
    say(again, generator, "in the source", id_=source)
    assert generator.usage.prefill_tokens - before == 7 + 7
    assert told_in(again, fork.id)[4:] == ["in the fork", "ok"]
    assert told_in(again, source)[4:] == ["in the source", "ok"]
    before = generator.usage.prefill_tokens
    say(again.again(), generator, "more", id_=fork.id)
    assert generator.usage.prefill_tokens - before == 5


def test_fork_from_an_earlier_turn(desk: Desk, generator: FakeGenerator) -> None:
    """The line to that turn; a turn of another conversation, or of none, is refused. A fork's fork has one suffix."""
    source, other = say(desk, generator, "one", "two"), say(desk, generator, "other")
    turns = desk.talks.transcript(source).turns
    fork = desk.talks.fork(source, turns[1].id)
    assert told_in(desk, fork.id) == ["one", "ok"]
    before = generator.usage.prefill_tokens
    say(desk, generator, "two again", id_=fork.id)
    assert generator.usage.prefill_tokens - before == 6
    assert desk.talks.fork(fork.id).title == "one (fork)"
    for turn_id in (999, desk.talks.transcript(other).turns[0].id):
        with pytest.raises(UserError, match=f"has no turn {turn_id}"):
            desk.talks.fork(source, turn_id)
    desk.turns.create("empty", title="empty", model_name="fake", now=1.0)
    with pytest.raises(UserError):
        desk.talks.fork("empty")


def test_a_fork_outlives_its_source(desk: Desk, generator: FakeGenerator) -> None:
    """Erased with the states that they shared, the source costs the fork one reading of its turns."""
    source = say(desk, generator, "one")
    fork = desk.talks.fork(source)
    gone = say(desk, generator, "gone")
    desk.talks.delete(source)
    desk.clock.seconds += KEPT_AFTER_DELETION_S + DAY_S
    desk.talks.delete(gone)
    conversation = desk.talks.open(fork.id, generator)
    assert conversation.plan().replayed == 2
    conversation.say("two")
    conversation.close()
    assert told_in(desk, fork.id) == ["one", "ok", "two", "ok"]
    assert desk.again().talks.open(fork.id, generator).plan().replayed == 0


def test_going_to_a_branch(desk: Desk, generator: FakeGenerator) -> None:
    """By its last turn, without opening the conversation; a turn of another one is refused and nothing changes."""
    conversation = desk.talks.open(None, generator)
    conversation.say("one")
    first = conversation.tip
    conversation.edit(conversation.turns()[0].id, "uno")
    other = desk.talks.transcript(say(desk, generator, "elsewhere")).turns[0].id
    assert told_in(desk, conversation.id) == ["uno", "ok"]
    assert first is not None
    desk.clock.seconds += 1.0
    desk.talks.go_to(conversation.id, first)
    assert told_in(desk, conversation.id) == ["one", "ok"]
    assert desk.talks.overview()[0]["id"] == conversation.id
    for turn_id in (other, 999):
        with pytest.raises(StorageError, match=f"has no turn {turn_id}"):
            desk.talks.go_to(conversation.id, turn_id)
    with pytest.raises(UserError, match="no conversation 'zzz'"):
        desk.talks.go_to("zzz", first)
    assert told_in(desk, conversation.id) == ["one", "ok"]


class Loading(FakeGenerator):
    """A model that is still on its way: whoever asks what it is would wait."""

    def __getattribute__(self, name: str) -> object:
        if name == "info":
            raise AssertionError("waited for the model")
        return super().__getattribute__(name)


def test_a_question_need_not_wait_for_the_model(desk: Desk, generator: FakeGenerator) -> None:
    """A new conversation is stored under the name that is given; going on with it by that model is no change."""
    conversation = desk.talks.open(None, Loading.__new__(Loading), model_name="starter")
    conversation.ask("one?")
    assert desk.talks.find(conversation.id).model_name == "starter"
    assert desk.talks.open(conversation.id, generator).plan().other_model == "starter"
    named = desk.talks.open(None, generator, model_name="fake")
    named.say("one?")
    assert (desk.talks.find(named.id).model_name, named.plan().other_model) == ("fake", "")
