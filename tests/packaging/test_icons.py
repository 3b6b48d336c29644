"""The program's icon, in every size that systems ask for."""

import sys
from pathlib import Path

import pytest

pytest.importorskip("PySide6", reason="the icon is drawn by Qt")
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "packaging"))
import icons  # noqa: E402


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All icons."""
    folder = tmp_path_factory.mktemp("icons")
    icons.write_all(folder)
    return folder


def test_theme_has_each_size(written: Path) -> None:
    """The folder of a size holds a picture of that size, named after the application."""
    found = {path.parts[-3]: Image.open(path).size for path in written.rglob("*.png")}
    assert found == {f"{size}x{size}": (size, size) for size in icons.HICOLOR_SIZES}
    assert (written / "hicolor" / "scalable" / "apps" / f"{icons.APP_ID}.svg").read_bytes() == icons.SOURCE.read_bytes()


def test_corners_are_clear_and_the_middle_is_not(written: Path) -> None:
    """The rounded square keeps its transparent corners, and something is drawn in it."""
    for path in written.rglob("*.png"):
        with Image.open(path) as picture:
            side = picture.width
            assert picture.getpixel((0, 0))[3] == 0
            assert picture.getpixel((side // 2, side // 2))[3] == 255
            assert len(picture.getcolors(side * side)) > 3


def test_containers_hold_all_sizes(written: Path) -> None:
    """Windows' and macOS' files have every size, each drawn for itself."""
    with Image.open(written / "griffin-desk.ico") as picture:
        assert picture.info["sizes"] == {(size, size) for size in icons.ICO_SIZES}
        picture.size = (32, 32)
        assert picture.convert("RGBA").tobytes() == icons.picture(32).tobytes()
    with Image.open(written / "griffin-desk.icns") as picture:
        assert {width * scale for width, _, scale in picture.info["sizes"]} == set(icons.ICNS_SIZES) - {16} | {32}


def test_what_is_no_picture_is_refused(tmp_path: Path) -> None:
    """A damaged source is an error and not an empty icon."""
    damaged = tmp_path / "damaged.svg"
    damaged.write_text("<svg", encoding="utf-8")
    with pytest.raises(ValueError, match=r"damaged\.svg is not an SVG"):
        icons.picture(16, damaged)
