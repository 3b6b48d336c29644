"""The model of the window: loaded behind it, changed, failing, and what waits for it."""

from __future__ import annotations

import threading
from pathlib import Path

from app.core.errors import CheckpointError
from app.inference.generator import ReadCancelled, TextGenerator
from app.services.engine import EngineOptions
from app.ui.job import Task
from app.ui.jobs import Lane
from app.ui.widgets.shown_turn import AskMode
from tests.ui.desk_window import Desks, DeskWindow, write_book

OPTIONS = EngineOptions("auto", "auto", 0)


def model_text(window: DeskWindow) -> str:
    """On the button at the right of the status line."""
    return window.window.status.findChildren(type(window.window.status._model))[-1].accessibleName()


def test_a_model_is_loaded_in_the_background(desks: Desks) -> None:
    """Status line and home page say which; its process yields to the window."""
    window = desks.window()
    window.wait_ready()
    engine = window.controller.engine
    assert engine.info is not None and engine.info.name == "starter"
    assert "The model in use is starter." in window.texts(window.window.home)
    assert desks.loaders[0].options.background
    window.close()
    assert desks.loaders[0].closed


def test_a_model_that_cannot_be_loaded(desks: Desks) -> None:
    """One notice; what is asked is given back; documents are searched all the same, where a model was found."""
    desks.errors["starter"] = CheckpointError("the weights are damaged; download them again")
    window = desks.window()
    window.wait(lambda: window.notices)
    window.rest()
    assert window.notices == ["The weights are damaged; download them again."]
    assert not window.controller.engine.is_ready
    room = window.open(write_book(desks.folder, "rivers"))
    window.say("What does rivers0 run?", AskMode.FIND)
    assert "Rivers0" in window.turns[1]
    window.actions.show_ask()
    window.say("Tell me")
    assert "the weights are damaged; download them again" in window.texts(room.document_view)
    window.actions.summarise()
    window.wait(lambda: not room.summary.running)
    assert "the weights are damaged; download them again" in window.texts(room.document_view.summary)


def test_an_unknown_model_gives_the_question_back(desks: Desks) -> None:
    """Nothing can be stored with no model's name: the words stay in the composer."""
    window = desks.window(start=False)
    window.controller.engine.change("nobody", OPTIONS)
    window.wait(lambda: window.notices)
    assert "unknown model 'nobody'" in window.notices[0].lower()
    room = window.controller.open_chat()
    window.say("Are you there?")
    assert room.chat.draft == "Are you there?" and window.turns == []


def test_changing_the_model_while_it_reads(desks: Desks) -> None:
    """With another model the reading is paused; with the same one loaded in another way it goes on by itself."""
    desks.add_model("other")
    window = desks.window()
    window.wait_ready()
    room = window.open(write_book(desks.folder, "rivers", 8))
    desks.generator.may_read.clear()
    window.actions.summarise()
    window.wait(lambda: window.controller.activity.rooms)
    window.controller.engine.change("starter", EngineOptions("cpu", "auto", 1))
    desks.generator.may_read.set()
    window.wait(lambda: room.summary.markdown and not room.summary.running and window.jobs.idle)
    assert desks.loaders[0].closed and len(desks.loaders) == 2

    seas = window.open(write_book(desks.folder, "seas", 8))
    desks.generator.may_read.clear()
    window.actions.summarise()
    window.wait(lambda: window.controller.activity.rooms)
    window.controller.engine.change("other", OPTIONS)
    window.wait(lambda: window.controller.engine.is_ready and not window.controller.activity.rooms)
    assert seas.summary.paused and window.notices == []
    seas.summary.resume()
    window.wait(lambda: "by other" in seas.summary.markdown)


def test_changing_it_twice_leaves_nobody_waiting(desks: Desks) -> None:
    """Work that waits for a model that was given up gets the one that came in its place."""
    desks.add_model("other")
    window = desks.window(start=False)
    engine = window.controller.engine
    hold, got = threading.Event(), list[TextGenerator]()
    window.jobs.submit(Lane.MODEL, lambda task: hold.wait(10))
    engine.start()
    window.jobs.submit(Lane.TALK, lambda task: engine.loaded(task.cancelled), done=got.append)
    engine.change("starter", EngineOptions("cpu", "auto", 1))
    engine.change("other", OPTIONS)
    hold.set()
    window.wait(lambda: got)
    assert got == [desks.generators["other"]] and len(desks.loaders) == 1


def test_what_waits_for_a_model_can_be_stopped(desks: Desks) -> None:
    """By the user, and by the end of the window."""
    window = desks.window(start=False)
    hold, ended = threading.Event(), list[str]()
    window.jobs.submit(Lane.MODEL, lambda task: hold.wait(10))
    window.controller.engine.start()
    loaded = window.controller.engine.loaded
    job = window.jobs.submit(Lane.TALK, lambda task: loaded(task.cancelled), ended=lambda: ended.append("stopped"))
    job.cancel()
    window.wait(lambda: ended)
    raised: list[type] = []

    def wait_for_it(task: Task[None]) -> None:
        try:
            window.controller.engine.generator()
        except ReadCancelled:
            raised.append(ReadCancelled)
            raise

    window.jobs.submit(Lane.READING, wait_for_it)
    window.controller.engine.close()
    hold.set()
    window.wait(lambda: raised == [ReadCancelled])


def test_what_is_known_of_a_model_before_it_is_loaded(desks: Desks, tmp_path: Path) -> None:
    """A second start knows it from the first: the list says at once what was read."""
    window = desks.window()
    window.wait_ready()
    window.end()
    window = desks.window(start=False)
    known: list[object] = []
    window.controller.engine.loading.connect(known.append)
    window.controller.engine.start()
    window.wait(lambda: window.controller.engine.info is not None)
    assert len(known) == 1
