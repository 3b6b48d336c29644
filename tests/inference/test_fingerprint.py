"""A model's identity: any changed byte, name, file or format is another model; hashes are kept between starts."""

import hashlib
import json
import os
from pathlib import Path

import pytest

from app.core.errors import CheckpointError
from app.inference import fingerprint as module
from app.inference.fingerprint import fingerprint
from app.inference.manifest import MANIFEST, FileRecord, Manifest, sha256_of, write_manifest


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Two files of a model."""
    folder = tmp_path / "model"
    folder.mkdir()
    for name, content in (("config.json", b"{}"), ("model.safetensors", b"weights")):
        (folder / name).write_bytes(content)
    return [folder / "config.json", folder / "model.safetensors"]


def test_value(files: list[Path]) -> None:
    """SHA-256 over the format, names and hashes, written out."""
    parts = "griffin-desk-model-1|int8"
    for name, content in (("config.json", b"{}"), ("model.safetensors", b"weights")):
        parts += f"|{name}|{hashlib.sha256(content).hexdigest()}"
    assert fingerprint(files, "int8") == hashlib.sha256(parts.encode()).hexdigest()


def test_every_change_counts(files: list[Path]) -> None:
    """Format, content, name and number of files; not the folder they lie in."""
    found = {fingerprint(files, "int8"), fingerprint(files, "float32"), fingerprint(files[:1], "int8")}
    renamed = files[1].rename(files[1].with_name("other.safetensors"))
    found.add(fingerprint([files[0], renamed], "int8"))
    renamed.write_bytes(b"weightz")
    found.add(fingerprint([files[0], renamed], "int8"))
    assert len(found) == 5
    before = fingerprint([files[0]], "int8")
    moved = files[0].parent.rename(files[0].parent.with_name("moved"))
    assert fingerprint([moved / "config.json"], "int8") == before


def test_cache_saves_the_reading(files: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second start reads no file; a file changed since is read again."""
    cache = tmp_path / "cache" / "deep"
    expected = fingerprint(files, "int8", cache_dir=cache)
    read: list[str] = []
    monkeypatch.setattr(
        module, "sha256_of", lambda path: read.append(path.name) or hashlib.sha256(path.read_bytes()).hexdigest()
    )
    assert fingerprint(files, "int8", cache_dir=cache) == expected
    assert read == []
    files[1].write_bytes(b"other, longer weights")
    assert fingerprint(files, "int8", cache_dir=cache) == fingerprint(files, "int8") != expected
    assert read == ["model.safetensors", "config.json", "model.safetensors"]


def test_manifest_saves_the_first_reading_too(files: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """What it tells of files that have not changed since; one that is younger or of another size is read."""
    records = {path.name: FileRecord(path.stat().st_size, sha256_of(path)) for path in files}
    expected = fingerprint(files, "int8")
    write_manifest(files[0].parent, Manifest("a test", records))
    read: list[str] = []
    monkeypatch.setattr(module, "sha256_of", lambda path: read.append(path.name) or sha256_of(path))
    assert fingerprint(files, "int8") == expected
    assert read == []
    written = (files[0].parent / MANIFEST).stat()
    os.utime(files[0], ns=(written.st_atime_ns, written.st_mtime_ns + 1))
    files[1].write_bytes(b"longer weights")
    os.utime(files[1], ns=(written.st_atime_ns, written.st_mtime_ns - 1))
    assert fingerprint(files, "int8") != expected
    assert read == ["config.json", "model.safetensors"]


@pytest.mark.parametrize("damage", ["{", '{"source": "", "files": {"config.json": {"nbytes": 2, "sha256": "abc"}}}'])
def test_a_damaged_manifest_tells_nothing(damage: str, files: list[Path]) -> None:
    """The files are read then."""
    expected = fingerprint(files, "int8")
    (files[0].parent / MANIFEST).write_text(damage)
    assert fingerprint(files, "int8") == expected


@pytest.mark.parametrize("content", [b"", b"[1]", b"\xff", b'{"a": 1}', b"[" * 100_000, None])
def test_damaged_cache_is_ignored(content: bytes | None, files: list[Path], tmp_path: Path) -> None:
    """It costs hashing the files once, and is mended; hashes that are none are not believed."""
    cache = tmp_path / "cache"
    expected = fingerprint(files, "int8", cache_dir=cache)
    path = cache / "fingerprints.json"
    if content is None:
        content = json.dumps(dict.fromkeys(json.loads(path.read_text()), "0")).encode()
    path.write_bytes(content)
    assert fingerprint(files, "int8", cache_dir=cache) == expected
    assert len(json.loads(path.read_text())) == 2


def test_cache_that_cannot_be_written(files: list[Path], tmp_path: Path) -> None:
    """A file where the folder should be: the result is the same."""
    (tmp_path / "cache").write_text("")
    assert fingerprint(files, "int8", cache_dir=tmp_path / "cache") == fingerprint(files, "int8")


def test_missing_file_is_named(files: list[Path]) -> None:
    """It went away since the checkpoint was opened."""
    files[1].unlink()
    with pytest.raises(CheckpointError, match=r"model\.safetensors cannot be read \(No such file"):
        fingerprint(files, "int8")
