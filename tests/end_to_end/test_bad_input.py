"""Whatever is wrong, the real program says so in one line, exits with 2, shows no traceback and keeps the library."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from pypdf import PdfReader, PdfWriter


def check(done: subprocess.CompletedProcess[str], data_dir: Path, *words: str, code: str) -> None:
    """One line on standard error with these words, the same sentence as JSON, exit code 2, a sound library.

    On a slow machine lines of progress come before it.
    """
    assert done.returncode == 2, (done.stdout, done.stderr)
    said = [line for line in done.stderr.splitlines(keepends=True) if not line.startswith("reading: ")]
    assert "Traceback" not in done.stdout + done.stderr
    error = json.loads(done.stdout)["error"]
    assert said == [f"griffin-desk: error: {error['message']}\n"]
    for word in words:
        assert word in error["message"]
    assert error["code"] == code
    assert library_state(data_dir) in ("ok", "none")


def library_state(data_dir: Path) -> str:
    path = data_dir / "library.sqlite"
    if not path.exists():
        return "none"
    with closing(sqlite3.connect(path)) as db:
        return db.execute("PRAGMA integrity_check").fetchone()[0]


Make = Callable[[Path, Path], Path]


def missing(folder: Path, pdf: Path) -> Path:
    return folder / "nowhere.pdf"


def a_folder(folder: Path, pdf: Path) -> Path:
    return folder


def empty(folder: Path, pdf: Path) -> Path:
    path = folder / "empty.pdf"
    path.touch()
    return path


def without_text(folder: Path, pdf: Path) -> Path:
    path = folder / "blank.pdf"
    writer = PdfWriter()
    for _ in range(3):
        writer.add_blank_page(300, 300)
    writer.write(path)
    return path


def encrypted(folder: Path, pdf: Path) -> Path:
    path = folder / "locked.pdf"
    writer = PdfWriter(clone_from=PdfReader(pdf))
    writer.encrypt("secret", algorithm="AES-256")
    writer.write(path)
    return path


def damaged(folder: Path, pdf: Path) -> Path:
    path = folder / "damaged.pdf"
    path.write_bytes(b"%PDF-1.7\n" + bytes(range(256)) * 40)
    return path


def picture_named_pdf(folder: Path, pdf: Path) -> Path:
    path = folder / "picture.pdf"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(200))
    return path


def named_pipe(folder: Path, pdf: Path) -> Path:
    path = folder / "pipe.pdf"
    os.mkfifo(path)
    return path


@pytest.mark.parametrize(
    ("make", "words", "code"),
    [
        (missing, ["nowhere.pdf", "does not exist"], "missing"),
        (a_folder, ["folder"], "folder"),
        (empty, ["empty.pdf", "empty"], "empty"),
        (without_text, ["blank.pdf", "no text", "pages 1-3"], "no-text"),
        (encrypted, ["locked.pdf", "--password"], "password"),
        (damaged, ["damaged.pdf"], "damaged"),
        (picture_named_pdf, ["picture.pdf", "PNG"], "format"),
        (named_pipe, ["pipe.pdf"], "special"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_bad_document(desk, data_dir, tmp_path, chapters, make: Make, words: list[str], code: str) -> None:
    """Each kind of unreadable file has its own sentence and code."""
    done = desk("summarize", make(tmp_path, chapters), "--json")
    check(done, data_dir, *words, code=code)


def test_wrong_password(desk, data_dir, tmp_path, chapters) -> None:
    """A wrong password is told from a missing one."""
    done = desk("summarize", encrypted(tmp_path, chapters), "--password", "guess", "--json")
    check(done, data_dir, "locked.pdf", "password", code="password")


def test_right_password(desk, tmp_path, chapters) -> None:
    """With the right one the page is read."""
    done = desk("summarize", encrypted(tmp_path, chapters), "--password", "secret", "--pages", "2", "--json")
    assert done.returncode == 0, done.stderr
    assert [s["page_from"] for s in json.loads(done.stdout)["sections"]] == [2]


def test_pages_outside_the_document(desk, data_dir, chapters) -> None:
    """A range past the end names the number of pages."""
    check(desk("summarize", chapters, "--pages", "90-95", "--json"), data_dir, "4 pages", "90-95", code="pages")


def test_unknown_model(desk, data_dir, chapters) -> None:
    """The sentence lists the names there are."""
    done = desk("summarize", chapters, "--model", "gpt-9", "--json")
    check(done, data_dir, "unknown model 'gpt-9'", "known are starter", code="unknown-model")


def test_folder_that_is_no_model(desk, data_dir, tmp_path, chapters) -> None:
    """A path that exists but holds no model says what is expected there."""
    done = desk("summarize", chapters, "--model", tmp_path, "--json")
    check(done, data_dir, "is no model", "config.json", code="not-a-model")


@pytest.fixture
def model_copy(tmp_path: Path, starter_model_path: Path) -> Path:
    """A model folder whose files can be spoiled one at a time."""
    folder = tmp_path / "copy"
    folder.mkdir()
    for file in starter_model_path.iterdir():
        (folder / file.name).symlink_to(file)
    return folder


def _truncate(file: Path) -> None:
    whole = file.read_bytes()
    file.unlink()
    file.write_bytes(whole[: len(whole) // 2])


def _scribble(file: Path) -> None:
    file.unlink()
    file.write_bytes(b"\x00\x01scribble")


@pytest.mark.parametrize(
    ("name", "spoil"),
    [
        ("model-00001-of-00002.safetensors", _truncate),
        ("model-00001-of-00002.safetensors", _scribble),
        ("model-00001-of-00002.safetensors", Path.unlink),
        ("config.json", _truncate),
        ("tokenizer.json", _truncate),
    ],
)
def test_bad_model_file(desk, data_dir, model_copy, chapters, name: str, spoil: Callable[[Path], None]) -> None:
    """A model file that is cut short, damaged or lost is named; nothing is left in the library but the document."""
    spoil(model_copy / name)
    done = desk("summarize", chapters, "--model", model_copy, "--json")
    check(done, data_dir, name.split("-0")[0], code=json.loads(done.stdout)["error"]["code"])
    assert json.loads(done.stdout)["error"]["code"] not in ("internal", "error")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = shutil.which("mount")
    if (
        mount is None
        or subprocess.run(
            [mount, "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], capture_output=True, check=False
        ).returncode
    ):
        pytest.skip("needs the right to mount a small file system")
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


@pytest.mark.parametrize("left", [0, 40_000, 150_000])
def test_full_disk(desk, small_disk, chapters, left: int) -> None:
    """Out of room at once or in the middle of an import: one line; with room again the library works."""
    data = small_disk / "data"
    assert desk("sessions", "list", "--data-dir", data).returncode == 0
    free = shutil.disk_usage(small_disk).free
    filler = small_disk / "filler"
    filler.write_bytes(bytes(max(0, free - left)))
    done = desk("summarize", chapters, "--data-dir", data, "--json")
    filler.unlink()
    check(done, data, "the disk is full", code="disk-full")
    assert desk("sessions", "list", "--data-dir", data).returncode == 0


def test_result_that_does_not_fit_on_the_disk(desk, finished, small_disk, chapters) -> None:
    """--out on a full disk: the summary stays in the library, the old file stays whole."""
    out = small_disk / "out.md"
    out.write_text("old")
    (small_disk / "filler").write_bytes(bytes(shutil.disk_usage(small_disk).free))
    done = desk("summarize", chapters, "--data-dir", finished.data_dir, "--out", out, "--json")
    check(done, finished.data_dir, code=json.loads(done.stdout)["error"]["code"])
    assert out.read_text() == "old"


@pytest.fixture
def read_only(tmp_path: Path) -> Iterator[Path]:
    """A data folder that was used and is then closed to writing (for root by a read-only mount)."""
    folder = tmp_path / "closed"
    folder.mkdir()
    if os.geteuid() != 0:
        folder.chmod(0o555)
        yield folder
        folder.chmod(0o755)
        return
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", folder], capture_output=True, check=False
    ).returncode:
        pytest.skip("root needs the right to mount a read-only file system")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_read_only_data_folder(desk, read_only, chapters) -> None:
    """A data folder, or one to be made, in a place that cannot be written."""
    done = desk("summarize", chapters, "--data-dir", read_only, "--json")
    check(done, read_only, str(read_only), "--data-dir", code="data-dir")
    done = desk("summarize", chapters, "--data-dir", read_only / "new", "--json")
    check(done, read_only, str(read_only), "--data-dir", code="data-dir")


def test_library_of_a_newer_program(desk, data_dir, chapters) -> None:
    """A newer schema is refused and left as it is."""
    assert desk("sessions", "list").returncode == 0
    with closing(sqlite3.connect(data_dir / "library.sqlite")) as db:
        db.execute("PRAGMA user_version=999")
    done = desk("summarize", chapters, "--json")
    check(done, data_dir, "newer Griffin Desk", "999", code="newer-schema")


def test_locked_library(desk, data_dir, chapters) -> None:
    """Another program that holds the library for longer than we wait is named."""
    assert desk("sessions", "list").returncode == 0
    with closing(sqlite3.connect(data_dir / "library.sqlite", isolation_level=None)) as db:
        db.execute("BEGIN IMMEDIATE")
        done = desk("summarize", chapters, "--json")
        db.execute("ROLLBACK")
    check(done, data_dir, "in use by another", code="locked")


def test_result_cannot_be_written(desk, data_dir, tmp_path, chapters) -> None:
    """--out in a folder that is not there is told before any work."""
    done = desk("summarize", chapters, "--out", tmp_path / "no" / "out.md", "--json")
    check(done, data_dir, "there is no folder", code="out")


def test_unknown_session(desk, data_dir) -> None:
    """A conversation that is not there is told before the model is loaded."""
    check(desk("chat", "--session", "nope", "--json"), data_dir, "no conversation 'nope'", code="unknown-session")
