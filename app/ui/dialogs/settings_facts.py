"""What the settings dialog is told, and what it says when the user saves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from app.inference.weight_format import WeightFormat

RELOADS_MODEL = frozenset({"model", "device", "weight_format", "threads"})
"""Settings that the running model cannot take up: it is loaded again."""

NEEDS_RESTART = frozenset({"models_dir", "snapshot_budget_bytes", "language", "log_level", "data_folder"})
"""What is read once, when the program starts."""


@dataclass(frozen=True, slots=True)
class SettingsFacts:
    """This installation, as far as the settings show it."""

    data_folder: Path
    log_file: Path
    models: tuple[str, ...]
    """Names of the models there are."""
    devices: tuple[str, ...]
    """Of auto, cpu, cuda and mps those that this machine has."""
    threads_max: int
    """Threads of the processor."""
    snapshot_bytes: int = 0
    """Room that saved states take now."""
    data_folder_fixed: bool = False
    """An option of the command line or a variable of the environment says which folder it is."""
    weight_formats: tuple[str, ...] = ("auto", *map(str, WeightFormat))


@dataclass(frozen=True, slots=True)
class Applied:
    """What the user has saved: values that differ from those in force, and a data folder where it is another one."""

    changes: Mapping[str, object] = field(default_factory=dict)
    data_folder: Path | None = None

    @property
    def names(self) -> frozenset[str]:
        """Names of all that changed; `data_folder` stands for the folder."""
        return frozenset(self.changes) | (frozenset({"data_folder"}) if self.data_folder is not None else frozenset())

    @property
    def needs_restart(self) -> bool:
        """Whether something takes effect at the next start of the program only."""
        return bool(self.names & NEEDS_RESTART)
