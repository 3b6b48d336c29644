"""The script that takes the README's pictures: what it makes of the sample, and what it says when it cannot work."""

import importlib.util
import struct
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

pytest.importorskip("PIL")

ROOT = Path(__file__).resolve().parent.parent.parent
SCRIPT = ROOT / "packaging" / "screenshots.py"
PICTURES = ("library", "summary", "chat", "dark")


@pytest.fixture(scope="module")
def script() -> ModuleType:
    """packaging/screenshots.py as a module."""
    spec = importlib.util.spec_from_file_location("screenshots", SCRIPT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["screenshots"] = module  # a dataclass looks its module up by name
    spec.loader.exec_module(module)
    return module


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


def test_a_program_that_is_there_is_not_asked_for(script: ModuleType) -> None:
    """Only what is missing is named."""
    assert script.missing_programs(lambda name: "/usr/bin/Xvfb" if name == "Xvfb" else None) == ["xdotool"]


@pytest.mark.parametrize("name", PICTURES)
def test_pictures_in_the_repository(script: ModuleType, name: str) -> None:
    """Each has the size that it says and is small; the README shows it and says what can be seen."""
    path = ROOT / "docs" / "images" / f"window-{name}.png"
    data = path.read_bytes()
    assert struct.unpack(">II", data[16:24]) == (script.WIDTH, script.HEIGHT)
    assert len(data) <= script.MOST_BYTES
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = next(line for line in readme.splitlines() if f"(docs/images/window-{name}.png)" in line)
    alternative = shown[shown.index("![") + 2 : shown.index("](docs/images")]
    assert len(alternative.split()) > 5
