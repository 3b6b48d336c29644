"""The script that takes the documents' pictures: what it makes of the sample, and what it says when it cannot work."""

import importlib
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

pytest.importorskip("PIL")

ROOT = Path(__file__).resolve().parent.parent.parent
SCRIPT = ROOT / "packaging" / "screenshots.py"
WINDOWS = ("library", "summary", "chat", "dark")
GUIDES = ("branch", "pages", "commands", "settings", "models", "licence")


@pytest.fixture(scope="module")
def script() -> Iterator[ModuleType]:
    """packaging/screenshots.py as a module."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT / "packaging"))
        yield importlib.import_module("screenshots")


@pytest.fixture(scope="module")
def screens(script: ModuleType) -> ModuleType:
    """packaging/virtual_screen.py as a module."""
    return sys.modules["virtual_screen"]


def test_chapters(script: ModuleType) -> None:
    """Each chapter is a Markdown file of its own, named and headed without what stands in brackets."""
    text = "Book\nSub\nWho\n\n# One (1901)\n\n## Part\n\nwords\n\n# Two\n\nmore\n"
    assert script.chapters(text) == {
        "One.md": "# One\n\n## Part\n\nwords\n",
        "Two.md": "# Two\n\nmore\n",
    }


def test_the_samples_chapters(script: ModuleType) -> None:
    """The chapter that a picture shows at work is one of the sample's."""
    assert script.CHAPTER_IN_WORK in script.chapters(script.SAMPLE_TEXT.read_text(encoding="utf-8"))


def test_missing_programs_are_named_in_one_line(tmp_path: Path) -> None:
    """Without Xvfb and xdotool nothing is started, and the line to run is printed."""
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "--out", str(tmp_path)],
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr == "pictures need what is not installed: sudo apt-get install -y xvfb xdotool\n"
    assert list(tmp_path.iterdir()) == []


def test_a_program_that_is_there_is_not_asked_for(screens: ModuleType) -> None:
    """Only what is missing is named."""
    assert screens.missing_programs(lambda name: "/usr/bin/Xvfb" if name == "Xvfb" else None) == ["xdotool"]


def test_all_pictures_are_known(script: ModuleType) -> None:
    """The script takes those that the documents show."""
    assert set(script.PICTURES) == {f"window-{name}" for name in WINDOWS} | {f"guide-{name}" for name in GUIDES}


@pytest.mark.parametrize(
    ("document", "name"),
    [
        *(("README.md", f"window-{name}") for name in WINDOWS),
        *(("docs/user-guide.md", f"guide-{name}") for name in GUIDES),
    ],
)
def test_pictures_in_the_repository(script: ModuleType, document: str, name: str) -> None:
    """Each has the window's size, or a dialog's, and few bytes; its document shows it and says what can be seen."""
    data = (ROOT / "docs" / "images" / f"{name}.png").read_bytes()
    width, height = struct.unpack(">II", data[16:24])
    if name in ("guide-settings", "guide-models", "guide-licence"):
        assert 400 < width < script.WIDTH and 400 < height < script.HEIGHT
    else:
        assert (width, height) == (script.WIDTH, script.HEIGHT)
    assert len(data) <= script.MOST_BYTES
    text = (ROOT / document).read_text(encoding="utf-8")
    shown = next(line for line in text.splitlines() if f"images/{name}.png)" in line)
    alternative = shown[shown.index("![") + 2 : shown.index("](")]
    assert len(alternative.split()) > 5
