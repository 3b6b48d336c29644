"""The program's icon in every size and form that systems ask for: `python packaging/icons.py FOLDER`.

Drawn from its one SVG. FOLDER gets `hicolor/` (Linux: PNGs and the SVG, as the icon theme specification lays them
out), `griffin-desk.ico` (Windows) and `griffin-desk.icns` (macOS).
"""

from __future__ import annotations

import argparse
import io
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "resources" / "icons" / "griffin-desk.svg"
APP_ID = "io.github.griffin_desk.GriffinDesk"

HICOLOR_SIZES = (16, 22, 24, 32, 48, 64, 96, 128, 256, 512)
"""Of the sides, in pixels."""
ICO_SIZES = (16, 20, 24, 32, 40, 48, 64, 128, 256)
ICNS_SIZES = (16, 32, 64, 128, 256, 512, 1024)


def picture(size: int, source: Path = SOURCE) -> Image.Image:
    """The icon, `size` pixels wide and high, drawn anew from its outlines."""
    # None of it needs an application, and one that is made here would be in the way of whoever makes his own.
    from PIL import Image
    from PySide6.QtCore import QBuffer, QIODevice
    from PySide6.QtGui import QImage, QPainter
    from PySide6.QtSvg import QSvgRenderer

    renderer = QSvgRenderer(str(source))
    if not renderer.isValid():
        raise ValueError(f"{source} is not an SVG that Qt can draw")
    image = QImage(size, size, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(0)
    painter = QPainter(image)
    renderer.render(painter)
    painter.end()
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")  # type: ignore[call-overload]
    return Image.open(io.BytesIO(bytes(buffer.data().data()))).convert("RGBA")


def write_hicolor(folder: Path) -> None:
    """PNGs and the SVG under `folder`, which is an icon theme's: `48x48/apps/<application id>.png`."""
    for size in HICOLOR_SIZES:
        target = folder / f"{size}x{size}" / "apps" / f"{APP_ID}.png"
        target.parent.mkdir(parents=True, exist_ok=True)
        picture(size).save(target, optimize=True)
    scalable = folder / "scalable" / "apps" / f"{APP_ID}.svg"
    scalable.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(SOURCE, scalable)


def write_all(folder: Path) -> None:
    """Everything."""
    write_hicolor(folder / "hicolor")
    # Each size is drawn for itself: a small one that is a large one made smaller loses its thin lines.
    small = [picture(size) for size in ICO_SIZES]
    small[-1].save(folder / "griffin-desk.ico", sizes=[(size, size) for size in ICO_SIZES], append_images=small[:-1])
    large = [picture(size) for size in ICNS_SIZES]
    large[-1].save(folder / "griffin-desk.icns", append_images=large[:-1])


def main() -> None:
    """Write them."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    write_all(parser.parse_args().folder)


if __name__ == "__main__":
    main()
