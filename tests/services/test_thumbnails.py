"""Covers: drawn once, kept beside the library, drawn again where what is kept is no use."""

from __future__ import annotations

import zlib
from pathlib import Path

import pytest

from app.documents.hashing import content_hash
from app.services import thumbnails
from app.services.page_images import PageImage
from app.services.thumbnails import WIDTH_PX, ThumbnailService
from tests.documents.pdf_files import column, write_pdf

COVER = PageImage(1, 2, 2, 8, b"abcdef..ghijkl..")


@pytest.fixture
def service(tmp_path: Path) -> ThumbnailService:
    return ThumbnailService(tmp_path / "thumbnails")


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The files whose cover was drawn; COVER is what comes of it."""
    files: list[Path] = []

    def draw(path: Path, width_px: int, password: str | None, expected_id: str) -> PageImage:
        files.append(path)
        return COVER

    monkeypatch.setattr(thumbnails, "thumbnail", draw)
    return files


def test_the_cover_of_a_pdf(service: ThumbnailService, tmp_path: Path) -> None:
    """Drawn by a process of its own the first time, then from the folder, the file being gone."""
    path = write_pdf(tmp_path / "a.pdf", [column(72, 720, ["A title"], size=40)])
    document_id = content_hash(path)
    first = service.get(document_id, path)
    assert first is not None and first.width == WIDTH_PX and first.height > WIDTH_PX
    path.unlink()
    kept = service.get(document_id, path)
    assert len(set(first.data)) > 2  # something is drawn
    assert kept is not None and (kept.width, kept.height, kept.stride) == (WIDTH_PX, first.height, 3 * WIDTH_PX)
    for y in range(first.height):
        row = first.data[y * first.stride : y * first.stride + 3 * WIDTH_PX]
        assert row == kept.data[y * kept.stride : (y + 1) * kept.stride]


def test_no_cover_of_another_document(service: ThumbnailService, tmp_path: Path) -> None:
    """What was saved over a document's file is not kept as its cover; with the document back, it has one."""
    path = write_pdf(tmp_path / "a.pdf", [column(72, 720, ["Version 1"], size=40)])
    first, document_id = path.read_bytes(), content_hash(path)
    write_pdf(path, [column(72, 720, ["Version 2"], size=40)])
    assert service.get(document_id, path) is None
    assert not (tmp_path / "thumbnails").exists()
    path.write_bytes(first)
    assert service.get(document_id, path) is not None


def test_what_cannot_be_drawn(service: ThumbnailService, tmp_path: Path) -> None:
    """A damaged file, none at all, and other formats have no cover, and leave nothing behind."""
    (tmp_path / "torn.pdf").write_bytes(b"%PDF-1.7 torn")
    (tmp_path / "a.txt").write_text("text")
    torn = content_hash(tmp_path / "torn.pdf")
    assert [service.get(torn, tmp_path / name) for name in ("torn.pdf", "gone.pdf", "a.txt")] == [None] * 3
    assert not (tmp_path / "thumbnails").exists()


def test_drawn_once(service: ThumbnailService, drawn: list[Path], tmp_path: Path) -> None:
    """Without the bytes that fill its rows up; forgotten, it is drawn again, and forgetting twice is no error."""
    assert service.get("d1", tmp_path / "a.PDF") == COVER
    assert service.get("d1", tmp_path / "b.pdf") == PageImage(1, 2, 2, 6, b"abcdefghijkl")
    for _ in range(2):
        service.forget("d1")
    service.get("d1", tmp_path / "b.pdf")
    assert drawn == [tmp_path / "a.PDF", tmp_path / "b.pdf"]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no zlib",
        zlib.compress(b"P6 2 2 255\nabc"),
        zlib.compress(b"P6 2 2 255\nabcdefghijkl")[:-8],
        zlib.compress(b"P5 2 2 255\nabcdefghijkl"),
        zlib.compress(b"P6 -2 -2 255\nabcdefghijkl"),
        zlib.compress(b"P6 0 0 255\n"),
        zlib.compress(b"P6 x y 255\nabc"),
        zlib.compress(b"P6 9000 9000 255\n" + bytes(3 * 9000 * 9000), 1),
    ],
    ids=["empty", "foreign", "short", "cut", "grey", "negative", "nothing", "no numbers", "huge"],
)
def test_damaged_ones_are_drawn_again(
    service: ThumbnailService, drawn: list[Path], tmp_path: Path, data: bytes
) -> None:
    """What is kept is read as what anyone may have written there."""
    (tmp_path / "thumbnails").mkdir()
    (tmp_path / "thumbnails" / "d1.ppm.z").write_bytes(data)
    assert service.get("d1", tmp_path / "a.pdf") == COVER
    assert service.get("d1", tmp_path / "a.pdf") == PageImage(1, 2, 2, 6, b"abcdefghijkl")
    assert drawn == [tmp_path / "a.pdf"]


def test_a_folder_that_cannot_be_made(drawn: list[Path], tmp_path: Path) -> None:
    """The cover is shown all the same."""
    (tmp_path / "file").touch()
    assert ThumbnailService(tmp_path / "file" / "thumbnails").get("d1", tmp_path / "a.pdf") == COVER
