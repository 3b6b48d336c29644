"""Programs that run where there is no network, and what they tried of it.

Three nets, each used where it is there: a network namespace without interfaces (Linux, `unshare`), the system calls of
all processes (`strace`), and a guard inside every Python process (guard/sitecustomize.py), which works everywhere.
"""

from __future__ import annotations

import functools
import json
import os
import re
import shutil
import signal
import subprocess
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.report import ROOT
from tests.torture.programs import Ended, environment

GUARD = Path(__file__).resolve().parent / "guard"
NOTES_VARIABLE = "GRIFFIN_DESK_NETWORK_NOTES"
CALLS = "connect,sendto,sendmsg,sendmmsg,socket"
TRACED = re.compile(r"\b(connect|sendto|sendmsg|sendmmsg)\(.*?sa_family=(AF_\w+)(.*)")
MADE = re.compile(r"\bsocket\((AF_\w+)")
AT_HOME = ("AF_UNIX", "AF_NETLINK")
"""Families of sockets that leave no machine: files, and the kernel."""
BUS = "session-bus"
PATHS = re.compile(r'sun_path=@?"([^"]*)"')


@dataclass(frozen=True, slots=True)
class Seen:
    """What programs tried."""

    attempts: tuple[str, ...] = ()
    """To reach anything but this machine's own files, each with who tried."""
    local: Counter[str] = field(default_factory=Counter)
    """Sockets in the file system that were connected to, or made, by their path."""
    families: Counter[str] = field(default_factory=Counter)
    """Sockets that were made, by family; as strace tells."""
    processes: int = 0
    """Python processes that the guard was in."""
    packages: frozenset[str] = frozenset()
    """Of those that can speak to the network: which were loaded in any of them."""


@dataclass(frozen=True, slots=True)
class Watch:
    """How programs are watched here."""

    namespace: bool
    strace: bool

    @property
    def how(self) -> str:
        """In words, for the table."""
        namespace = "in a network namespace without interfaces" if self.namespace else "without a namespace of its own"
        return f"{namespace}, {'strace and ' if self.strace else ''}a guard in every Python process"

    def run(
        self,
        command: Sequence[str | Path],
        folder: Path,
        name: str,
        *,
        stdin: str = "",
        limit_s: float = 300.0,
        more: Mapping[str, str] | None = None,
    ) -> Ended:
        """A program to its end, in a group of its own; what hangs is killed with its group.

        Args:
            folder: of the data, which is `folder / "desk"`, and of the notes on the network (`seen` reads them).
            more: of the environment.
        """
        folder.mkdir(parents=True, exist_ok=True)
        words = [str(part) for part in command]
        if self.strace:
            trace = str(folder / f"{name}.trace")
            words = ["strace", "-f", "--seccomp-bpf", "-qq", "-s", "200", "-e", f"trace={CALLS}", "-o", trace, *words]
        if self.namespace:
            words = ["unshare", "--map-root-user", "--net", *words]
        process = subprocess.Popen(
            words,
            cwd=folder,
            env=guarded(folder) | dict(more or {}),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        try:
            out, err = process.communicate(stdin, timeout=limit_s)
            return Ended(process.returncode, out, err)
        except subprocess.TimeoutExpired:
            _kill(process.pid)
            out, err = process.communicate()
            return Ended(None, out, err)
        finally:
            _kill(process.pid)


def guarded(folder: Path) -> dict[str, str]:
    """The environment of a watched program: nothing in it names a proxy, a hub or a token."""
    names = re.compile(r"(?i).*_proxy|HF_.*|HUGGING.*|TRANSFORMERS_.*|DBUS_.*")
    kept = {name: value for name, value in environment(folder).items() if not names.fullmatch(name)}
    path = os.pathsep.join([str(GUARD), str(ROOT)])
    return kept | {
        "PYTHONPATH": path,
        NOTES_VARIABLE: str(folder / "network.jsonl"),
        "HOME": str(folder),
        # Nobody listens there: whoever asks the session's bus is seen by it.
        "DBUS_SESSION_BUS_ADDRESS": f"unix:path={folder / BUS}",
    }


@functools.cache
def watch_here() -> Watch:
    """The nets that this machine has."""
    with_strace = ["strace", "-f", "--seccomp-bpf", "-qq", "-e", "trace=connect", "-o", os.devnull, "true"]
    namespace = _works(["unshare", "--map-root-user", "--net", "true"])
    prefix = ["unshare", "--map-root-user", "--net"] if namespace else []
    return Watch(namespace=namespace, strace=_works([*prefix, *with_strace]))


def seen(folder: Path) -> Seen:
    """What all programs that were run with this folder have tried."""
    notes = read_notes(folder / "network.jsonl")
    attempts = [f"{note['what']}{note['to']} by {_who(note)}" for note in notes if note.get("local") is False]
    local: Counter[str] = Counter()
    families: Counter[str] = Counter()
    for trace in sorted(folder.glob("*.trace")):
        for line in trace.read_text(encoding="utf-8", errors="replace").splitlines():
            families.update(MADE.findall(line))
            if (found := TRACED.search(line)) is None:
                continue
            if found[2] not in AT_HOME:
                attempts.append(f"{found[0][:160]} ({trace.stem})")
            elif found[2] == "AF_UNIX" and (path := PATHS.search(found[3])):
                local[_place(path[1], folder)] += 1
    return Seen(
        attempts=tuple(attempts),
        local=local,
        families=families,
        processes=sum(note["what"] == "start" for note in notes),
        packages=frozenset(note["package"] for note in notes if note["what"] == "loads"),
    )


def read_notes(file: Path) -> list[dict[str, Any]]:
    """The guard's notes, in the order in which they were written."""
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] if file.is_file() else []


def _who(note: Mapping[str, Any]) -> str:
    """The nearest place in the program that led there, else the nearest at all."""
    ours = [place for place in note["stack"] if f"{ROOT}{os.sep}app{os.sep}" in place]
    return str((ours or note["stack"])[0]).removeprefix(f"{ROOT}{os.sep}")


def _place(path: str, folder: Path) -> str:
    """A socket's path without what differs from run to run."""
    if path == str(folder / BUS):
        return "D-Bus"
    if path.startswith((str(folder), "/tmp/pymp-", "griffin-desk")):
        return "its own"
    if path.endswith("/nscd/socket"):
        return "names of users"
    return "the screen" if "/.X11-unix/" in path else re.sub(r"\d+", "N", path)


def _works(command: Sequence[str]) -> bool:
    if shutil.which(command[0]) is None:
        return False
    with suppress(OSError, subprocess.SubprocessError):
        return subprocess.run(command, capture_output=True, timeout=20, check=False).returncode == 0
    return False


def _kill(group: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)
