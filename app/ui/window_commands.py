"""Everything the window can do, in menus, by keys and in the palette."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from PySide6.QtCore import QCoreApplication
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenuBar

from app.ui.shortcuts import Command, Commands, Key

_STANDARD = QKeySequence.StandardKey


class Doing(Protocol):
    """What the commands do; see WindowController."""

    def open_files(self) -> None: ...
    def open_sample(self) -> None: ...
    def new_chat(self) -> None: ...
    def new_conversation(self) -> None: ...
    def go_home(self) -> None: ...
    def export(self) -> None: ...
    def copy_summary(self) -> None: ...
    def quit(self) -> None: ...
    def summarise(self) -> None: ...
    def pause_or_resume(self) -> None: ...
    def stop(self) -> None: ...
    def find(self) -> None: ...
    def search(self) -> None: ...
    def show_summary(self) -> None: ...
    def show_ask(self) -> None: ...
    def show_pages(self) -> None: ...
    def toggle_sidebar(self) -> None: ...
    def toggle_meters(self) -> None: ...
    def larger_text(self) -> None: ...
    def smaller_text(self) -> None: ...
    def normal_text(self) -> None: ...
    def choose_model(self) -> None: ...
    def show_settings(self) -> None: ...
    def show_palette(self) -> None: ...
    def show_shortcuts(self) -> None: ...
    def show_about(self) -> None: ...
    def show_logs(self) -> None: ...


def make_commands(doing: Doing) -> list[Command]:
    """In the order in which the sheet of shortcuts lists them."""
    tr = _translated
    file, document, view, other = tr("File"), tr("Document"), tr("View"), tr("Help")
    about_role, quit_role = QAction.MenuRole.AboutRole, QAction.MenuRole.QuitRole

    def one(
        id: str, text: str, group: str, run: Callable[[], object], *keys: Key | str, icon: str = "", role: object = None
    ) -> Command:
        made = tuple(QKeySequence(key) if isinstance(key, str) else key for key in keys)
        menu_role = role if isinstance(role, QAction.MenuRole) else QAction.MenuRole.NoRole
        return Command(id, text, made, group, run, icon=icon, menu_role=menu_role)

    return [
        one("open", tr("&Open…"), file, doing.open_files, _STANDARD.Open, icon="open"),
        one("sample", tr("Open the &sample document"), file, doing.open_sample, icon="document"),
        one("new-chat", tr("&New chat"), file, doing.new_chat, _STANDARD.New, icon="chat"),
        one("home", tr("&Home"), file, doing.go_home, "Alt+Home", icon="home"),
        one("export", tr("&Export…"), file, doing.export, "Ctrl+E", icon="export"),
        one("quit", tr("&Quit"), file, doing.quit, _STANDARD.Quit, "Ctrl+Q", role=quit_role),
        one("summarise", tr("&Summarise"), document, doing.summarise, "Ctrl+Return", icon="play"),
        one("pause", tr("&Pause or resume"), document, doing.pause_or_resume, "Ctrl+Shift+P", icon="pause"),
        one("stop", tr("S&top"), document, doing.stop, "Ctrl+.", icon="stop"),
        one("copy-summary", tr("&Copy the summary"), document, doing.copy_summary, "Ctrl+Shift+C", icon="copy"),
        one("new-conversation", tr("&New conversation on it"), document, doing.new_conversation, "Ctrl+Shift+N"),
        one("find", tr("&Find in the document"), document, doing.find, _STANDARD.Find, icon="search"),
        one("show-summary", tr("Summar&y"), view, doing.show_summary, "Ctrl+1"),
        one("show-ask", tr("&Ask"), view, doing.show_ask, "Ctrl+2"),
        one("show-pages", tr("&Pages"), view, doing.show_pages, "Ctrl+3"),
        one("search", tr("&Search the library"), view, doing.search, "Ctrl+L", icon="search"),
        one("sidebar", tr("Show or hide the li&brary"), view, doing.toggle_sidebar, "F9"),
        one("meters", tr("Show or hide the &meters"), view, doing.toggle_meters, "F10", icon="panel"),
        one("larger", tr("&Larger text"), view, doing.larger_text, _STANDARD.ZoomIn, "Ctrl+=", icon="zoom-in"),
        one("smaller", tr("Smalle&r text"), view, doing.smaller_text, _STANDARD.ZoomOut, icon="zoom-out"),
        one("normal", tr("Text of &normal size"), view, doing.normal_text, "Ctrl+0"),
        one("palette", tr("All &commands…"), other, doing.show_palette, "Ctrl+K", icon="search"),
        one("shortcuts", tr("&Keyboard shortcuts"), other, doing.show_shortcuts, _STANDARD.HelpContents, "F1"),
        one("model", tr("&Models…"), other, doing.choose_model, "Ctrl+M", icon="download"),
        one("settings", tr("Se&ttings…"), other, doing.show_settings, "Ctrl+,", icon="settings",
            role=QAction.MenuRole.PreferencesRole),
        one("logs", tr("Show the &log files"), other, doing.show_logs),
        one("about", tr("&About Griffin Desk"), other, doing.show_about, role=about_role),
    ]  # fmt: skip


def fill_menus(bar: QMenuBar, commands: Commands) -> None:
    """The menu bar."""
    tr = _translated
    menus = (
        (tr("&File"), ("open", "sample", "new-chat", "home", "", "export", "", "settings", "quit")),
        (tr("&Document"), ("summarise", "pause", "stop", "", "copy-summary", "find", "new-conversation")),
        (
            tr("&View"),
            (
                "show-summary", "show-ask", "show-pages", "", "search", "sidebar", "meters", "", "larger", "smaller",
                "normal",
            ),
        ),
        (tr("&Help"), ("palette", "shortcuts", "", "model", "logs", "", "about")),
    )  # fmt: skip
    for title, ids in menus:
        commands.fill(bar.addMenu(title), ids)


def _translated(text: str) -> str:
    # Outside of a class lupdate files what `tr` is given under no name.
    return QCoreApplication.translate("", text)
