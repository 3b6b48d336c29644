from __future__ import annotations

from importlib import metadata

import pytest

from app.core.version import program_version


def test_the_installed_version(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the package's metadata say; a checkout that was never installed has none."""
    monkeypatch.setattr("app.core.version.version", {"griffin-desk": "1.2.3"}.__getitem__)
    assert program_version() == "1.2.3"

    def missing(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr("app.core.version.version", missing)
    assert program_version() == "unknown"
