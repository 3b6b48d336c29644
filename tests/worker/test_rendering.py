"""The process that draws pages: what is taken from it, and that it never outlives its use."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from app.documents.limits import ReadingLimits
from app.documents.shown_page import Box, PageSize
from app.inference.generator import never
from app.worker import rendering
from app.worker.rendering import PageFailed, Renderer

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture
def renderer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Renderer]:
    """One with a hostile file of three pages: good, a liar's, one whose picture is cut short."""
    monkeypatch.setattr(rendering, "SOURCE", "tests.worker.hostile_pages:HostilePageSource")
    path = tmp_path / "hostile.pdf"
    path.write_text("%PDF-\nok\nlie\nshort\n")
    opened = Renderer(path, None, ReadingLimits(page_timeout_s=5), never)
    yield opened
    opened.close()


def test_answers(renderer: Renderer) -> None:
    """What an honest page answers arrives as plain data."""
    assert renderer.page_count == 3
    assert renderer.sizes(1, 1) == [PageSize(100.0, 200.0)]
    image = renderer.image(1, 50)
    assert (image.width, image.height, image.stride, image.data) == (2, 2, 8, bytes(16))
    assert renderer.locate(1, "words").boxes == (Box(1, 2, 3, 4),)
    assert [hit.match for hit in renderer.find(1, "words", 5, never)] == ["ok"]


@pytest.mark.parametrize("what", ["sizes", "image", "cut", "locate", "find"])
def test_nonsense(renderer: Renderer, what: str) -> None:
    """Sizes, pictures, boxes and hits that cannot be end the process's use."""
    calls: dict[str, Callable[[], object]] = {
        "sizes": lambda: renderer.sizes(1, 2),
        "image": lambda: renderer.image(2, 50),
        "cut": lambda: renderer.image(3, 50),
        "locate": lambda: renderer.locate(2, "words"),
        "find": lambda: renderer.find(2, "words", 5, never),
    }
    with pytest.raises(PageFailed, match="its parser sent nonsense") as caught:
        calls[what]()
    assert caught.value.lost and not renderer.alive


def test_parent_killed(tmp_path: Path) -> None:
    """A page that hangs does not outlive a parent that was killed."""
    path = tmp_path / "hostile.pdf"
    path.write_text("%PDF-\nhang\n")
    code = (
        "import multiprocessing, pathlib, sys\n"
        "from app.worker import rendering\n"
        "from app.documents.limits import ReadingLimits\n"
        "rendering.SOURCE = 'tests.worker.hostile_pages:HostilePageSource'\n"
        "renderer = rendering.Renderer(pathlib.Path(sys.argv[1]), None, ReadingLimits(), lambda: False)\n"
        "print(multiprocessing.active_children()[0].pid, flush=True)\n"
        "renderer.image(1, 100)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
    child.wait(timeout=20)


def test_child_stays_light() -> None:
    """The child's modules load neither torch nor numpy nor Qt, and the parent's no PDFium."""
    code = (
        "import sys, app.services.page_images\n"
        "print(sorted({'torch', 'numpy', 'PySide6', 'pypdfium2'} & set(sys.modules)))\n"
        "import app.worker.pdf_pages\n"
        "print(sorted({'torch', 'numpy', 'PySide6'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.split("\n")[:2] == ["[]", "[]"]
