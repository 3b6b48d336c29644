"""Who was trained to converse, by record and by name; that a template follows is tested in test_gemma_chat.py."""

from pathlib import Path

import pytest

from app.inference.instruction_tuning import is_instruction_tuned
from app.inference.manifest import Manifest, write_manifest


@pytest.mark.parametrize(
    ("called", "expected"), [("2b", False), ("2b-it", True), ("9b", False), ("", None), ("pirate", None)]
)
def test_one_of_several_in_a_folder(tmp_path: Path, called: str, expected: bool | None) -> None:
    """The name of the file that is meant decides, not its neighbours'."""
    folder = tmp_path / "downloads"
    folder.mkdir()
    if called:
        (folder / f"{called}.pt").write_bytes(b"")
    (folder / "9b.pt").write_bytes(b"")
    if called in ("2b", "9b"):
        (folder / "2b-it.pt").write_bytes(b"")
    assert is_instruction_tuned(folder, called) is expected


def test_the_record_says_more_than_a_name(tmp_path: Path) -> None:
    """First what it says outright, then the repository, then the names."""
    folder = tmp_path / "recurrentgemma-2b"
    folder.mkdir()
    assert is_instruction_tuned(folder) is False
    write_manifest(folder, Manifest("the hub", repository="google/recurrentgemma-2b-it"))
    assert is_instruction_tuned(folder) is True
    write_manifest(folder, Manifest("the hub", repository="google/recurrentgemma-2b-it", instruction_tuned=False))
    assert is_instruction_tuned(folder) is False
