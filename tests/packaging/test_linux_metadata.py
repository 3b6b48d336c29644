"""The desktop entry and the metadata for software centres: valid by their own tools, and in step with the program."""

import configparser
import re
import shutil
import subprocess
import tomllib
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from app.documents.readers.registry import document_suffixes

ROOT = Path(__file__).resolve().parent.parent.parent
LINUX = ROOT / "packaging" / "linux"
APP_ID = "io.github.griffin_desk.GriffinDesk"
ENTRY = LINUX / f"{APP_ID}.desktop"
METAINFO = LINUX / f"{APP_ID}.metainfo.xml"

TYPES = {
    "application/pdf": {".pdf"},
    "application/epub+zip": {".epub"},
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": {".docx"},
    "text/html": {".html", ".htm", ".xhtml"},
    "text/markdown": {".md", ".markdown"},
    "text/plain": {".txt", ".text"},
}
"""The registered media type (IANA) of each ending that is read."""


def run(*command: str) -> None:
    """A validator that has to be content; skips where it is not installed."""
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, done.stdout + done.stderr)


def test_desktop_entry_is_valid() -> None:
    """desktop-file-validate finds no fault."""
    run("desktop-file-validate", str(ENTRY))


def test_metainfo_is_valid() -> None:
    """appstreamcli finds no fault; it does not look whether the addresses answer."""
    run("appstreamcli", "validate", "--no-net", str(METAINFO))


def entry() -> configparser.SectionProxy:
    """The desktop entry's fields."""
    parser = configparser.ConfigParser(interpolation=None, delimiters=("=",))
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read(ENTRY, encoding="utf-8")
    return parser["Desktop Entry"]


def test_types_are_those_that_are_read() -> None:
    """Both files name a media type for each format of the readers, and no other."""
    assert set().union(*TYPES.values()) == set(document_suffixes())
    assert sorted(entry()["MimeType"].strip(";").split(";")) == sorted(TYPES)
    provided = [element.text for element in ET.parse(METAINFO).iterfind("provides/mediatype")]
    assert sorted(map(str, provided)) == sorted(TYPES)


def test_names_agree() -> None:
    """File names, ids, icon and the id that the window gives the desktop are the same."""
    root = ET.parse(METAINFO).getroot()
    assert root.findtext("id") == APP_ID
    assert root.findtext("launchable") == ENTRY.name
    assert entry()["Icon"] == APP_ID
    assert entry()["Exec"].split()[:2] == ["griffin-desk", "window"]
    source = (ROOT / "app" / "ui" / "application.py").read_text(encoding="utf-8")
    assert f'APP_ID = "{APP_ID}"' in source


def test_newest_release_is_this_version() -> None:
    """Software centres show the version that pyproject.toml names, and the changelog has it with the same day."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    newest = ET.parse(METAINFO).getroot().find("releases/release")
    assert newest is not None
    assert newest.get("version") == version
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.findall(r"^## \[(\d\S*)\] - (\S+)$", changes, re.MULTILINE)[0] == (version, newest.get("date"))


def test_screenshots_are_there() -> None:
    """Each picture is one of the repository's."""
    for image in ET.parse(METAINFO).iterfind("screenshots/screenshot/image"):
        assert (ROOT / str(image.text).partition("/main/")[2]).is_file()
