"""Pipes, devices, sockets, folders and links in the place of a model's files, and of the model itself."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

from tests.torture.hostile_model_case import WEIGHTS, Case, either, harmless, refused

_FILES = (
    WEIGHTS, "config.json", "tokenizer.json", "tokenizer_config.json", "chat_template.jinja", "generation_config.json",
    "griffin-desk.json", "model.safetensors.index.json", "tokenizer.model",
)  # fmt: skip
_ABSENT_IS_WELL = (
    "griffin-desk.json", "generation_config.json", "tokenizer_config.json", "chat_template.jinja", "tokenizer.model",
    "model.safetensors.index.json",
)  # fmt: skip


def places() -> list[Case]:
    """Each sort in each place."""
    sorts: dict[str, Callable[[Path], object]] = {
        "a pipe": os.mkfifo,
        "a folder": Path.mkdir,
        "a socket": _socket,
        "a link to a device without end": lambda path: path.symlink_to("/dev/zero"),
        "a link to the terminal": lambda path: path.symlink_to("/dev/tty"),
        "a link to itself": lambda path: path.symlink_to(path.name),
        "a link to nothing": lambda path: path.symlink_to("nowhere"),
        "a link to a running program's memory": lambda path: path.symlink_to("/proc/self/mem"),
    }
    cases = []
    for name in _FILES:
        for sort, make in sorts.items():
            # What may be absent may be taken for absent, and nothing of it is then looked at.
            case = either if name in _ABSENT_IS_WELL else refused
            cases.append(case(f"{sort} as {name}", _instead(name, make), name, "tokenizer"))
    return [
        *cases,
        *(refused(f"{sort} as the model", _instead("model", make), "model", target="model", cli=sort == "a pipe")
          for sort, make in sorts.items() if sort != "a folder"),
        refused("an empty folder", lambda folder: (folder / "model").mkdir(), "model", target="model"),
        refused("nothing", lambda folder: None, "model", target="model"),
        refused("a device", lambda folder: None, "/dev/zero", target="/dev/zero", cli=True),
        harmless("a link to the folder", lambda folder: (folder / "model").symlink_to(folder), target="model"),
    ]  # fmt: skip


def _instead(name: str, make: Callable[[Path], object]) -> Callable[[Path], object]:
    def change(folder: Path) -> None:
        (folder / name).unlink(missing_ok=True)
        make(folder / name)

    return change


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        here = Path.cwd()
        os.chdir(path.parent)  # a socket's whole path may have some hundred letters only
        try:
            made.bind(path.name)
        finally:
            os.chdir(here)
