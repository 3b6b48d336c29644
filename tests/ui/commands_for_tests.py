"""A small set of commands, as a main window would give them, that note what was run."""

from __future__ import annotations

from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QWidget

from app.ui.shortcuts import Command, Commands

Standard = QKeySequence.StandardKey


def sample_commands(window: QWidget, ran: list[str]) -> Commands:
    """Commands of four groups; what is run is appended to `ran`."""

    def command(name: str, text: str, group: str, *keys: QKeySequence.StandardKey | str, **more: bool) -> Command:
        sequences = tuple(QKeySequence(key) if isinstance(key, str) else key for key in keys)
        return Command(name, text, sequences, group, lambda: ran.append(name), **more)

    return Commands(
        [
            command("open", "&Open…", "File", Standard.Open),
            command("new", "&New conversation", "File", Standard.New),
            command("export", "&Export the summary…", "File", "Ctrl+E", enabled=False),
            command("settings", "&Settings…", "File", Standard.Preferences, "Ctrl+,"),
            command("quit", "&Quit", "File", Standard.Quit, "Ctrl+Q"),
            command("find", "&Find && replace", "Edit", Standard.Find),
            command("larger", "Text &larger", "View", Standard.ZoomIn, "Ctrl+="),
            command("meters", "Show &meters", "View", "Ctrl+M", checkable=True),
            command("stop", "&Stop", "View", "Esc", enabled=False),
            command("palette", "&Commands…", "Help", "Ctrl+K", in_palette=False),
            command("about", "&About", "Help"),
        ],
        window,
    )
