"""A virtual screen with a keyboard, on which a program is worked as by a user (Linux, with Xvfb and xdotool)."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

WIDTH, HEIGHT = 1400, 860
CALL_S = 60.0
"""After which a tool, or the screen itself, is taken for hung."""
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

    def windows(self, name: str = "Griffin Desk") -> list[str]:
        """Windows that can be seen and have this in their name."""
        return self._call("search", "--onlyvisible", "--name", name).stdout.split()

    def focus(self, window: str) -> None:
        """Give a window the keyboard."""
        self._do("windowfocus", window)

    def box(self, window: str) -> tuple[int, int, int, int]:
        """Where a window is: left, top, right, bottom."""
        told = dict(line.split("=") for line in self._call("getwindowgeometry", "--shell", window).stdout.split())
        if not told:
            raise PictureError("the window has gone")
        left, top, width, height = (int(told[name]) for name in ("X", "Y", "WIDTH", "HEIGHT"))
        return left, top, left + width, top + height

    def place(self, window: str, width: int, height: int) -> None:
        """Give a window a size, the screen's corner and the keyboard; there is no window manager that would."""
        self._do("windowmove", window, "0", "0")
        self._do("windowsize", window, str(width), str(height))
        self.focus(window)

    def save(self, path: Path, window: str = "") -> None:
        """What can be seen, as a PNG; of a window alone where one is given."""
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
            shown = picture.crop(self.box(window)) if window else picture
            packed = shown.convert("RGB").quantize(COLOURS, method=method, kmeans=1, dither=Image.Dither.NONE)
        packed.save(path, optimize=True)

    def _call(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = ["xdotool", *arguments]
        try:
            return subprocess.run(
                command, env=self.environment, capture_output=True, text=True, timeout=CALL_S, check=False
            )
        except subprocess.TimeoutExpired:
            raise PictureError(f"xdotool {arguments[0]} did not end within {CALL_S:.0f} s") from None

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
        try:
            server.wait(CALL_S)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def wait_until(reached: Callable[[], bool], what: str, within_s: float) -> None:
    """Look again and again; PictureError when it takes too long."""
    end = time.monotonic() + within_s
    while not reached():
        if time.monotonic() > end:
            raise PictureError(f"{what} did not happen within {within_s:.0f} s")
        time.sleep(0.1)
