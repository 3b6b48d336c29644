"""Take the pictures of README and guide: `python packaging/screenshots.py [--out FOLDER]` (Linux, Xvfb, xdotool).

The program runs as a user would start it, on a screen of its own, and is worked by its keys alone; what it has come
to is read off its library. Its data lie in a folder that is deleted afterwards. The documents are the bundled sample
and its chapters.
"""

from __future__ import annotations

import argparse
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from virtual_screen import HEIGHT, SETTLE_S, WIDTH, PictureError, Screen, virtual_screen, wait_until

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "docs" / "images"
SAMPLE = ROOT / "resources" / "sample" / "forests-and-waters.pdf"
SAMPLE_TEXT = SAMPLE.with_suffix(".txt")

MOST_BYTES = 250_000
"""Of a picture."""
START_S = 60.0
WORK_S = 300.0
"""For a summary, or an answer, on a slow machine."""


@dataclass(frozen=True, slots=True)
class Desk:
    """The running program and the folder of its data."""

    screen: Screen
    data: Path
    window: str
    """The program's main one, as xdotool calls it."""

    @contextmanager
    def dialog(self, *keys: str) -> Iterator[str]:
        """The window that opens at these keys, with the keyboard; Escape closes it."""
        self.screen.key(*keys)
        wait_until(lambda: bool(self._dialogs()), f"a dialog at {keys}", START_S)
        dialog = self._dialogs()[-1]
        self.screen.focus(dialog)
        time.sleep(SETTLE_S)
        yield dialog
        self.screen.key("Escape")
        wait_until(lambda: not self._dialogs(), f"the end of the dialog at {keys}", START_S)
        self.screen.focus(self.window)
        time.sleep(SETTLE_S)

    def _dialogs(self) -> list[str]:
        return [window for window in self.screen.windows(".") if window != self.window]

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
        window = screen.windows()[0]
        screen.place(window, width, height)
        time.sleep(SETTLE_S)
        yield Desk(screen, data, window)
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

PICTURES = (
    *("window-library", "window-summary", "window-chat", "window-dark"),
    *("guide-branch", "guide-pages", "guide-commands", "guide-settings", "guide-models", "guide-licence"),
)
SUMMARIES = "SELECT count(*) FROM summaries WHERE state = 'finished'"
PARTS = "SELECT count(*) FROM summary_parts"
ANSWERS = "SELECT count(*) FROM turns WHERE role = 'assistant'"
READINGS = "SELECT count(*) FROM readings"

CHAPTER_IN_WORK = "Waterways, Range and Timber.md"
CHIP = 1
"""Of the summary, counted from 0: its quote fills some lines of a page."""
TABS_TO_FIRST_CHIP = 14
"""From the search field over both lists, the tabs, the controls of the summary and its two parts."""
TO_PRIVACY, TABS_TO_DOWNLOAD = 4, 3
"""Pages of settings from the first, and parts of the models' dialog from its list."""
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


def ask_otherwise(desk: Desk) -> None:
    """Put another question in the place of the last: a branch."""
    answers = desk.count(ANSWERS)
    # The first closes the pages beside.
    desk.screen.key("ctrl+3", "ctrl+2", "shift+Tab", "Up", "Return", "Tab", "Return")
    time.sleep(SETTLE_S)
    desk.screen.key("ctrl+a")
    desk.screen.type("What happened to the forests of northern China?")
    desk.screen.key("ctrl+Return")
    desk.wait("the answer on the branch", ANSWERS, answers + 1)
    time.sleep(2 * SETTLE_S)
    desk.screen.key("ctrl+2")


def find_on_pages(desk: Desk) -> None:
    """Look for a word in the pages."""
    desk.screen.key("ctrl+3")
    time.sleep(2 * SETTLE_S)
    desk.screen.key("ctrl+f")
    desk.screen.type("irrigation")
    time.sleep(4 * SETTLE_S)
    # Beyond the list of contents.
    desk.screen.key("Return", times=6)
    time.sleep(2 * SETTLE_S)


def take_guide_pictures(desk: Desk, out: Path) -> None:
    """Of docs/user-guide.md, in a desk that has talked about the sample."""
    screen = desk.screen
    desk.hand_over(SAMPLE)
    time.sleep(2 * SETTLE_S)
    ask_otherwise(desk)
    screen.save(out / "guide-branch.png")
    find_on_pages(desk)
    screen.save(out / "guide-pages.png")
    screen.key("Escape")
    with desk.dialog("ctrl+k"):
        screen.type("tre")
        screen.save(out / "guide-commands.png")
    with desk.dialog("ctrl+comma") as dialog:
        screen.key("Down", times=TO_PRIVACY)
        screen.save(out / "guide-settings.png", dialog)
    with desk.dialog("ctrl+m") as dialog:
        screen.key("Down")
        screen.save(out / "guide-models.png", dialog)
        screen.key("Tab", times=TABS_TO_DOWNLOAD)
        screen.key("Return")
        screen.save(out / "guide-licence.png", dialog)
        screen.key("Escape")


def take_pictures(out: Path) -> list[Path]:
    """All of them; their paths."""
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
            take_guide_pictures(desk, out)
            desk.check()
        with running_desk(screen, folder, settings=f'{STEADY}scheme = "dark"\n') as desk:
            desk.hand_over(folder / CHAPTER_IN_WORK)
            time.sleep(2 * SETTLE_S)
            parts = desk.count(PARTS)
            desk.screen.key("ctrl+Return")
            desk.wait("the notes on two parts", PARTS, parts + 2)
            desk.screen.save(out / "window-dark.png")
            desk.check()
    return [out / f"{name}.png" for name in PICTURES]


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
