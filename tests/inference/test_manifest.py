from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest

from app.core.errors import CheckpointError
from app.inference.manifest import (
    MANIFEST,
    FileRecord,
    Manifest,
    check_files,
    read_manifest,
    sha256_of,
    write_manifest,
)


def _record(content: bytes) -> FileRecord:
    return FileRecord(len(content), hashlib.sha256(content).hexdigest())


@pytest.fixture
def manifest() -> Manifest:
    """Of a model of two files."""
    files = {"config.json": _record(b"{}"), "model.safetensors": _record(b"weights")}
    return Manifest("google/griffin at 0123456", files, "google/griffin", "0123456", True)


@pytest.fixture
def folder(tmp_path: Path, manifest: Manifest) -> Path:
    """A model's folder whose files are those of the manifest."""
    (tmp_path / "config.json").write_bytes(b"{}")
    (tmp_path / "model.safetensors").write_bytes(b"weights")
    write_manifest(tmp_path, manifest)
    return tmp_path


def test_what_was_written_is_read(folder: Path, manifest: Manifest) -> None:
    """All of it; a folder without one says so."""
    assert read_manifest(folder) == manifest
    (folder / MANIFEST).unlink()
    assert read_manifest(folder) is None


def test_sound_files_pass(folder: Path, manifest: Manifest) -> None:
    """Every byte is counted once."""
    hashed: list[int] = []
    assert check_files(folder, manifest, hashed.append) == []
    assert sum(hashed) == len(b"{}" + b"weights")


def test_each_damage_is_a_sentence(folder: Path, manifest: Manifest) -> None:
    """Missing, cut short, and other bytes of the same number."""
    (folder / "config.json").unlink()
    (folder / "model.safetensors").write_bytes(b"weightz")
    found = check_files(folder, manifest)
    assert found[0] == "config.json is missing"
    assert found[1].startswith("model.safetensors has the SHA-256 ")
    (folder / "model.safetensors").write_bytes(b"weigh")
    assert check_files(folder, manifest)[1] == "model.safetensors has 5 bytes, expected 7"


def test_hash_is_sha256(tmp_path: Path) -> None:
    """Over blocks as over the whole."""
    content = bytes(range(256)) * 8192
    (tmp_path / "file").write_bytes(content)
    assert sha256_of(tmp_path / "file") == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize(
    "raw",
    [
        {},
        {"source": "x", "files": []},
        {"source": "x", "files": {"a": {}}},
        {"source": "x", "files": {"../a": {"nbytes": 1, "sha256": ""}}},
        {"source": "x", "files": {"a": {"nbytes": "many", "sha256": ""}}},
    ],
)
def test_damaged_manifest_is_named(tmp_path: Path, raw: object) -> None:
    """A file that does not say what it should, or names files elsewhere."""
    (tmp_path / MANIFEST).write_text(json.dumps(raw))
    with pytest.raises(CheckpointError, match=r"griffin-desk\.json is damaged"):
        read_manifest(tmp_path)


@pytest.mark.parametrize(
    "files",
    [
        '{"a": {"nbytes": Infinity, "sha256": ""}}',
        '{"a": {"nbytes": 1e999, "sha256": ""}}',
        '{"a\\u0000b": {"nbytes": 0, "sha256": ""}}',
        '{"a\\nb": {"nbytes": 0, "sha256": ""}}',
        '{"..": {"nbytes": 0, "sha256": ""}}',
        '{"": {"nbytes": 0, "sha256": ""}}',
        '{"a": []}',
        "[]",
    ],
)
def test_records_that_lie(files: str, tmp_path: Path) -> None:
    """Sizes that are none and names that no file of the folder has, in one sentence."""
    (tmp_path / MANIFEST).write_text(f'{{"source": "x", "files": {files}}}')
    with pytest.raises(CheckpointError, match=r"griffin-desk\.json is damaged") as caught:
        read_manifest(tmp_path)
    assert caught.value.code == "damaged-manifest" and "\n" not in caught.value.message


def test_what_cannot_be_hashed_is_told(tmp_path: Path) -> None:
    """Pipes and devices would be read without end; a lone surrogate is in no file's name."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "zero").symlink_to("/dev/zero")
    nothing = FileRecord(0, "")
    found = check_files(tmp_path, Manifest("x", {"pipe": nothing, "zero": nothing, "\ud800": nothing}))
    assert found == ["pipe is not a file", "zero is not a file", "'\\ud800' is missing: no file can be called so"]
