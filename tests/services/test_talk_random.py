"""Long random sessions: whatever is done and whatever is lost, the model has been told what the branch says."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest

from app.services.library import LibraryDocument
from app.services.talk import OpenConversation
from app.storage.database import Database
from app.tasks.chat import SYSTEM_PROMPT
from tests.fakes import FakeGenerator
from tests.services.desk import Desk, book, chapter
from tests.services.dying import DyingGenerator
from tests.snapshot_states import rows

STEPS = 40


class Session:
    """Somebody who talks, branches, leaves and comes back, while states and workers are lost."""

    def __init__(self, desk: Desk, item: LibraryDocument | None, seed: int) -> None:
        self.chance = random.Random(seed)
        self.desk, self.item = desk, item
        self.generator = DyingGenerator(lambda text: f"It is {len(text)}.", late=seed % 2 == 1)
        self.conversation = desk.talks.open(None, self.generator, item=item)
        self.conversation.say("Begin?")
        self.check()

    def step(self) -> None:
        """One thing, with a death at one of the next calls now and then."""
        generator = self.generator
        generator.dies_at = {generator.calls + self.chance.randint(1, 8)} if self.chance.random() < 0.3 else ()
        name = self.chance.choice(
            ["say", "say", "edit", "regenerate", "cancel", "go", "leave", "fork", "lose some", "lose all", "other"]
        )
        getattr(self, name.replace(" ", "_"))()

    def say(self) -> None:
        self.conversation.say(f"What of {self.chance.randint(0, 999)}?")
        self.check()

    def edit(self) -> None:
        asked = [turn.id for turn in self.desk.turns.turns(self.conversation.id) if turn.role == "user"]
        self.conversation.edit(self.chance.choice(asked), f"Rather {self.chance.randint(0, 999)}?")
        self.check()

    def regenerate(self) -> None:
        self.conversation.regenerate()
        self.check()

    def cancel(self) -> None:
        asked = iter([False] * self.chance.randint(0, 6) + [True] * 99)
        before = len(self.desk.turns.turns(self.conversation.id))
        generation = self.conversation.say("Stop?", cancelled=lambda: next(asked))
        stored = len(self.desk.turns.turns(self.conversation.id)) - before
        assert stored == (2 if generation.token_ids else 1)

    def go(self) -> None:
        self.conversation.go_to(self.chance.choice(self.desk.turns.turns(self.conversation.id)).id)

    def leave(self) -> None:
        """And come back in another run."""
        self.conversation.close()
        assert self.generator.states == {} and self.generator.gone == set()
        self.desk = self.desk.again()
        self.come_back(self.conversation.id)

    def fork(self) -> None:
        at = self.chance.choice(self.desk.turns.turns(self.conversation.id)).id
        self.conversation.close()
        self.come_back(self.desk.talks.fork(self.conversation.id, at).id)

    def lose_some(self) -> None:
        self.desk.keeper.flush()
        kept = [row[0] for row in rows(self.desk.path, "SELECT id FROM snapshots")] if self.desk.path.exists() else []
        for id_ in self.chance.sample(kept, min(3, len(kept))):
            rows(self.desk.path, "DELETE FROM snapshots WHERE id = ?", [id_])

    def lose_all(self) -> None:
        self.leave()
        for file in self.desk.folder.glob("snapshots.sqlite*"):
            file.unlink()

    def other(self) -> None:
        """A turn with another model in between."""
        self.conversation.close()
        other = FakeGenerator(lambda text: f"That is {len(text)}.", fingerprint="9" * 64)
        conversation = self.desk.talks.open(self.conversation.id, other)
        conversation.say("And you?")
        assert expected(conversation) in told(other)
        conversation.close()
        assert other.states == {}
        self.come_back(self.conversation.id)

    def come_back(self, id_: str) -> None:
        self.conversation = self.desk.talks.open(id_, self.generator)

    def check(self) -> None:
        """The state after the last answer holds the branch in use, word for word."""
        if self.generator.gone:  # the worker died once the answer was there
            return
        assert expected(self.conversation) in told(self.generator)


def told(generator: FakeGenerator) -> set[str]:
    """The texts of all live states, with every end of a turn marked once."""
    return {re.sub(r"(<2>)+", "<2>", generator.text(ids)).removesuffix("<2>") for ids in generator.states.values()}


def expected(conversation: OpenConversation) -> str:
    """What the branch in use says."""
    begin = f"<0><1>{SYSTEM_PROMPT}" if conversation.item is None else f"<0>{conversation.item.document.text}"
    return "<2>".join([begin, *(f"<1>{turn.text}" for turn in conversation.turns())])


@pytest.mark.parametrize("seed", range(4))
def test_a_session(tmp_path: Path, database: Database, seed: int) -> None:
    """Alternately with and without a document, with early and with late deaths."""
    desk = Desk(tmp_path, database)
    item = desk.add(book([chapter("elbe"), chapter("oder")])) if seed % 4 > 1 else None
    session = Session(desk, item, seed)
    for _ in range(STEPS):
        session.step()
    session.generator.dies_at = ()
    session.say()
    session.leave()
