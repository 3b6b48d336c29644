from __future__ import annotations

from pathlib import Path

import pytest

from app.core.errors import UserError
from app.inference.checkpoints.partial import held_alone, partial_folder, require_new


def test_one_at_a_time(tmp_path: Path) -> None:
    """Another is refused in a sentence while the first is at it, and not afterwards; nothing stays."""
    with held_alone(tmp_path / "new"):
        with (
            pytest.raises(UserError, match="new is being written by another run") as caught,
            held_alone(tmp_path / "new"),
        ):
            pass
        assert caught.value.code == "busy"
    with held_alone(tmp_path / "new"):
        pass
    assert not list(tmp_path.iterdir())


def test_the_partial_folder_is_no_model(tmp_path: Path) -> None:
    """It lies beside the model, under a name that begins with a dot."""
    assert partial_folder(tmp_path / "new") == tmp_path / ".new.partial"


def test_what_is_there_stays(tmp_path: Path) -> None:
    """A file, a folder or a link that leads nowhere; the sentence has the next step."""
    require_new(tmp_path / "new", "give another name")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    for taken in (tmp_path, tmp_path / "link"):
        with pytest.raises(UserError, match="exists already: give another name"):
            require_new(taken, "give another name")
