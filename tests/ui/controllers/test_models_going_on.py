"""Interrupted downloads and copies are found again, by name."""

from __future__ import annotations

from dataclasses import replace

from app.services.catalogue import ModelStatus
from app.ui.controllers.models_going_on import ModelsGoingOn
from app.ui.models.model_row import Check, Copy, Get
from app.ui.window_state import WindowState
from tests.ui.model_rows import here, row


def test_kept_and_offered_once() -> None:
    """Names may hold anything; what cannot go on is not kept."""
    state = WindowState()
    first = ModelsGoingOn(state)
    assert not first.is_wanted
    wishes = (Get("2b it|ü"), Copy("mine", "int4"))
    first.keep((*wishes, Check("mine")))
    second = ModelsGoingOn(state)
    assert second.is_wanted
    paused = replace(row(), entry=replace(row().entry, status=ModelStatus.PAUSED))
    second.look(lambda name: here() if name == "mine" else paused)
    assert second.offered == wishes and not second.is_wanted
    second.keep(())
    assert ModelsGoingOn(state).is_wanted
    assert second.take() == wishes
    second.keep(())
    assert not ModelsGoingOn(state).is_wanted


def test_what_was_not_looked_for_is_kept_on() -> None:
    """A run that ends at once forgets nothing."""
    state = WindowState()
    ModelsGoingOn(state).keep((Get("it"),))
    ModelsGoingOn(state).keep(())
    assert state.words("models") == ("get|it",)


def test_what_is_gone_is_not_offered() -> None:
    """A download that is finished or was discarded, and a copy of a model that is there no more."""
    state = WindowState()
    ModelsGoingOn(state).keep((Get("a"), Get("b"), Copy("c", "int8"), Copy("d", "int8")))
    going_on = ModelsGoingOn(state)
    rows = {"a": here(), "b": None, "c": row(), "d": here()}
    going_on.look(rows.get)
    assert going_on.offered == (Copy("d", "int8"),)
    going_on.add(Get("e"))
    going_on.add(Check("f"))
    going_on.drop("d")
    assert going_on.offered == (Get("e"),)
