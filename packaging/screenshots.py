"""Take the README's pictures: `python packaging/screenshots.py [--out FOLDER]` (Linux, with Xvfb and xdotool).

The program runs as a user would start it, on a screen of its own, and is worked by its keys alone; what it has come
to is read off its library. Its data lie in a folder that is deleted afterwards. The documents are the bundled sample
and its chapters.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "docs" / "images"
SAMPLE = ROOT / "resources" / "sample" / "forests-and-waters.pdf"
SAMPLE_TEXT = SAMPLE.with_suffix(".txt")

WIDTH, HEIGHT = 1400, 860
MOST_BYTES = 250_000
"""Of a picture."""
START_S = 60.0
WORK_S = 300.0
"""For a summary, or an answer, on a slow machine."""
SETTLE_S = 1.0
"""After which a window has drawn what it was told."""

PROGRAMS = {"Xvfb": "xvfb", "xdotool": "xdotool"}
"""What is called -> the Debian package that has it."""

GRAB = """
import sys
from PySide6.QtGui import QGuiApplication
application = QGuiApplication(["grab", "-platform", "xcb"])
sys.exit(not application.primaryScreen().grabWindow(0).save(sys.argv[1], "PNG"))
"""
"""Saves what a screen shows. A process of its own: Qt knows one screen in each."""
COLOURS = 256
"""Of a saved picture: enough for text and thin lines, and a third of the bytes."""


class PictureError(Exception):
    """No picture could be taken; the message says why, in a sentence."""


# The screen and the program on it


@dataclass(frozen=True, slots=True)
class Screen:
    """A virtual screen with a keyboard."""

    environment: Mapping[str, str]
    """For programs that are to show themselves on it."""

    def key(self, *keys: str, times: int = 1) -> None:
        """Press keys after each other, in xdotool's names: "ctrl+k", "Tab"."""
        for name in keys * times:
            self._do("key", "--clearmodifiers", name)
            time.sleep(0.1)

    def type(self, text: str) -> None:
        """Type a text."""
        self._do("type", "--delay", "15", text)
        time.sleep(0.2)

    def windows(self) -> list[str]:
        """Windows of the program that can be seen."""
        found = self._call("search", "--onlyvisible", "--name", "Griffin Desk")
        return found.stdout.split()

    def place(self, window: str, width: int, height: int) -> None:
        """Give a window a size, the screen's corner and the keyboard; there is no window manager that would."""
        self._do("windowmove", window, "0", "0")
        self._do("windowsize", window, str(width), str(height))
        self._do("windowfocus", window)

    def save(self, path: Path) -> None:
        """What can be seen, as a PNG."""
        # The pointer would stand in the picture, and light up what is below it.
        self._do("mousemove", str(WIDTH - 1), str(HEIGHT - 1))
        time.sleep(SETTLE_S)
        path.parent.mkdir(parents=True, exist_ok=True)
        done = subprocess.run([sys.executable, "-c", GRAB, str(path)], env=self.environment, check=False)
        if done.returncode != 0:
            raise PictureError(f"the screen could not be saved to {path}")
        with Image.open(path) as picture:
            # Thin lines keep their colour, however few pixels they have.
            method = Image.Quantize.MAXCOVERAGE
            packed = picture.convert("RGB").quantize(COLOURS, method=method, kmeans=1, dither=Image.Dither.NONE)
        packed.save(path, optimize=True)

    def _call(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = ["xdotool", *arguments]
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False)

    def _do(self, *arguments: str) -> None:
        done = self._call(*arguments)
        if done.returncode != 0:
            raise PictureError(f"xdotool {arguments[0]} failed: {done.stderr.strip()}")


def missing_programs(find: Callable[[str], str | None] = shutil.which) -> list[str]:
    """Debian packages of what has to be there and is not."""
    return [package for program, package in PROGRAMS.items() if find(program) is None]


@contextmanager
def virtual_screen(width: int, height: int) -> Iterator[Screen]:
    """Xvfb on a display that is free."""
    missing = missing_programs()
    if missing:
        packages = " ".join(missing)
        raise PictureError(f"pictures need what is not installed: sudo apt-get install -y {packages}")
    reading, writing = os.pipe()
    command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", f"{width}x{height}x24", "-nolisten", "tcp"]
    server = subprocess.Popen(command, pass_fds=[writing], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    os.close(writing)
    try:
        with os.fdopen(reading) as answer:
            number = answer.readline().strip()
        if not number:
            raise PictureError("Xvfb did not start; it says why when it is started by hand: Xvfb :99")
        hidden = {"WAYLAND_DISPLAY", "QT_QPA_PLATFORM", "QT_SCALE_FACTOR", "QT_FONT_DPI"}
        around = {name: value for name, value in os.environ.items() if name not in hidden}
        yield Screen({**around, "DISPLAY": f":{number}", "LC_ALL": "C.UTF-8"})
    finally:
        server.terminate()
        server.wait()


@dataclass(frozen=True, slots=True)
class Desk:
    """The running program and the folder of its data."""

    screen: Screen
    data: Path

    def hand_over(self, *files: Path) -> None:
        """Open files as a second start does."""
        command = [sys.executable, "-m", "app", "window", "--data-dir", str(self.data), *map(str, files)]
        done = subprocess.run(command, cwd=ROOT, env=self.screen.environment, check=False)
        if done.returncode != 0:
            raise PictureError(f"the window did not take {', '.join(path.name for path in files)}")

    def count(self, query: str, *values: object) -> int:
        """A number out of the library."""
        address = f"{(self.data / 'library.sqlite').as_uri()}?mode=ro"
        with closing(sqlite3.connect(address, uri=True, timeout=30)) as library:
            return int(library.execute(query, values).fetchone()[0])

    def wait(self, what: str, query: str, at_least: int = 1) -> None:
        """Until the library counts so many."""
        wait_until(lambda: self.count(query) >= at_least or bool(self.mistakes()), what, WORK_S)
        self.check()

    def mistakes(self) -> list[str]:
        """Lines of the log that no picture should be taken after."""
        log = (self.data / "logs" / "griffin-desk.log").read_text(encoding="utf-8")
        return [line for line in log.splitlines() if " ERROR " in line or " WARNING " in line]

    def check(self) -> None:
        """Raise PictureError when something went wrong in the program."""
        if found := self.mistakes():
            raise PictureError(f"the program logged: {found[0]}")


def wait_until(reached: Callable[[], bool], what: str, within_s: float) -> None:
    """Look again and again; PictureError when it takes too long."""
    end = time.monotonic() + within_s
    while not reached():
        if time.monotonic() > end:
            raise PictureError(f"{what} did not happen within {within_s:.0f} s")
        time.sleep(0.1)


@contextmanager
def running_desk(
    screen: Screen, folder: Path, *, settings: str = "", width: int = WIDTH, height: int = HEIGHT
) -> Iterator[Desk]:
    """The program with a window of its own, in a data folder that may hold something already."""
    data = folder / "data"
    data.mkdir(exist_ok=True)
    (data / "settings.toml").write_text(settings, encoding="utf-8")
    # Sizes of panes are kept outside of the data folder.
    own = {"XDG_CONFIG_HOME": folder / "config", "XDG_RUNTIME_DIR": folder / "run"}
    own["XDG_RUNTIME_DIR"].mkdir(mode=0o700, exist_ok=True)
    screen = Screen({**screen.environment, **{name: str(path) for name, path in own.items()}})
    command = [sys.executable, "-m", "app", "window", "--data-dir", str(data)]
    program = subprocess.Popen(command, cwd=ROOT, env=screen.environment)
    try:
        wait_until(lambda: bool(screen.windows()) or program.poll() is not None, "the window", START_S)
        if program.poll() is not None:
            raise PictureError(f"the program ended with code {program.returncode} before it showed a window")
        screen.place(screen.windows()[0], width, height)
        time.sleep(SETTLE_S)
        yield Desk(screen, data)
    finally:
        program.terminate()
        program.wait()


# The documents


def chapters(text: str) -> dict[str, str]:
    """The sample's chapters as Markdown: file names without what stands in brackets, and texts."""
    found = {}
    for part in text.split("\n# ")[1:]:
        heading, _, body = part.partition("\n")
        title = heading.split(" (")[0]
        found[f"{title}.md"] = f"# {title}\n{body}"
    return found


# The pictures

SUMMARIES = "SELECT count(*) FROM summaries WHERE state = 'finished'"
PARTS = "SELECT count(*) FROM summary_parts"
ANSWERS = "SELECT count(*) FROM turns WHERE role = 'assistant'"
READINGS = "SELECT count(*) FROM readings"

CHAPTER_IN_WORK = "Waterways, Range and Timber.md"
CHIP = 1
"""Of the summary, counted from 0: its quote fills some lines of a page."""
TABS_TO_FIRST_CHIP = 14
"""From the search field over both lists, the tabs, the controls of the summary and its two parts."""
STEADY = "temperature = 0\n"
"""The same answers each time."""


def say(desk: Desk, words: str) -> None:
    """Say something in the conversation in front and wait for the answer."""
    answers = desk.count(ANSWERS)
    desk.screen.type(words)
    desk.screen.key("Return")
    desk.wait("the answer", ANSWERS, answers + 1)
    time.sleep(2 * SETTLE_S)


def fill(desk: Desk, folder: Path) -> None:
    """A library of the sample and its chapters, and a chat."""
    files = []
    for name, text in chapters(SAMPLE_TEXT.read_text(encoding="utf-8")).items():
        files.append(folder / name)
        files[-1].write_text(text, encoding="utf-8")
    desk.hand_over(*files)
    desk.wait("opening the chapters", READINGS, len(files))
    desk.screen.key("ctrl+n")
    say(desk, "Why are trees good for rivers?")
    desk.hand_over(SAMPLE)
    desk.wait("opening the sample", READINGS, len(files) + 1)
    time.sleep(2 * SETTLE_S)


def summarise(desk: Desk) -> None:
    """Of the document in front."""
    finished = desk.count(SUMMARIES)
    desk.screen.key("ctrl+Return")
    desk.wait("the summary", SUMMARIES, finished + 1)
    time.sleep(2 * SETTLE_S)


def converse(desk: Desk) -> None:
    """Ask the document what it says."""
    desk.screen.key("ctrl+2")
    time.sleep(SETTLE_S)
    say(desk, "Which birds are useful, and why?")
    say(desk, "What happened to the mountains of northern China?")


def open_chip(desk: Desk) -> None:
    """The page of a chip of the summary, beside it; the meters make room."""
    desk.screen.key("F10", "ctrl+1", "ctrl+l")
    desk.screen.key("Tab", times=TABS_TO_FIRST_CHIP + CHIP)
    desk.screen.key("Return")
    time.sleep(3 * SETTLE_S)


def take_pictures(out: Path) -> list[Path]:
    """All four; their paths."""
    with tempfile.TemporaryDirectory(prefix="griffin-desk-pictures-") as name, virtual_screen(WIDTH, HEIGHT) as screen:
        folder = Path(name)
        with running_desk(screen, folder, settings=f'{STEADY}scheme = "light"\n') as desk:
            fill(desk, folder)
            summarise(desk)
            converse(desk)
            desk.screen.save(out / "window-chat.png")
            open_chip(desk)
            desk.screen.save(out / "window-summary.png")
            desk.screen.key("F10", "alt+Home")
            desk.screen.save(out / "window-library.png")
            desk.check()
        with running_desk(screen, folder, settings=f'{STEADY}scheme = "dark"\n') as desk:
            desk.hand_over(folder / CHAPTER_IN_WORK)
            time.sleep(2 * SETTLE_S)
            parts = desk.count(PARTS)
            desk.screen.key("ctrl+Return")
            desk.wait("the notes on two parts", PARTS, parts + 2)
            desk.screen.save(out / "window-dark.png")
            desk.check()
    return [out / f"window-{name}.png" for name in ("library", "summary", "chat", "dark")]


def main() -> int:
    """Take them, and say how large they are."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, default=OUT, help="folder of the pictures")
    options = parser.parse_args()
    try:
        pictures = take_pictures(options.out)
    except PictureError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    for picture in pictures:
        print(f"{picture}: {picture.stat().st_size:,} bytes")
    return int(any(picture.stat().st_size > MOST_BYTES for picture in pictures))


if __name__ == "__main__":
    sys.exit(main())
