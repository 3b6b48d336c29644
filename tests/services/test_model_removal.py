from __future__ import annotations

from pathlib import Path

import pytest

from app.core.errors import UserError
from app.inference.checkpoints.partial import held_alone
from app.services.model_removal import UnfinishedCopy, discard_unfinished, remove_folder, unfinished_copies


@pytest.fixture
def models_dir(tmp_path: Path) -> Path:
    """With a model, and a conversion that was interrupted."""
    for folder in ("mine", ".mine-int4.partial"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "model.safetensors").write_bytes(b"12345")
    return tmp_path


def test_a_removed_model_leaves_nothing(models_dir: Path) -> None:
    """Nor does a removal before it that was killed half way."""
    (models_dir / ".removed-0123").mkdir()
    remove_folder(models_dir / "mine", models_dir)
    assert [path.name for path in models_dir.iterdir()] == [".mine-int4.partial"]


def test_of_a_link_the_link_alone_is_removed(models_dir: Path) -> None:
    """What it names is the user's."""
    (models_dir / "link").symlink_to(models_dir / "mine")
    remove_folder(models_dir / "link", models_dir)
    assert (models_dir / "mine" / "model.safetensors").is_file() and not (models_dir / "link").is_symlink()


def test_unfinished_conversions_are_found_and_given_up(models_dir: Path) -> None:
    """By the name of the model that each was to become; not while one is under way."""
    assert unfinished_copies(models_dir) == (UnfinishedCopy("mine-int4", 5),)
    with held_alone(models_dir / "mine-int4"), pytest.raises(UserError, match="being written by another run"):
        discard_unfinished(models_dir, "mine-int4")
    assert discard_unfinished(models_dir, "mine-int4")
    assert not discard_unfinished(models_dir, "mine-int4") and not discard_unfinished(models_dir, "mine")
    assert [path.name for path in models_dir.iterdir()] == ["mine"]
