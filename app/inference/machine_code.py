"""Where numba keeps its machine code, and what happens where nothing can be kept."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_PACKAGE = __name__.rpartition(".")[0]
_PROBE_BYTES = 1 << 20
"""A try at writing this much finds a read-only folder and a full disk alike; the code takes a few of it."""


def folder_problem(folder: Path) -> str | None:
    """Why nothing can be written into a folder, which is made where it is missing; None where something can."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(bytes(_PROBE_BYTES))
            probe.flush()
    except OSError as error:
        return error.strerror or str(error)
    return None


@contextmanager
def keeping_machine_code(cache_dir: Path | None, tell: Callable[[str], None]) -> Iterator[None]:
    """Import the modules of compiled passes inside.

    Their code is kept in cache_dir / "numba". Where that folder cannot be written, `tell` gets one sentence and the
    code is compiled anew in every process: numba alone would refuse to import such a module.
    """
    from numba.core import config as numba_config

    config: Any = numba_config  # its settings are made at run time, so no type checker knows them
    if cache_dir is None:
        yield
        return
    folder = cache_dir / "numba"
    problem = folder_problem(folder)
    if problem is None:
        config.CACHE_DIR = str(folder)
        yield
        return
    tell(f"compiled code cannot be kept in {folder} ({problem}): every start takes some seconds longer")
    before = config.CACHE_DIR
    with tempfile.TemporaryDirectory() as empty:
        # Only a writable folder satisfies numba's import; nothing is ever written to this one.
        config.CACHE_DIR = empty
        try:
            yield
            _keep_nothing()
        finally:
            config.CACHE_DIR = before


def _keep_nothing() -> None:
    from numba.core.caching import NullCache

    for name, module in list(sys.modules.items()):
        if name.startswith(_PACKAGE):
            for value in list(vars(module).values()):
                if hasattr(value, "enable_caching"):
                    value._cache = NullCache()
