from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import huggingface_hub
import pytest
from huggingface_hub import constants

from app.services.hub.client import HubClient
from app.services.hub.fetching import Retry
from app.services.hub.pull import HubService
from app.services.tokens import TokenStore
from tests.hub_server import Account, HubServer

REPOSITORY = "google/recurrentgemma-2b-it"
TOKEN = "hf_abcdefghijklmnop"

MakeService = Callable[..., HubService]


class MemoryKeyring:
    """A keyring that lives as long as the test."""

    def __init__(self, token: str | None = None) -> None:
        self.entries = {} if token is None else {("griffin-desk", "huggingface.co"): token}

    def get_password(self, service: str, username: str) -> str | None:
        return self.entries.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.entries[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.entries[service, username]


PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


@pytest.fixture(scope="module", autouse=True)
def own_network() -> Iterator[None]:
    """This machine's proxies do not reach a test."""
    with pytest.MonkeyPatch.context() as patch:
        for name in PROXIES:
            patch.delenv(name, raising=False)
            patch.delenv(name.lower(), raising=False)
        huggingface_hub.close_session()
        yield
        huggingface_hub.close_session()


@pytest.fixture(autouse=True)
def own_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nor do its user's token and offline mode."""
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "no-token"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)


@pytest.fixture
def hub() -> Iterator[HubServer]:
    """The hub, with one account."""
    with HubServer() as server:
        server.accounts[TOKEN] = Account("ada", {REPOSITORY})
        yield server


@pytest.fixture
def models_dir(tmp_path: Path) -> Path:
    """Where models go; not there yet."""
    return tmp_path / "models"


@pytest.fixture
def make_service(hub: HubServer, models_dir: Path) -> MakeService:
    """Makes the service, by default without a token and without waiting between tries."""

    def make(token: str | None = None, **options: Any) -> HubService:
        options = {
            "client": HubClient(hub.endpoint, timeout_s=20),
            "retry": Retry(waits_s=(0.0, 0.0, 0.0)),
            **options,
        }
        tokens = TokenStore(environment={}, keyring=MemoryKeyring(token))
        return HubService(models_dir=models_dir, tokens=tokens, **options)

    return make


@pytest.fixture
def service(make_service: MakeService) -> HubService:
    """The service without a token."""
    return make_service()
