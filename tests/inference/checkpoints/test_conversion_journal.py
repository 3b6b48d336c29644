"""The journal of a conversion: what it keeps, when it is believed, and that one run writes a folder at a time."""

import os
from pathlib import Path

import pytest

from app.inference.checkpoints.conversion_journal import (
    JOURNAL,
    Journal,
    Shard,
    identity_of,
    is_intact,
    read_journal,
)
from app.inference.checkpoints.conversion_report import Conversion, MatrixReport
from app.inference.checkpoints.registry import open_checkpoint
from app.inference.manifest import FileRecord, sha256_of
from tests.checkpoints import random_tensors, raw_config, write_checkpoint

RAW = raw_config("recurrentgemma")
SHARD = Shard(FileRecord(5, "ab"), (MatrixReport("a.weight", "int4", 0.5, 0.25), MatrixReport("b.weight", "int8", 0.1)))


def test_it_comes_back_as_it_was_kept(tmp_path: Path) -> None:
    """Files with what became of their tensors, and what the conversion came to."""
    journal = Journal(tmp_path, "id")
    journal.begin()
    assert read_journal(tmp_path, "id") == Journal(tmp_path, "id")
    journal.keep("one", SHARD)
    journal.keep("two", SHARD)
    journal.lose("two")
    made = Conversion(tmp_path / "new", 7, 3, SHARD.matrices, 2.5, 2.6, 9, 4, ("a note",))
    journal.complete(made)
    assert read_journal(tmp_path, "id") == Journal(tmp_path, "id", {"one": SHARD}, made)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"version": 0}', b'{"version": 1, "identity": "id"}'])
def test_what_cannot_be_read_is_none(content: bytes, tmp_path: Path) -> None:
    """Nor is that of another conversion."""
    (tmp_path / JOURNAL).write_bytes(content)
    assert read_journal(tmp_path, "id") is None
    Journal(tmp_path, "id").begin()
    assert read_journal(tmp_path, "other") is None and read_journal(tmp_path / "missing", "id") is None


def test_a_file_is_intact_as_it_was_written(tmp_path: Path) -> None:
    """By its size and its bytes."""
    (path := tmp_path / "file").write_bytes(b"12345")
    record = FileRecord(5, sha256_of(path))
    seen: list[int] = []
    assert is_intact(path, record, seen.append) and sum(seen) == 5
    for content in (b"1234", b"12346"):
        path.write_bytes(content)
        assert not is_intact(path, record)
    path.unlink()
    assert not is_intact(path, record)


def test_the_identity_is_that_of_source_and_options(tmp_path: Path) -> None:
    """Another option, another config, a file of another time: another conversion. A look at it changes nothing."""
    folder = write_checkpoint(tmp_path / "model", RAW, random_tensors(RAW))

    def identity(**options: object) -> str:
        return identity_of(open_checkpoint(folder), options)

    first = identity(group=32)
    assert identity(group=32) == first != identity(group=64)
    os.utime(folder / "model.safetensors", ns=(1, 1))
    touched = identity(group=32)
    assert touched != first
    write_checkpoint(folder, {**RAW, "logits_soft_cap": 5.0}, random_tensors(RAW))
    os.utime(folder / "model.safetensors", ns=(1, 1))
    assert identity(group=32) not in (first, touched)
