"""The control groups of Linux that this process is in: a container's limits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_PROC, _ROOT = Path("/proc/self/cgroup"), Path("/sys/fs/cgroup")


@dataclass(frozen=True, slots=True)
class ControlGroup:
    """One group's folder. is_v1: whether its files have the names of version 1."""

    folder: Path
    is_v1: bool

    def read(self, name: str) -> str:
        """One of its files, without the line's end. OSError where there is none."""
        return (self.folder / name).read_text(encoding="utf-8").strip()


def control_groups(controller: str, proc: Path = _PROC, root: Path = _ROOT) -> Iterator[ControlGroup]:
    """The groups that limit this process in something (cpu, memory), from its own up to the top.

    Nothing off Linux. Version 2 has one tree for all controllers, version 1 one for each.
    """
    try:
        lines = proc.read_text(encoding="utf-8").splitlines()
    except OSError:
        return
    for line in lines:
        # "0::/path" for version 2, "4:cpu,memory:/path" for a tree of version 1.
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if controllers and controller not in controllers.split(","):
            continue
        top = root / controller if controllers else root
        # Inside a container the path may be the host's: then none of its folders is there, and the top counts alone.
        group = top / path.strip("/")
        while group != top.parent:
            yield ControlGroup(group, bool(controllers))
            group = group.parent
