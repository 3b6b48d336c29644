"""Commands of the window: one action each, shared by menus, keys, the palette and the sheet of shortcuts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu, QWidget

from app.core.errors import InternalError
from app.ui import theme
from app.ui.icons import icon

Key = QKeySequence | QKeySequence.StandardKey

MAX_RECENT = 20


@dataclass(frozen=True, slots=True)
class Command:
    """Something the user can have done. `text` and `group` are translated; "&" in the text marks a menu's letter."""

    id: str
    text: str
    keys: tuple[Key, ...]
    """The first that the platform has is shown; a standard key that it lacks is left out."""
    group: str
    run: Callable[[], object]
    enabled: bool = True
    icon: str = ""
    """Name of a drawing of `icons.icon`, or ""."""
    checkable: bool = False
    checked: bool = False
    menu_role: QAction.MenuRole = QAction.MenuRole.NoRole
    """Where macOS puts it: settings, about and quit belong into the program's own menu there."""
    in_palette: bool = True


@dataclass(frozen=True, slots=True)
class CommandGroup:
    """Commands under one heading, in the order in which they were given."""

    name: str
    commands: tuple[Command, ...]


class Commands(QObject):
    """All commands of one window. Their keys work anywhere in it, also while no menu shows them."""

    ran = Signal(str)
    """Id of the command that has just been run, from wherever."""

    def __init__(self, commands: Iterable[Command], window: QWidget) -> None:
        super().__init__(window)
        self._commands: dict[str, Command] = {}
        self._actions: dict[str, QAction] = {}
        self._recent: list[str] = []
        taken: dict[str, str] = {}
        for command in commands:
            if command.id in self._commands:
                raise InternalError(f"the command {command.id!r} is there twice")
            self._commands[command.id] = command
            self._actions[command.id] = self._made(command, taken, window)
        theme.signals().changed.connect(self._draw_icons)

    def action(self, command_id: str) -> QAction:
        """The one action of a command."""
        return self._actions[command_id]

    def command(self, command_id: str) -> Command:
        """What was given for an id."""
        return self._commands[command_id]

    def groups(self) -> tuple[CommandGroup, ...]:
        """All commands by group, both in the order in which they were given."""
        names = dict.fromkeys(command.group for command in self._commands.values())
        return tuple(
            CommandGroup(name, tuple(command for command in self._commands.values() if command.group == name))
            for name in names
        )

    def fill(self, menu: QMenu, ids: Sequence[str]) -> None:
        """Put commands into a menu; "" is a line between them."""
        for command_id in ids:
            if command_id:
                menu.addAction(self.action(command_id))
            else:
                menu.addSeparator()

    def set_enabled(self, enabled: bool, *ids: str) -> None:
        """Whether commands can be run now. The key of one that cannot is left to whatever has the focus."""
        for command_id in ids:
            self.action(command_id).setEnabled(enabled)

    def recent(self) -> tuple[str, ...]:
        """Ids of the commands run last, the latest first."""
        return tuple(self._recent)

    def set_recent(self, ids: Iterable[str]) -> None:
        """Take up the recent commands of an earlier run; ids that are no longer known are left out."""
        self._recent = [command_id for command_id in dict.fromkeys(ids) if command_id in self._commands][:MAX_RECENT]

    def _made(self, command: Command, taken: dict[str, str], window: QWidget) -> QAction:
        action = QAction(command.text, self)
        action.setObjectName(command.id)
        action.setMenuRole(command.menu_role)
        action.setCheckable(command.checkable)
        action.setChecked(command.checked)
        action.setEnabled(command.enabled)
        if command.icon:
            action.setIcon(icon(command.icon))
        action.setShortcuts(_free_keys(command, taken))
        action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
        # Auto-repeat would run a command that opens something many times over; text size is asked for by tapping.
        action.setAutoRepeat(False)
        action.triggered.connect(lambda _checked=False, command=command: self._run(command))
        window.addAction(action)
        return action

    def _run(self, command: Command) -> None:
        if command.in_palette:
            self._recent = [command.id, *(other for other in self._recent if other != command.id)][:MAX_RECENT]
        command.run()
        self.ran.emit(command.id)

    def _draw_icons(self) -> None:
        for command_id, command in self._commands.items():
            if command.icon:
                self._actions[command_id].setIcon(icon(command.icon))


def plain_text(text: str) -> str:
    """A menu's text without the marks of its letter: `Save &as` is `Save as`, `Find && replace` is `Find & replace`."""
    return text.replace("&&", "\0").replace("&", "").replace("\0", "&")


def key_texts(action: QAction) -> tuple[str, ...]:
    """An action's keys as the platform writes them, the main one first.

    Without those of keyboards for media ("Open", "Zoom In"), which Qt counts among the standard keys.
    """
    # PySide6 gives the keys of a sequence by their place, its type hints do not say so.
    keys = [key for key in action.shortcuts() if key[0].key() < Qt.Key.Key_Super_L]  # type: ignore[index]
    return tuple(key.toString(QKeySequence.SequenceFormat.NativeText) for key in keys)


def _free_keys(command: Command, taken: dict[str, str]) -> list[QKeySequence]:
    """The command's keys on this platform, each once.

    Two commands on one key would make Qt run neither. Where keys were named it is a mistake of ours; where a
    platform's standard keys meet one that another command has, the first keeps it.
    """
    keys: list[QKeySequence] = []
    for key in command.keys:
        standard = isinstance(key, QKeySequence.StandardKey)
        for sequence in QKeySequence.keyBindings(key) if isinstance(key, QKeySequence.StandardKey) else [key]:
            name = sequence.toString(QKeySequence.SequenceFormat.PortableText)
            owner = taken.setdefault(name, command.id) if name else None
            if owner == command.id and sequence not in keys:
                keys.append(sequence)
            elif owner not in (None, command.id) and not standard:
                raise InternalError(f"the key {name} belongs to the commands {owner!r} and {command.id!r}")
    return keys
