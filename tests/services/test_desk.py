"""All services on one library, as the program puts them together."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.core.errors import UserError
from app.core.paths import DataPaths
from app.core.settings import Settings
from app.inference.generator import Sampling
from app.services import desk as desk_module
from app.services.desk import Desk, bundled_model, make_desk, make_room, models_dir, open_states
from app.services.states import StateKeeper
from app.storage.database import Database
from app.tasks.chat import CHAT_SAMPLING, SYSTEM_PROMPT, chat_sampling
from tests.fakes import FakeGenerator

TEXT = "The Elbe floods in April.\n\nDams hold water back."


@pytest.fixture
def paths(tmp_path: Path) -> DataPaths:
    made = DataPaths(tmp_path / "data")
    made.create()
    return made


@pytest.fixture
def states(paths: DataPaths) -> Iterator[StateKeeper]:
    keeper = open_states(paths, Settings())
    yield keeper
    keeper.close()


def say(desk: Desk, generator: FakeGenerator) -> str:
    """One turn of a new conversation; its id."""
    conversation = desk.conversations.open(None, generator)
    conversation.say("Why?")
    conversation.close()
    return conversation.id


def test_the_services_share_one_library(paths: DataPaths, states: StateKeeper, tmp_path: Path) -> None:
    """What one brings in the others have: the reader, the search, the shelf and the states are those of one folder."""
    file = tmp_path / "rivers.txt"
    file.write_text(TEXT)
    generator = FakeGenerator(lambda text: "ok")
    with Database.open(paths.library) as database:
        desk = make_desk(paths, Settings(encoder="off"), database, states)
        item = desk.library.import_file(file)
        found = desk.search.find([item], "When does the Elbe flood?").sentences
        assert next(evidence.text for evidence in found) == "The Elbe floods in April."
        list(desk.reading.read(item, generator))
        say(desk, generator)
        desk.states.flush()
        (row,) = desk.shelf.documents(generator.info)
        assert (row.title, row.state) == (item.document.title, "read")
        assert [talk.turns for talk in desk.shelf.conversations()] == [2]
        assert desk.search is desk.search and desk.states.nbytes() > 0
        assert desk.models.resolve("starter").path == bundled_model()


def test_two_threads_with_a_desk_each(paths: DataPaths, states: StateKeeper) -> None:
    """What one stores the other sees at once, and both go on from the same states."""
    generator = FakeGenerator(lambda text: "ok")
    made: list[str] = []

    def other() -> None:
        with Database.open(paths.library) as database:
            made.append(say(make_desk(paths, Settings(), database, states), generator))

    with Database.open(paths.library) as database:
        desk = make_desk(paths, Settings(), database, states)
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
        conversation = desk.conversations.open(made[0], generator)
        before = generator.usage.prefill_tokens
        conversation.say("And?")
        assert generator.usage.prefill_tokens - before == 5 and len(conversation.turns()) == 4
        conversation.close()


def test_settings_of_conversations(paths: DataPaths, states: StateKeeper) -> None:
    """The prompt and the way answers are drawn are the settings'; the defaults are those of the chat task."""
    generator = FakeGenerator(lambda text: "ok")
    settings = Settings(system_prompt="Be a pirate.", temperature=0.0, top_p=0.5, top_k=3, repetition_penalty=1.5)
    with Database.open(paths.library) as database:
        say(make_desk(paths, settings, database, states, new_seed=lambda: 7), generator)
        say(make_desk(paths, Settings(), database, states, new_seed=lambda: 8), generator)
        conversation = make_desk(paths, settings, database, states).conversations.open(None, generator)
        conversation.say("Who are you?")
    told = [generator.text(ids) for ids in generator.states.values()]
    assert told == ["<0><1>Be a pirate.<2><1>Who are you?<2><1>ok<2>"] and SYSTEM_PROMPT not in told[0]
    pirate = Sampling(temperature=0.0, top_k=3, top_p=0.5, repetition_penalty=1.5)
    assert generator.samplings[:2] == [chat_sampling(7, pirate), chat_sampling(8, CHAT_SAMPLING)]


def test_no_system_prompt(paths: DataPaths, states: StateKeeper) -> None:
    """An empty one tells the model nothing, not an empty turn."""
    generator = FakeGenerator(lambda text: "ok")
    with Database.open(paths.library) as database:
        conversation = make_desk(paths, Settings(system_prompt=""), database, states).conversations.open(
            None, generator
        )
        conversation.say("Why?")
    assert [generator.text(ids) for ids in generator.states.values()] == ["<0><1>Why?<2><1>ok<2>"]


def test_ids_and_seeds_are_new_ones(paths: DataPaths, states: StateKeeper) -> None:
    """Short, of letters that can be typed, no two alike."""
    generator = FakeGenerator(lambda text: "ok")
    with Database.open(paths.library) as database:
        desk = make_desk(paths, Settings(), database, states)
        ids = {say(desk, generator) for _ in range(5)}
    assert len(ids) == 5 and all(len(id_) == 10 and set(id_) <= set("0123456789abcdef") for id_ in ids)
    assert len({sampling.seed for sampling in generator.samplings}) == 5


def test_where_models_lie(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings' folder, from the user's home too, else the data folder's; of nobody's home there are none."""
    paths = DataPaths(tmp_path / "data")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert models_dir(paths, Settings()) == paths.models
    assert models_dir(paths, Settings(models_dir="/big/models")) == Path("/big/models")
    assert models_dir(paths, Settings(models_dir="~/models")) == tmp_path / "models"
    assert not models_dir(paths, Settings(models_dir="~nobody-of-this-name/models")).exists()


def test_an_encoder_that_is_not_there(paths: DataPaths, states: StateKeeper, tmp_path: Path) -> None:
    """A wrong setting of it is told when something is searched, and spoils nothing else."""
    with Database.open(paths.library) as database:
        desk = make_desk(paths, Settings(encoder=str(tmp_path / "none")), database, states)
        assert desk.library.entries() == []
        with pytest.raises(UserError):
            _ = desk.search


def test_the_budget_of_states(paths: DataPaths, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is the settings'."""
    budgets: list[int] = []
    store = desk_module.SnapshotStore

    def made(path: Path, *, budget_bytes: int) -> object:
        budgets.append(budget_bytes)
        return store(path, budget_bytes=budget_bytes)

    monkeypatch.setattr(desk_module, "SnapshotStore", made)
    open_states(paths, Settings(snapshot_budget_bytes=12345)).close()
    assert budgets == [12345]


def test_saved_states_give_way_to_the_library(
    paths: DataPaths, states: StateKeeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before it is opened, and after something in it could not be written."""
    with Database.open(paths.library) as database:
        desk = make_desk(paths, Settings(snapshot_interval_s=0.0), database, states)
        say(desk, FakeGenerator())
        states.flush()
        assert states.nbytes() > 0
        usage = shutil.disk_usage(paths.root)
        monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage._replace(free=0))
        database.when_full()
        assert states.nbytes() == 0
        assert not paths.snapshots.exists()
    paths.snapshots.write_bytes(b"anything")
    make_room(paths, Settings())
    assert not paths.snapshots.exists()
