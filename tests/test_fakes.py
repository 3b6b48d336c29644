"""The tests' generator keeps the contract that the engine keeps: otherwise its tests would prove little."""

from collections.abc import Collection

import pytest

from app.inference.generator import TextGenerator
from tests.contracts.text_generator import TextGeneratorContract
from tests.fakes import BOS, STOP, TURN, FakeGenerator


class TestFakeGenerator(TextGeneratorContract):
    """The suite on the fake."""

    @pytest.fixture
    def generator(self) -> TextGenerator:
        """A fresh one for each test."""
        return FakeGenerator(lambda text: f"The Elbe, of {len(text)} characters, floods the dry fields.")

    @pytest.fixture
    def control_ids(self) -> Collection[int]:
        """The three that stand for no word."""
        return {BOS, TURN, STOP}
