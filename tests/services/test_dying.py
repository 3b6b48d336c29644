"""The generator that dies keeps the contract while it lives, and dies as the worker's client tells of it."""

from __future__ import annotations

from collections.abc import Collection

import pytest

from app.core.errors import WorkerLostError
from app.inference.generator import Sampling, TextGenerator
from tests.contracts.text_generator import TextGeneratorContract
from tests.fakes import BOS, STOP, TURN
from tests.services.dying import DyingGenerator


class TestDyingGenerator(TextGeneratorContract):
    """The suite, without a death."""

    @pytest.fixture
    def generator(self) -> TextGenerator:
        """A fresh one for each test."""
        return DyingGenerator(lambda text: f"The Elbe, of {len(text)} characters, floods the dry fields.")

    @pytest.fixture
    def control_ids(self) -> Collection[int]:
        """The three that stand for no word."""
        return {BOS, TURN, STOP}


def test_all_states_are_lost() -> None:
    """Each can be dropped once, and says what happened until then; the next worker makes new ones."""
    generator = DyingGenerator(dies_at={3})
    states = [generator.new_state() for _ in range(2)]
    with pytest.raises(WorkerLostError):
        generator.position(states[0])
    assert generator.position(generator.new_state()) == 0
    for state in states:
        with pytest.raises(WorkerLostError):
            generator.begin_save(state)
        generator.drop(state)
        with pytest.raises(KeyError):
            generator.drop(state)


def test_late_deaths() -> None:
    """The answer does not arrive: half of a text was shown, a new handle is nobody's, a saved state is lost."""
    generator = DyingGenerator(lambda text: "one two three four", dies_at={2, 5, 7}, late=True)
    state = generator.new_state()
    with pytest.raises(WorkerLostError):
        generator.fork(state)
    assert generator.gone == {state} and generator.states == {}
    state = generator.new_state()
    wait = generator.begin_save(state)
    assert wait().position == 0
    wait = generator.begin_save(state)
    with pytest.raises(WorkerLostError):
        wait()
    shown: list[str] = []
    state = generator.new_state()
    with pytest.raises(WorkerLostError):
        generator.generate(state, [], sampling=Sampling(), max_new_tokens=9, on_text=shown.append)
    assert "".join(shown) == "one two"
