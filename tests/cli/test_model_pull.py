"""`models pull|login|logout`: what is said before, after and instead of a download."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from huggingface_hub import constants

from app.cli.main import run
from app.services.hub.client import HubClient
from tests.checkpoints import random_tensors, raw_config, write_checkpoint
from tests.hub_server import HubServer
from tests.services.hub.conftest import own_network

RAW = raw_config("recurrentgemma")
REPOSITORY = "google/recurrentgemma-2b-it"

__all__ = ["own_network"]  # this machine's proxies do not reach a test


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[HubServer]:
    """A hub with one model that is for everybody."""
    folder = write_checkpoint(tmp_path / "published", RAW, random_tensors(RAW))
    with HubServer() as server:
        server.add(REPOSITORY, {path.name: path.read_bytes() for path in folder.iterdir()}, config=RAW)
        monkeypatch.setattr(HubClient, "endpoint", server.endpoint)
        monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "no-token"))
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        yield server


@pytest.fixture
def data(tmp_path: Path) -> list[str]:
    """A data folder of its own."""
    return ["--data-dir", str(tmp_path / "data")]


def test_fetched_by_its_name(hub: HubServer, data: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """First how it will run; then where it is. Asked for again, though a copy of it is here, it is not fetched."""
    assert run(["models", "pull", "recurrentgemma-2b-it", *data]) == 0
    shown = capsys.readouterr()
    assert "recurrentgemma-2b-it on this machine: " in shown.err
    assert shown.out.startswith("recurrentgemma-2b-it is there: ")
    assert run(["models", "convert", "recurrentgemma-2b-it", "--to", "huggingface", "--name", "a-copy", *data]) == 0
    hub.seen.clear()
    capsys.readouterr()
    assert run(["models", "pull", REPOSITORY, "--json", *data]) == 0
    shown = capsys.readouterr()
    assert json.loads(shown.out)["model"]["name"] == "recurrentgemma-2b-it"
    assert hub.seen == [] and "a-copy" not in shown.err


def test_nothing_to_discard(hub: HubServer, data: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Is no error, and asks nobody."""
    assert run(["models", "pull", REPOSITORY, "--discard", "--json", *data]) == 0
    assert json.loads(capsys.readouterr().out) == {"discarded": REPOSITORY}
    assert hub.seen == []


def test_no_token_is_refused(
    hub: HubServer, data: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the hub is asked, with the page on which tokens are made."""
    monkeypatch.setattr("sys.stdin", io.StringIO("\n"))
    assert run(["models", "login", *data]) == 2
    assert f"make one at {hub.endpoint}/settings/tokens" in capsys.readouterr().err
    assert hub.seen == []
