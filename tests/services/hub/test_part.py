"""A file on its way to the disk: counted, hashed, gone on with, and what a full disk makes of it."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from app.core.errors import ResourceError
from app.services.hub.part import Part
from app.services.hub.plan import RemoteFile

CONTENT = b"weights" * 1000
FILE = RemoteFile("model.safetensors", len(CONTENT), hashlib.sha256(CONTENT).hexdigest(), None)


def test_it_goes_on_and_gets_its_name_once_whole(tmp_path: Path) -> None:
    """What an earlier run left is hashed again; more than the file should have is not written."""
    with Part(tmp_path, FILE) as part:
        assert part.add(CONTENT[:3000]) and not part.is_right
    told: list[tuple[int, int]] = []
    with Part(tmp_path, FILE) as part:
        part.take_up(lambda done, total: told.append((done, total)))
        assert (told, part.nbytes) == ([(3000, 3000)], 3000)
        assert not part.add(CONTENT)
        assert part.add(CONTENT[3000:]) and part.is_right
        part.finish()
    assert [path.name for path in tmp_path.iterdir()] == ["model.safetensors"]
    assert (tmp_path / "model.safetensors").read_bytes() == CONTENT


def test_too_long_a_rest_is_thrown_away(tmp_path: Path) -> None:
    """It cannot be the beginning of this file."""
    (tmp_path / "model.safetensors.part").write_bytes(CONTENT + b"!")
    with Part(tmp_path, FILE) as part:
        part.take_up(lambda done, total: None)
        assert part.nbytes == 0
    assert (tmp_path / "model.safetensors.part").read_bytes() == b""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no disk that is always full")
def test_a_full_disk(tmp_path: Path) -> None:
    """Is told in words, though closing the file fails for the same reason."""
    (tmp_path / "model.safetensors.part").symlink_to("/dev/full")
    with pytest.raises(ResourceError, match="make room") as raised, Part(tmp_path, FILE) as part:
        part.add(CONTENT)
    assert raised.value.code == "disk-full"
