"""What was measured on this machine, kept in the cache folder. No torch here: services read it too."""

from __future__ import annotations

import os
import platform
from dataclasses import asdict, astuple, fields
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from math import isfinite
from pathlib import Path
from typing import Any

from app.core.threads import usable_cores
from app.core.version import program_version
from app.inference.cache_file import read_cache, write_cache
from app.inference.speed import FormatLimits, MachineLimits

FILE = "limits.json"
VERSION = 1
"""Of the small models and of the arithmetic: figures of another version say nothing here."""


def load_limits(cache_dir: Path, device: str, *, threads: int | None = None) -> MachineLimits | None:
    """What was measured on a device type of this machine with these versions; None where nothing was.

    threads: of the CPU; None for as many as the engine takes by itself.
    """
    entry = read_cache(cache_dir / FILE).get(_key(device, threads))
    try:
        return None if entry is None else _limits(entry)
    except (KeyError, TypeError, ValueError, AttributeError):  # damage costs measuring once more
        return None


def all_limits(cache_dir: Path, *, threads: int | None = None) -> dict[str, MachineLimits]:
    """What was measured on each device of this machine, by torch's name of the device type."""
    found = {device: load_limits(cache_dir, device, threads=threads) for device in ("cpu", "cuda", "mps")}
    return {device: limits for device, limits in found.items() if limits is not None}


def save_limits(cache_dir: Path, limits: MachineLimits, *, threads: int | None = None) -> None:
    """Keep what was measured, beside other devices' figures. A folder that cannot be written is no error."""
    path = cache_dir / FILE
    write_cache(path, read_cache(path) | {_key(limits.device, threads): asdict(limits)})


def processor_name() -> str:
    """The processor as its maker calls it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def _key(device: str, threads: int | None) -> str:
    count = usable_cores().threads if threads is None else threads
    return (
        f"{device}|{processor_name()}, {os.cpu_count()} processors|{count} threads|"
        f"torch {_version_of('torch')}|numba {_version_of('numba')}|griffin-desk {program_version()}|{VERSION}"
    )


@cache  # a distribution's files are looked through for it
def _version_of(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "?"


def _limits(entry: dict[str, Any]) -> MachineLimits:
    formats = {
        str(form): FormatLimits(**{field.name: float(cost[field.name]) for field in fields(FormatLimits)})
        for form, cost in entry["formats"].items()
    }
    for cost in formats.values():
        if not all(isfinite(seconds) and seconds >= 0.0 for seconds in astuple(cost)) or not (
            cost.write_byte_s > 0.0 and cost.read_operation_s > 0.0
        ):
            raise ValueError("a cost that cannot be")
    return MachineLimits(
        device=str(entry["device"]),
        name=str(entry["name"]),
        total_bytes=int(entry["total_bytes"]),
        slow_formats=tuple(str(form) for form in entry["slow_formats"]),
        formats=formats,
    )
