"""Where the hub's token is kept and found, and that nobody gets to see it."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from huggingface_hub import constants
from keyring.errors import KeyringLocked

from app.core.errors import ResourceError, UserError
from app.services.hub.client import HubClient
from app.services.hub.interruptible import Paused
from app.services.tokens import FoundToken, TokenError, TokenStore, check_token
from tests.hub_server import Account, Fault, HubServer
from tests.services.hub.conftest import TOKEN, MemoryKeyring

ROOT = Path(__file__).resolve().parents[2]


class LockedKeyring(MemoryKeyring):
    """One whose user does not unlock it."""

    def get_password(self, service: str, username: str) -> str | None:
        raise KeyringLocked(f"locked, {TOKEN}")

    def set_password(self, service: str, username: str, password: str) -> None:
        raise KeyringLocked(f"locked, {password}")


@pytest.fixture
def token_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Hugging Face's own; not there yet."""
    path = tmp_path / "token"
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(path))
    return path


@pytest.fixture
def hub() -> Iterator[HubServer]:
    """A hub with one account."""
    with HubServer() as server:
        server.accounts[TOKEN] = Account("ada")
        yield server


def test_a_token_is_kept_and_forgotten() -> None:
    """In the keyring, under the program's name."""
    keyring = MemoryKeyring()
    store = TokenStore(environment={}, keyring=keyring)
    store.keep(f" {TOKEN}\n")
    assert keyring.entries == {("griffin-desk", "huggingface.co"): TOKEN}
    assert store.find() == FoundToken(TOKEN, "keyring")
    assert store.forget() and not store.forget()
    assert keyring.entries == {}


def test_the_order_of_places(token_file: Path) -> None:
    """The keyring before HF_TOKEN before the file of Hugging Face's own tools, which is only read."""
    environment = {"HF_TOKEN": "hf_environment"}
    token_file.write_text("hf_file\n")
    found = [
        TokenStore(environment=environment, keyring=MemoryKeyring("hf_keyring")).find(),
        TokenStore(environment=environment, keyring=MemoryKeyring()).find(),
        TokenStore(environment={"HUGGING_FACE_HUB_TOKEN": "hf_old"}, keyring=MemoryKeyring()).find(),
        TokenStore(environment={"HF_TOKEN": " "}, keyring=MemoryKeyring()).find(),
        TokenStore(environment={"HF_HUB_DISABLE_IMPLICIT_TOKEN": "1", **environment}, keyring=MemoryKeyring()).find(),
    ]
    assert [(item.token, item.place) if item else None for item in found] == [
        ("hf_keyring", "keyring"),
        ("hf_environment", "environment"),
        ("hf_old", "environment"),
        ("hf_file", "hugging face's own file"),
        None,
    ]
    assert token_file.read_text() == "hf_file\n"
    token_file.unlink()
    assert TokenStore(environment={}, keyring=MemoryKeyring()).find() is None


@pytest.mark.parametrize("token", ["", "  ", "hf_a b", "hf_ä", "hf_a\nb", "hf_\x00"])
def test_what_can_be_no_token(token: str) -> None:
    """It is refused without being shown, and nothing is kept."""
    keyring = MemoryKeyring()
    with pytest.raises(UserError, match="that is no token") as raised:
        TokenStore(environment={}, keyring=keyring).keep(token)
    assert raised.value.code == "hub-token" and keyring.entries == {}


def test_a_locked_keyring(token_file: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Other places are still looked at; what cannot be kept says how else, and shows nothing of the token."""
    store = TokenStore(environment={"HF_TOKEN": "hf_environment"}, keyring=LockedKeyring())
    with caplog.at_level(logging.DEBUG):
        assert store.find() == FoundToken("hf_environment", "environment")
        for act in (lambda: store.keep(TOKEN), store.forget):
            with pytest.raises(TokenError, match="HF_TOKEN") as raised:
                act()
            assert raised.value.code == "no-keyring"
            assert TOKEN not in repr(raised.value) and raised.value.__suppress_context__
    assert TOKEN not in caplog.text


@pytest.mark.parametrize("backend", ["keyring.backends.fail.Keyring", "keyring.backends.null.Keyring", "no.such.Thing"])
def test_a_system_without_a_keyring(backend: str, tmp_path: Path) -> None:
    """As on a server without a desktop: HF_TOKEN is named as the way, and a token elsewhere is still found."""
    code = (
        "from app.services.tokens import TokenError, TokenStore\nstore = TokenStore()\nprint(store.find())\n"
        "try:\n    store.keep('hf_x')\nexcept TokenError as error:\n    print(error.code, error.message)\n"
        "try:\n    print(store.forget())\nexcept TokenError as error:\n    print(error.code)\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, "PYTHON_KEYRING_BACKEND": backend, "HF_TOKEN": TOKEN, "HF_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.splitlines()[0] == "FoundToken(place='environment')"
    assert run.stdout.splitlines()[1].startswith("no-keyring ") and "HF_TOKEN" in run.stdout
    assert run.stdout.splitlines()[2] == ("no-keyring" if backend == "no.such.Thing" else "False")
    assert TOKEN not in run.stdout + run.stderr


def test_no_repr_shows_a_token() -> None:
    """Not of what was found, nor of the store."""
    store = TokenStore(environment={}, keyring=MemoryKeyring(TOKEN))
    assert TOKEN not in repr(store.find()) + str(store.find()) + repr(store)


def test_whose_token_it_is(hub: HubServer) -> None:
    """By one request, with the token, to the hub."""
    assert check_token(TOKEN, client=HubClient(hub.endpoint)) == "ada"
    assert [(seen.path, seen.headers["authorization"]) for seen in hub.seen] == [("/api/whoami-v2", f"Bearer {TOKEN}")]


def test_a_token_that_is_nobodys(hub: HubServer) -> None:
    """How to make a new one; the token is not shown."""
    with pytest.raises(UserError, match="settings/tokens") as raised:
        check_token("hf_mistyped", client=HubClient(hub.endpoint))
    assert raised.value.code == "hub-token" and "hf_mistyped" not in raised.value.message


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"<html>"])
def test_an_answer_that_is_no_account(hub: HubServer, body: bytes) -> None:
    """Something else answers in the hub's place."""
    hub.whoami_faults.append(Fault(body=body))
    with pytest.raises(ResourceError, match="does not answer as a hub") as raised:
        check_token(TOKEN, client=HubClient(hub.endpoint))
    assert raised.value.code == "hub-network"


def test_a_silent_hub_can_be_left(hub: HubServer) -> None:
    """A question about the token can be called off."""
    hub.whoami_faults.append(Fault(hold_after=0))
    with pytest.raises(Paused):
        check_token(TOKEN, client=HubClient(hub.endpoint), cancelled=hub.held.is_set)


def test_offline(hub: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """With HF_HUB_OFFLINE no token is sent anywhere."""
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(UserError) as raised:
        check_token(TOKEN, client=HubClient(hub.endpoint))
    assert raised.value.code == "hub-offline" and hub.seen == []
