"""A model from a hub on this machine into the library of models, through the window and everything below it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import huggingface_hub
import keyring
import pytest
from huggingface_hub import constants
from PySide6.QtWidgets import QLineEdit

from app.services.model_fit import FitService
from tests.hub_server import Account, Fault, HubServer, folder_contents, model_files
from tests.services.hub.conftest import PROXIES, MemoryKeyring
from tests.ui.controllers.test_models import Shown
from tests.ui.desk_window import Desks

NAME = "recurrentgemma-2b-it"
REPOSITORY = f"google/{NAME}"
TOKEN = "hf_abcdefghijklmnop"
SHARD = "model-00001-of-00002.safetensors"


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[HubServer]:
    """Holds the gated model, and an account that has accepted its licence."""
    for name in (*PROXIES, *map(str.lower, PROXIES), "HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "no-token"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    huggingface_hub.close_session()
    with HubServer() as server:
        server.accounts[TOKEN] = Account("ada", {REPOSITORY})
        server.add(REPOSITORY, model_files(), gated="auto")
        # What HF_ENDPOINT does before the library is imported.
        template = constants.HUGGINGFACE_CO_URL_TEMPLATE.replace(constants.ENDPOINT, server.endpoint)
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        monkeypatch.setattr(constants, "ENDPOINT", server.endpoint)
        yield server
    huggingface_hub.close_session()


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> MemoryKeyring:
    """The system's keyring, and a machine whose speed is known."""
    made = MemoryKeyring()
    monkeypatch.setattr(keyring, "get_keyring", lambda: made)
    monkeypatch.setattr(FitService, "is_measured", lambda self: True)
    return made


def test_from_the_first_click_to_the_files(desks: Desks, hub: HubServer, kept: MemoryKeyring) -> None:
    """Nothing is asked before a click; a wrong token is refused, a right one kept and used; paused, then all there."""
    window = desks.window()
    window.wait_ready()
    shown = Shown(window)
    shown.dialog.choose(NAME)
    shown.press("Download")
    shown.wait_for("3. Paste it here")
    window.rest()
    assert hub.seen == []
    field = next(field for field in shown.dialog.findChildren(QLineEdit) if field.accessibleName() == "Token")
    field.setText("hf_wrong")
    shown.press("Check and keep")
    shown.wait_for("it is mistyped, expired or was withdrawn")
    assert kept.entries == {} and "griffin-desk models login" not in shown.texts
    field.setText(TOKEN)
    shown.press("Check and keep")
    shown.wait_for("It belongs to the account ada.")
    assert list(kept.entries.values()) == [TOKEN]

    hub.fail(SHARD, Fault(hold_after=20_000))
    shown.press("Download")
    window.wait(hub.held.is_set)
    shown.press("Pause")
    shown.wait_for("Download paused at")
    hub.release()
    shown.press("Go on with the download")
    folder = window.paths.models / NAME
    window.wait(folder.is_dir)
    window.rest()
    assert folder_contents(folder)[SHARD] == model_files()[SHARD]
    assert not any(seen.headers.get("authorization") for seen in hub.requests("cdn"))


def test_a_licence_that_was_not_accepted(desks: Desks, hub: HubServer, kept: MemoryKeyring) -> None:
    """Its sentence leads to the steps; where the hub is at fault, to another try."""
    kept.set_password("griffin-desk", "huggingface.co", TOKEN)
    hub.accounts[TOKEN].accepted.clear()
    window = desks.window()
    window.wait_ready()
    shown = Shown(window)
    shown.dialog.choose(NAME)
    shown.press("Download")
    shown.wait_for("has not accepted the licence of google/recurrentgemma-2b-it")
    shown.press("Go through the steps…")
    shown.wait_for("1. Accept the licence")
    hub.accounts[TOKEN].accepted.add(REPOSITORY)
    hub.info_faults.append(Fault(status=503))
    shown.press("Download")
    shown.wait_for("cannot answer at present (HTTP 503)")
    shown.press("Try again")
    window.wait((window.paths.models / NAME).is_dir)
