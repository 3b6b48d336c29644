from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from app.core.errors import StorageError, UserError
from app.inference.generator import FinishReason
from app.services.states import NOT_KEPT, OTHER_MODEL
from app.services.talk import OpenConversation, Plan, title_of
from app.storage.conversations import ConversationStore
from app.storage.database import Database
from app.tasks.chat import MAX_ANSWER_TOKENS, SYSTEM_PROMPT, chat_sampling
from tests.fakes import FakeGenerator
from tests.services.desk import Desk
from tests.services.dying import DyingGenerator
from tests.snapshot_states import rows

BEGIN = f"<0><1>{SYSTEM_PROMPT}<2>"


@pytest.fixture
def desk(tmp_path: Path, database: Database) -> Desk:
    return Desk(tmp_path, database)


@pytest.fixture
def generator() -> DyingGenerator:
    """Its answer says how many questions it has been told, and the seed that it was drawn with."""
    made = DyingGenerator()
    made.reply = lambda text: f"answer {text.count('?')} seed {made.samplings[-1].seed}"
    return made


def texts(conversation: OpenConversation) -> list[str]:
    return [turn.text for turn in conversation.turns()]


def live(generator: FakeGenerator) -> str:
    """The text of the only live state."""
    (ids,) = generator.states.values()
    return generator.text(ids)


def reading(generator: FakeGenerator, action: Callable[[], object]) -> int:
    """Tokens that an action reads."""
    before = generator.usage.prefill_tokens
    action()
    return generator.usage.prefill_tokens - before


def lose_states(desk: Desk) -> Desk:
    """The next run finds the library without its saved states."""
    again = desk.again()
    for file in desk.folder.glob("snapshots.sqlite*"):
        file.unlink()
    return again


def test_turns_are_stored_with_what_made_them(desk: Desk, generator: DyingGenerator) -> None:
    """Question and answer, each with the name of its state; the answer with its sampling and its model."""
    conversation = desk.talks.open(None, generator)
    shown: list[str] = []
    generation = conversation.say("  What is\na river? ", on_text=shown.append)
    conversation.say("And a dam?")
    question, answer, *more = conversation.turns()
    assert [turn.role for turn in (question, answer, *more)] == ["user", "assistant"] * 2
    assert "".join(shown) == generation.text == answer.text == "answer 1 seed 1"
    assert [turn.state_key for turn in conversation.turns()] == ["c1/c2", "c1/c3", "c1/c4", "c1/c5"]
    details = json.loads(answer.details)
    assert (details["finish_reason"], details["tokens"], details["model"]) == ("stop", 5, "fake")
    assert details["sampling"]["seed"] == 1 and question.details == ""
    assert generator.samplings == [chat_sampling(1), chat_sampling(2)]
    record = desk.talks.find("c1")
    assert (record.title, record.tip_turn_id, record.model_name) == ("What is a river?", more[-1].id, "fake")


def test_question_is_stored_before_its_answer_is_written(desk: Desk, generator: DyingGenerator) -> None:
    """While words come the user's turn is already on disk."""
    conversation = desk.talks.open(None, generator)
    seen: list[list[str]] = []
    conversation.say("hello?", on_text=lambda _: seen.append(texts(conversation)))
    assert seen == [["hello?"]] * 4


def test_later_turns_are_read_alone(desk: Desk, generator: DyingGenerator) -> None:
    """The live state holds what was said: a turn reads itself only."""
    conversation = desk.talks.open(None, generator)
    conversation.say("one?")
    assert reading(generator, lambda: conversation.say("two?")) == 5  # close, open, the word, close, open
    assert live(generator) == BEGIN + "<1>one?<2><1>answer 1 seed 1<2><2><1>two?<2><1>answer 2 seed 2<2>"


def test_resumed_without_reading(desk: Desk, generator: DyingGenerator) -> None:
    """Another run with another generator reads the new turn and nothing else, and goes on from the very tokens."""
    first = desk.talks.open(None, generator)
    first.say("one?")
    first.say("two?")
    told = live(generator)
    first.close()
    assert generator.states == {}
    other = FakeGenerator(lambda text: f"answer {text.count('?')} seed 3")
    resumed = desk.again().talks.open("c1", other)
    assert resumed.plan() == Plan(None, 0, 0, None, "", "")
    notices: list[str] = []
    assert reading(other, lambda: resumed.say("three?", on_notice=notices.append)) == 5
    assert live(other) == told + "<2><1>three?<2><1>answer 3 seed 3<2>"
    assert notices == [] and len(texts(resumed)) == 6


def test_regenerating_reads_nothing(desk: Desk, generator: DyingGenerator) -> None:
    """Another seed, another answer, beside the first one; in the same run and in the next."""
    conversation = desk.talks.open(None, generator)
    conversation.say("one?")
    question, first = conversation.turns()
    assert reading(generator, conversation.regenerate) == 0
    assert texts(conversation) == ["one?", "answer 1 seed 2"]
    conversation.close()
    resumed = desk.again().talks.open("c1", generator)
    assert reading(generator, resumed.regenerate) == 0
    assert live(generator) == BEGIN + "<1>one?<2><1>answer 1 seed 1<2>"  # the seeds of a run begin with 1
    answers = desk.turns.children(question.id, "c1")
    assert len(answers) == 3 and answers[0] == first
    assert resumed.tip == answers[-1].id == desk.talks.find("c1").tip_turn_id
    assert reading(generator, lambda: resumed.say("two?")) == 5
    assert [turn.parent_id for turn in resumed.turns()][2] == answers[-1].id


def test_nothing_to_regenerate(desk: Desk, generator: DyingGenerator) -> None:
    """Before the first question, and where a turn of another kind stands at the end."""
    conversation = desk.talks.open(None, generator)
    with pytest.raises(UserError, match="there is no question to answer yet"):
        conversation.regenerate()
    desk.turns.create("x", title="t", model_name="fake", now=1.0)
    tip = None
    for role in ("system", "assistant"):
        tip = desk.turns.add_turn("x", parent_id=tip, role=role, text="greetings", now=1.0)
        with pytest.raises(UserError, match="there is no question to answer yet"):
            desk.talks.open("x", generator).regenerate()
    assert (generator.calls, len(desk.turns.turns("x"))) == (0, 2)


def test_editing_a_question(desk: Desk, generator: DyingGenerator) -> None:
    """A new branch from the answer before it, of which only the new text is read; the old branch stays whole."""
    conversation = desk.talks.open(None, generator)
    for text in ("one?", "two?", "three?"):
        conversation.say(text)
    old = conversation.turns()
    assert reading(generator, lambda: conversation.edit(old[2].id, "2nd?")) == 5
    assert texts(conversation) == ["one?", "answer 1 seed 1", "2nd?", "answer 2 seed 4"]
    assert live(generator) == BEGIN + "<1>one?<2><1>answer 1 seed 1<2><2><1>2nd?<2><1>answer 2 seed 4<2>"
    assert desk.turns.path_to(old[-1].id) == old
    tree = desk.talks.tree("c1")
    assert (len(tree.turns), [turn.id for turn in tree.tips]) == (8, [old[-1].id, conversation.tip])
    conversation.edit(old[0].id, "first?")
    assert texts(conversation) == ["first?", "answer 1 seed 5"]
    assert live(generator) == BEGIN + "<1>first?<2><1>answer 1 seed 5<2>"
    with pytest.raises(UserError, match="is the model's"):
        conversation.edit(old[1].id, "no")
    with pytest.raises(UserError, match="this conversation has no turn 999"):
        conversation.edit(999, "no")


def test_going_to_another_turn(desk: Desk, generator: DyingGenerator) -> None:
    """What is said next follows there, from its state; the choice outlives the run."""
    conversation = desk.talks.open(None, generator)
    for text in ("one?", "two?"):
        conversation.say(text)
    first_answer = conversation.turns()[1].id
    old_tip = conversation.tip
    conversation.go_to(first_answer)
    conversation.close()
    resumed = desk.again().talks.open("c1", generator)
    assert resumed.tip == first_answer
    assert reading(generator, lambda: resumed.say("other?")) == 5
    assert texts(resumed)[2:] == ["other?", "answer 2 seed 1"]
    assert old_tip is not None
    resumed.go_to(old_tip)
    assert texts(resumed)[2] == "two?"
    assert reading(generator, lambda: resumed.say("three?")) == 5
    assert live(generator).endswith("two?<2><1>answer 2 seed 2<2><2><1>three?<2><1>answer 3 seed 2<2>")
    with pytest.raises(UserError, match="no turn 999"):
        resumed.go_to(999)


def test_turns_of_another_conversation_are_none_of_this(desk: Desk, generator: DyingGenerator) -> None:
    """Neither to go to nor to edit."""
    other = desk.talks.open(None, generator)
    other.say("theirs?")
    conversation = desk.talks.open(None, generator)
    conversation.say("mine?")
    theirs = other.turns()[0].id
    for action in (lambda: conversation.go_to(theirs), lambda: conversation.edit(theirs, "x")):
        with pytest.raises(UserError, match=f"this conversation has no turn {theirs}"):
            action()


# -- questions without an answer -------------------------------------------------------------------------------------


def test_cancelled_before_the_first_word(desk: Desk, generator: DyingGenerator) -> None:
    """While it is read or right after: no answer is stored, the question stays, and the next one takes its place."""
    conversation = desk.talks.open(None, generator)
    conversation.say("one?")
    answers = iter([False, True])
    for cancelled in (lambda: True, lambda: next(answers)):
        generation = conversation.say("two?", cancelled=cancelled)
        assert (generation.text, generation.finish_reason) == ("", FinishReason.CANCELLED)
        assert [turn.role for turn in conversation.turns()] == ["user", "assistant", "user"]
        assert generator.states == {}
    assert reading(generator, lambda: conversation.say("three?")) == 5
    assert texts(conversation) == ["one?", "answer 1 seed 1", "three?", "answer 2 seed 4"]
    assert live(generator) == BEGIN + "<1>one?<2><1>answer 1 seed 1<2><2><1>three?<2><1>answer 2 seed 4<2>"
    assert len(desk.turns.turns("c1")) == 6


def test_a_question_without_an_answer_gets_one(desk: Desk, generator: DyingGenerator) -> None:
    """By `regenerate`, in the next run too; what was read of it is not read again."""
    conversation = desk.talks.open(None, generator)
    answers = iter([False] * 2 + [True])
    conversation.say("one?", cancelled=lambda: next(answers))
    conversation.close()
    resumed = desk.again().talks.open("c1", generator)
    assert resumed.plan().replayed == 0
    assert reading(generator, resumed.regenerate) == 0
    assert texts(resumed) == ["one?", "answer 1 seed 1"]


def test_cancelled_in_the_middle(desk: Desk, generator: DyingGenerator) -> None:
    """What was written is the answer, and the conversation goes on from it."""
    conversation = desk.talks.open(None, generator)
    shown: list[str] = []
    generation = conversation.say("one?", on_text=shown.append, cancelled=lambda: len(shown) == 2)
    assert generation.finish_reason is FinishReason.CANCELLED
    assert "".join(shown) == texts(conversation)[1] == "answer 1"
    assert json.loads(conversation.turns()[1].details)["finish_reason"] == "cancelled"
    conversation.say("two?")
    told = BEGIN + "<1>one?<2><1>answer 1<2><1>two?<2><1>answer 2 seed 2<2>"
    assert live(generator) == told
    conversation.close()
    resumed = desk.again().talks.open("c1", generator)
    resumed.say("three?")
    assert live(generator).startswith(told)


def test_two_questions_in_a_row_without_answers(desk: Desk, generator: DyingGenerator) -> None:
    """As older programs may have left them: neither is told to the model."""
    conversation = desk.talks.open(None, generator)
    conversation.say("one?")
    tip = conversation.tip
    for text in ("lost?", "lost too?"):
        tip = desk.turns.add_turn("c1", parent_id=tip, role="user", text=text, now=1.0)
    resumed = desk.talks.open("c1", generator)
    assert resumed.plan().replayed == 0
    resumed.say("two?")
    assert texts(resumed) == ["one?", "answer 1 seed 1", "two?", "answer 2 seed 2"]
    resumed.edit(desk.turns.turns("c1")[3].id, "found?")
    assert texts(resumed)[2:] == ["found?", "answer 2 seed 3"]


def test_the_library_fails_while_the_answer_is_stored(
    desk: Desk, generator: DyingGenerator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error is the caller's; what is answered next does not go on from an answer that no turn holds."""
    conversation = desk.talks.open(None, generator)
    add_turn = ConversationStore.add_turn

    def fail(*args: object, role: str, **rest: object) -> int:
        if role == "assistant":
            raise StorageError("the disk is full")
        return add_turn(*args, role=role, **rest)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(ConversationStore, "add_turn", fail)
        with pytest.raises(StorageError):
            conversation.say("one?")
    assert texts(conversation) == ["one?"] and generator.states == {}
    conversation.regenerate()
    assert live(generator) == BEGIN + "<1>one?<2><1>answer 1 seed 2<2>"


def test_an_interrupt_while_words_come(desk: Desk, generator: DyingGenerator) -> None:
    """Ctrl-C in the middle of showing them: the question stays, and the next turn goes on from the answer before."""
    conversation = desk.talks.open(None, generator)
    conversation.say("one?")

    def interrupt(_: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        conversation.say("two?", on_text=interrupt)
    assert generator.states == {}
    assert reading(generator, lambda: conversation.say("three?")) == 5
    assert live(generator).startswith(BEGIN + "<1>one?<2><1>answer 1 seed 1<2><2><1>three?")


# -- states that are gone --------------------------------------------------------------------------------------------


def test_turns_are_told_again(desk: Desk, generator: DyingGenerator) -> None:
    """With one notice, in their order; the plan has said so, and from then on nothing is told again."""
    conversation = desk.talks.open(None, generator)
    for text in ("one?", "two?"):
        conversation.say(text)
    conversation.close()
    again = lose_states(desk)
    resumed = again.talks.open("c1", generator)
    tokens = len(generator.tokenize("one?two?")) + 1 + 8
    assert resumed.plan() == Plan(None, 4, tokens, None, NOT_KEPT, "")
    notices: list[str] = []
    resumed.say("three?", on_notice=notices.append)
    assert notices == ["4 turns are read again: the saved state cannot be used (it was not kept)"]
    told = BEGIN + "<1>one?<2><1>answer 1 seed 1<2><1>two?<2><1>answer 2 seed 2<2><1>three?<2><1>answer 3 seed 1<2>"
    assert live(generator) == told
    resumed.close()
    last = again.again().talks.open("c1", generator)
    assert last.plan().replayed == 0
    assert reading(generator, lambda: last.say("four?", on_notice=notices.append)) == 5
    assert len(notices) == 1


def test_turns_since_the_nearest_state_are_told_again(desk: Desk, generator: DyingGenerator) -> None:
    """One state is gone: the one before it serves, and only what follows is read."""
    conversation = desk.talks.open(None, generator)
    for text in ("one?", "two?"):
        conversation.say(text)
    tip = conversation.turns()[-1]
    conversation.close()
    rows(desk.path, "UPDATE recurrent_parts SET data = x'00' WHERE snapshot_id IN "
         "(SELECT id FROM snapshots WHERE key = ?)", [tip.state_key])  # fmt: skip
    resumed = desk.again().talks.open("c1", generator)
    assert resumed.plan().replayed == 0  # to all appearance
    notices: list[str] = []
    resumed.say("three?", on_notice=notices.append)
    (notice,) = notices
    assert notice == (
        "2 turns are read again: the saved state cannot be used "
        "(the saved state is damaged (its recurrent part differs from its digest))"
    )
    assert live(generator) == (
        BEGIN + "<1>one?<2><1>answer 1 seed 1<2><2><1>two?<2><1>answer 2 seed 2<2><1>three?<2><1>answer 3 seed 1<2>"
    )


def test_a_damaged_file_is_the_reason_told(desk: Desk, generator: DyingGenerator) -> None:
    """Whoever looks first at the file finds it out; the notice says it."""
    conversation = desk.talks.open(None, generator)
    conversation.say("one?")
    conversation.close()
    again = desk.again()
    desk.path.write_bytes(b"garbage" * 10_000)
    notices: list[str] = []
    again.talks.open("c1", generator).say("two?", on_notice=notices.append)
    assert notices == [
        "2 turns are read again: the saved state cannot be used (the snapshot file was damaged and has been begun anew)"
    ]


def test_turns_from_before_states_were_kept(desk: Desk, generator: DyingGenerator) -> None:
    """They have no state's name: told once, and what follows is kept."""
    desk.turns.create("old", title="t", model_name="fake", now=1.0)
    tip = None
    for role, text in (("user", "one?"), ("assistant", "an old answer")):
        tip = desk.turns.add_turn("old", parent_id=tip, role=role, text=text, now=1.0)
    conversation = desk.talks.open("old", generator)
    assert conversation.plan() == Plan(None, 2, 4, None, NOT_KEPT, "")
    notices: list[str] = []
    conversation.say("two?", on_notice=notices.append)
    assert live(generator) == BEGIN + "<1>one?<2><1>an old answer<2><1>two?<2><1>answer 2 seed 1<2>"
    assert notices == ["2 turns are read again: the saved state cannot be used (it was not kept)"]
    conversation.close()
    resumed = desk.again().talks.open("old", generator)
    assert reading(generator, lambda: resumed.say("three?")) == 5


def test_another_model(desk: Desk, generator: DyingGenerator) -> None:
    """It is told all turns, and the plan names the model, the reason and, where its speed is known, the time."""
    conversation = desk.talks.open(None, generator)
    conversation.say("one?")
    conversation.close()
    other = FakeGenerator(lambda text: "as the other", fingerprint="8" * 64)
    other.info = replace(other.info, name="another")
    again = desk.again()
    again.rates.remember("8" * 64, 2.0, now=1.0)
    resumed = again.talks.open("c1", other)
    assert resumed.plan() == Plan(None, 2, 5, 2.5, OTHER_MODEL, "fake")
    notices: list[str] = []
    resumed.say("two?", on_notice=notices.append)
    assert notices == [f"2 turns are read again: the saved state cannot be used ({OTHER_MODEL})"]
    resumed.close()
    back = again.again().talks.open("c1", generator)
    assert back.plan().replayed == 2 and back.plan().other_model == ""
    back.say("three?")
    assert live(generator) == (
        BEGIN + "<1>one?<2><1>answer 1 seed 1<2><2><1>two?<2><1>as the other<2><1>three?<2><1>answer 3 seed 1<2>"
    )


def test_regenerating_with_another_model(desk: Desk, generator: DyingGenerator) -> None:
    """Only the line to the question is told, and the first answer stays beside it."""
    conversation = desk.talks.open(None, generator)
    conversation.say("one?")
    conversation.close()
    other = FakeGenerator(lambda text: "otherwise", fingerprint="8" * 64)
    resumed = desk.again().talks.open("c1", other)
    resumed.regenerate()
    assert live(other) == BEGIN + "<1>one?<2><1>otherwise<2>"
    assert texts(resumed) == ["one?", "otherwise"]


# -- leaving ---------------------------------------------------------------------------------------------------------


def test_an_opened_conversation_without_turns_leaves_nothing(desk: Desk, generator: DyingGenerator) -> None:
    """Opening and leaving keeps no empty entry; the first turn does."""
    conversation = desk.talks.open(None, generator)
    assert conversation.plan() == Plan(None, 0, 0, None, "", "")
    assert list(conversation.prepare()) == []
    conversation.close()
    assert (desk.talks.overview(), conversation.stored, generator.calls) == ([], False, 0)
    conversation.say("hello?")
    assert conversation.stored and desk.talks.open("c1", generator).stored


def test_closing_frees_the_state_and_keeps_it(desk: Desk, generator: DyingGenerator) -> None:
    """Nothing is live afterwards, all of it is on disk; closing twice is harmless."""
    conversation = desk.talks.open(None, generator)
    conversation.say("one?")
    assert len(generator.states) == 1
    for _ in range(2):
        conversation.close()
    assert generator.states == {}
    assert [row[0] for row in rows(desk.path, "SELECT key FROM snapshots ORDER BY id")] == ["c1/c2", "c1/c3"]
    assert rows(desk.path, "SELECT parent_key FROM snapshots ORDER BY id") == [("",), ("c1/c2",)]


def test_an_answer_has_its_limit(desk: Desk) -> None:
    """A model that does not end is stopped, and the conversation goes on."""
    generator = DyingGenerator(lambda text: "word " * 2 * MAX_ANSWER_TOKENS)
    conversation = desk.talks.open(None, generator)
    generation = conversation.say("one?")
    assert (len(generation.token_ids), generation.finish_reason) == (MAX_ANSWER_TOKENS, FinishReason.LENGTH)
    assert reading(generator, lambda: conversation.say("two?")) == 5


def test_titles() -> None:
    """The first turn on one line, cut with an ellipsis."""
    assert title_of("  What is\na river? ") == "What is a river?"
    assert title_of("x" * 60) == "x" * 60
    assert title_of("x" * 61) == "x" * 59 + "…"


# -- a question first, its answer later ------------------------------------------------------------------------------


def test_asked_first_and_answered_later(desk: Desk, generator: DyingGenerator) -> None:
    """A stored question needs no model; its answer is the one that `say` would have given."""
    conversation = desk.talks.open(None, generator)
    question = conversation.ask("  one? ")
    assert (generator.calls, conversation.position) == (0, None)
    assert [turn.id for turn in desk.talks.transcript(conversation.id).turns] == [question.id] == [conversation.tip]
    assert conversation.last_question() == question
    generation = conversation.answer(question)
    assert texts(conversation) == [question.text, generation.text]
    assert [conversation.position] == [len(ids) for ids in generator.states.values()]
    assert conversation.last_question() == question
    with pytest.raises(UserError, match="there is no question to answer yet"):
        desk.talks.open(None, generator).last_question()


def test_a_question_without_an_answer_is_not_followed_on(desk: Desk, generator: DyingGenerator) -> None:
    """The next one stands beside it, as if it had not been asked."""
    conversation = desk.talks.open(None, generator)
    conversation.say("one?")
    answer = conversation.tip
    left, asked = conversation.ask("left?"), conversation.ask("two?")
    assert left.parent_id == asked.parent_id == answer
    conversation.answer(asked)
    assert "left?" not in live(generator)


def test_asked_instead(desk: Desk, generator: DyingGenerator) -> None:
    """Beside the question it takes the place of; an answer cannot be asked."""
    conversation = desk.talks.open(None, generator)
    conversation.say("one?")
    question, answer = conversation.turns()
    instead = conversation.ask_instead(question.id, "uno?")
    assert (instead.parent_id, instead.text, conversation.tip) == (None, "uno?", instead.id)
    with pytest.raises(UserError, match=f"turn {answer.id} is the model's"):
        conversation.ask_instead(answer.id, "why?")
    assert texts(conversation) == ["uno?"]


def test_an_answer_made_elsewhere(desk: Desk, generator: DyingGenerator) -> None:
    """It is the question's, with its details, and under no state's name; the model hears of it before its next."""
    conversation = desk.talks.open(None, generator)
    conversation.say("one?")
    kept = conversation.keep_answer(conversation.ask("two?"), "found it", '{"found": {}}')
    assert (kept.role, kept.text, kept.details, kept.state_key) == ("assistant", "found it", '{"found": {}}', "")
    assert conversation.tip == kept.id and conversation.turns()[-2].text == "two?"
    conversation.say("three?")
    assert "<1>two?<2><1>found it<2><1>three?<2>" in live(generator)


def test_the_question_of_another_branch_is_answered(desk: Desk, generator: DyingGenerator) -> None:
    """Its answer follows on it, whatever the branch in use was."""
    conversation = desk.talks.open(None, generator)
    first = conversation.ask("one?")
    conversation.say("two?")
    conversation.answer(first)
    assert texts(conversation)[0] == "one?" and len(texts(conversation)) == 2
    assert "two?" not in live(generator)
