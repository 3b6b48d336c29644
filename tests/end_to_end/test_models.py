"""A model from a hub to a first answer, as a user at the command line has it: real processes, a local hub."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.checkpoints import random_tensors, raw_config, write_chat_model
from tests.hub_server import Account, Fault, HubServer

ROOT = Path(__file__).resolve().parents[2]
REPOSITORY = "google/recurrentgemma-2b-it"
TOKEN = "hf_abcdefghijklmnop"
RAW = raw_config("recurrentgemma", vocab_size=49_152)


@pytest.fixture
def hub(tmp_path: Path, starter_model_path: Path) -> HubServer:
    """A hub with one gated model, whose licence the user has accepted, and a file that is not needed."""
    folder = write_chat_model(tmp_path / "published", starter_model_path, RAW, random_tensors(RAW))
    server = HubServer()
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    server.add(REPOSITORY, files | {"model.gguf": b"another program's"}, gated="manual", config=RAW)
    server.accounts[TOKEN] = Account("ada", {REPOSITORY})
    return server


def _run(hub: HubServer, data: Path, *words: str, token: str = TOKEN) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "HF_ENDPOINT": hub.endpoint,
        "HF_HOME": str(data / "hf"),
        "HF_TOKEN": token,
        "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
    }
    command = [sys.executable, "-m", "app", *words, "--data-dir", str(data)]
    return subprocess.run(
        command, capture_output=True, text=True, cwd=ROOT, env=environment, timeout=300, stdin=subprocess.DEVNULL
    )


def test_pulled_checked_and_used(hub: HubServer, tmp_path: Path) -> None:
    """Broken off once, gone on with by the same command, without a byte fetched twice; then it is a model as others."""
    data = tmp_path / "data"
    with hub:
        refused = _run(hub, data, "models", "pull", REPOSITORY, token="")
        assert refused.returncode == 2 and "accept" in refused.stderr and REPOSITORY in refused.stderr
        hub.fail("model.safetensors", Fault(status=404))
        broken = _run(hub, data, "models", "pull", REPOSITORY)
        assert broken.returncode == 2 and "Traceback" not in broken.stderr
        listed = _run(hub, data, "models", "list", "--json")
        states = {model["name"]: model["status"] for model in json.loads(listed.stdout)["models"]}
        assert states["recurrentgemma-2b-it"] == "paused"
        done = _run(hub, data, "models", "pull", "recurrentgemma-2b-it")
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith("recurrentgemma-2b-it is there: ")
        fetched = [seen.file for seen in hub.requests("hub") + hub.requests("cdn") if seen.method == "GET"]
        assert fetched.count("tokenizer.json") <= 2 and "model.gguf" not in fetched
        assert all("authorization" not in seen.headers for seen in hub.requests("cdn"))
    folder = data / "models" / "recurrentgemma-2b-it"
    assert TOKEN not in "".join(path.read_text(errors="replace") for path in data.rglob("*.log"))
    assert json.loads((folder / "griffin-desk.json").read_text())["repository"] == REPOSITORY
    assert _run(hub, data, "models", "verify", folder.name).returncode == 0
    answer = subprocess.run(
        [sys.executable, "-m", "app", "chat", "--model", folder.name, "--json", "--data-dir", str(data)],
        input="Hello\n",
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=300,
    )
    assert answer.returncode == 0, answer.stderr
