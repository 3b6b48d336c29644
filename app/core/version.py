"""Which version of the program this is."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version


def program_version() -> str:
    """The installed version; 'unknown' in a checkout that was never installed."""
    try:
        return version("griffin-desk")
    except PackageNotFoundError:
        return "unknown"
