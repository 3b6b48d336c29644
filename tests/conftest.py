"""Fixtures shared by every test: where the real data and the bundled model are."""

import os
from pathlib import Path

import pytest

from app.core.threads import wait_passively

# Before any test imports torch, as app/__main__.py does for the program.
wait_passively(os.environ)
# One place for compiled code: every program that a test starts would otherwise compile for its own data folder.
os.environ.setdefault("GRIFFIN_DESK_CACHE_DIR", str(Path(__file__).resolve().parent.parent / ".pytest_cache" / "desk"))

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The optional folder of real documents beside the repository (``../shared/data``); skips where it is absent."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the optional data folder ../shared/data is absent")
    return folder


@pytest.fixture(scope="session")
def starter_model_path() -> Path:
    """The starter model's folder in the repository; a clone without it is broken, so its absence is an error."""
    folder = ROOT / "resources" / "starter-model"
    assert (folder / "config.json").is_file(), f"the starter model is missing from {folder}"
    return folder
