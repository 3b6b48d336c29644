from __future__ import annotations

from collections.abc import Callable

import pytest

from app.cli.context import Launch
from tests.fakes import FakeGenerator


class FakeLoader:
    """Stands for the engine's loader; `make` may raise what a broken installation raises."""

    running = False

    def __init__(self, make: Callable[[], FakeGenerator]) -> None:
        self._make = make

    def result(self) -> FakeGenerator:
        return self._make()

    def kernels(self) -> dict[str, str]:
        return {"turned down": "nothing"}

    def free_bytes(self) -> int:
        return 2**31


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], FakeGenerator]], None]:
    """Let every command load what the given function makes, instead of a model."""

    def use(make: Callable[[], FakeGenerator]) -> None:
        monkeypatch.setattr(Launch, "start_loading", lambda self, model: FakeLoader(make))

    return use
