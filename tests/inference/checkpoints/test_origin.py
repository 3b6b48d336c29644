from __future__ import annotations

from pathlib import Path

from app.inference.checkpoints.origin import origin_of
from app.inference.manifest import Manifest


def test_by_the_record(tmp_path: Path) -> None:
    """Where the model came from stays told, and what it was trained for."""
    known = Manifest("google/recurrentgemma-2b-it at 0123", {}, "google/recurrentgemma-2b-it", "0123")
    made = origin_of(tmp_path, "mine", known)
    assert (made.source, made.repository, made.revision) == (known.source, known.repository, "0123")


def test_by_the_cache(tmp_path: Path) -> None:
    """A snapshot of huggingface-hub's names its repository and commit."""
    folder = tmp_path / "models--google--recurrentgemma-2b-it" / "snapshots" / "0123456789abcdef"
    folder.mkdir(parents=True)
    made = origin_of(folder, "recurrentgemma-2b-it", None)
    assert made == Manifest(
        "google/recurrentgemma-2b-it at 0123456789ab", {}, "google/recurrentgemma-2b-it", "0123456789abcdef", True
    )


def test_by_the_name_alone(tmp_path: Path) -> None:
    """No source is known; whether it converses is, and is not lost under another name."""
    (tmp_path / "2b-it.pt").touch()
    assert origin_of(tmp_path, "2b-it", None) == Manifest("", {}, "", "", True)
