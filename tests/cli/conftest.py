from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest

from app.cli.context import Launch
from app.cli.main import run
from tests.fakes import FakeGenerator


class FakeLoader:
    """Stands for the loader of a worker; `make` may raise what a broken installation raises."""

    def __init__(self, make: Callable[[], FakeGenerator]) -> None:
        self._make = make
        self.closed = False

    def result(self) -> FakeGenerator:
        return self._make()

    def facts(self) -> dict[str, dict[str, Any]]:
        return {
            "torch": {"version": "2"},
            "kernels": {"turned down": "nothing"},
            "memory": {"free_for_models_bytes": 2**31},
        }

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def loaders() -> list[FakeLoader]:
    """The loaders that commands began, first to last."""
    return []


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch, loaders: list[FakeLoader]) -> Callable[[Callable[[], FakeGenerator]], None]:
    """Let every command load what the given function makes, instead of a model."""

    def use(make: Callable[[], FakeGenerator]) -> None:
        def start(launch: Launch, model: object) -> FakeLoader:
            loader = FakeLoader(make)
            launch.loaders.append(loader)  # type: ignore[arg-type]
            loaders.append(loader)
            return loader

        monkeypatch.setattr(Launch, "start_loading", start)

    return use


class Terminal(io.StringIO):
    """Someone types these lines at a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def chat(engine, monkeypatch: pytest.MonkeyPatch, tmp_path):
    """Run `chat` on lines of standard input with a model that answers each turn alike; the exit code."""

    def go(
        lines: str,
        *arguments: str,
        answer: str = "Water.\x1b[2J\x9b5n",
        make: Callable[[], FakeGenerator] | None = None,
        terminal: bool = False,
    ) -> int:
        engine(make or (lambda: FakeGenerator(lambda text: answer)))
        stdin = Terminal(lines) if terminal else io.TextIOWrapper(io.BytesIO(lines.encode()))
        monkeypatch.setattr("sys.stdin", stdin)
        return run(["chat", "--data-dir", str(tmp_path / "data"), *arguments])

    return go


@pytest.fixture
def desk(tmp_path):
    """Run a command on the data folder of this test; the exit code."""

    def go(*arguments: object) -> int:
        return run([*map(str, arguments), "--data-dir", str(tmp_path / "data")])

    return go
