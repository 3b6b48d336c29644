"""`griffin-desk doctor`: what this machine has, whether the installation is sound, and a real test of the engine."""

from __future__ import annotations

import os
import platform
import shutil
import sys
import time
from typing import Any

import psutil

from app.cli.context import Launch
from app.cli.output import print_json
from app.core.errors import GriffinDeskError
from app.core.text import one_line, size_text
from app.core.version import program_version
from app.inference.generator import Message, Sampling, TextGenerator
from app.services.codec import usage_stats
from app.services.desk import bundled_model, models_dir
from app.services.memory import resident_bytes
from app.services.models import installed_models, resolve_model
from app.storage.database import Database, sqlite_features
from app.storage.documents import DocumentStore
from app.storage.snapshots import SnapshotStore

TEST_TEXT = "Rivers carry water from the mountains to the sea. " * 20
TEST_TOKENS = 16
Facts = dict[str, dict[str, Any]]

_LABELS = {
    "cpus": "processors",
    "fts5": "full-text search",
    "sqlite": "version",
    "mps": "MPS (Apple's GPU)",
    "cuda_devices": "CUDA devices",
    "program_memory_bytes": "memory in use by this program",
    "free_for_models_bytes": "memory free for models",
    "load_seconds": "seconds to load",
    "state_bytes": "size of a saved position in a text",
    "prefill_tokens": "tokens read in the test",
    "prefill_tokens_per_second": "tokens read a second",
    "decode_tokens": "tokens written in the test",
    "decode_tokens_per_second": "tokens written a second",
    "saved_state_goes_on_alike": "a saved state goes on alike",
    "library_bytes": "size of the library",
}
"""What stands on the screen where the name in the JSON would not be plain."""


def run(launch: Launch) -> int:
    """Print the report; exit code 2 when something that the program needs does not work.

    Whatever is broken is a line of the report, never its end.
    """
    problems: list[str] = []
    facts: Facts = {
        "program": {"version": program_version(), "python": platform.python_version()},
        "machine": _machine(),
        "data folder": _data_folder(launch, problems),
        "sqlite": dict(sqlite_features()),
        "models": {
            model.name: str(model.path)
            for model in installed_models(bundled_model(), models_dir(launch.paths, launch.settings))
        },
        **_engine(launch, problems),
    }
    if facts["sqlite"]["fts5"] != "yes":
        problems.append("SQLite has no full-text search (FTS5): `ask` cannot work")
    if launch.options.json:
        print_json(sys.stdout, {**facts, "problems": problems})
    else:
        notes = facts["engine"].pop("notes", [])  # they stand at the end, where eyes are
        for area, values in facts.items():
            sys.stdout.write(f"{area}\n")
            for name, value in values.items():
                label = one_line(_LABELS.get(name) or name.removesuffix("_bytes").replace("_", " "))
                sys.stdout.write(f"  {label}: {_shown(name, value)}\n")
        sys.stdout.write("".join(f"note: {one_line(note)}\n" for note in notes))
        sys.stdout.write("".join(f"problem: {one_line(problem)}\n" for problem in problems) or "all is well\n")
    return 2 if problems else 0


def _machine() -> dict[str, Any]:
    memory = psutil.virtual_memory()
    return {
        "system": platform.platform(terse=True),
        "processor": platform.machine(),
        "cpus": os.cpu_count(),
        "memory_bytes": memory.total,
        "free_memory_bytes": memory.available,
    }


def _data_folder(launch: Launch, problems: list[str]) -> dict[str, Any]:
    paths = launch.paths
    snapshots = SnapshotStore(paths.snapshots, budget_bytes=launch.settings.snapshot_budget_bytes)
    facts: dict[str, Any] = {
        "path": str(paths.root),
        "free_disk_bytes": shutil.disk_usage(paths.root).free,
        "snapshots_bytes": snapshots.total_bytes(),
        "library": "ok",
    }
    try:
        with Database.open(paths.library) as database:
            facts |= {"schema": database.schema_version, **DocumentStore(database).counts()}
        facts["library_bytes"] = paths.library.stat().st_size
    except GriffinDeskError as error:
        facts["library"] = error.message
        problems.append(error.message)
    return facts


def _engine(launch: Launch, problems: list[str]) -> Facts:
    """Load the model, read a little, write a little, save the state and restore it; and what it runs on."""
    began = time.monotonic()
    try:
        loader = launch.start_loading(
            resolve_model(launch.wanted_model, bundled_model(), models_dir(launch.paths, launch.settings))
        )
        generator = loader.result()
        seconds = time.monotonic() - began
        tested = _self_test(generator)
        found = loader.facts()
    except GriffinDeskError as error:
        problems.append(error.message)
        return {"engine": {}}
    except Exception as error:  # a broken installation of torch raises ImportError, OSError, RuntimeError ...
        problems.append(f"the engine does not work: {type(error).__name__}: {error}")
        return {"engine": {}}
    if not tested["saved_state_goes_on_alike"]:
        problems.append("a saved state does not go on as the live one does: interrupted summaries cannot be trusted")

    info = generator.info
    engine = {
        "model": info.name,
        "device": info.device,
        "weight_format": info.weight_format,
        "notes": list(info.notes),
        "load_seconds": round(seconds, 2),
        "state_bytes": info.state_nbytes,
        "program_memory_bytes": resident_bytes(),
        **found["memory"],
        **tested,
    }
    return {"torch": found["torch"], "kernels": found["kernels"], "engine": engine}


def _self_test(generator: TextGenerator) -> dict[str, Any]:
    state = generator.new_state()
    generator.read(state, [*generator.document_prefix(), *generator.tokenize(TEST_TEXT)])
    restored = generator.load_state(generator.save_state(state))
    texts = [
        generator.generate(
            one,
            generator.chat_prompt([Message("user", "What do rivers carry?")], fresh=False),
            sampling=Sampling(),
            max_new_tokens=TEST_TOKENS,
        ).text
        for one in (state, restored)
    ]
    generator.drop(state)
    generator.drop(restored)
    return {**usage_stats(generator.usage), "saved_state_goes_on_alike": texts[0] == texts[1]}


def _shown(name: str, value: object) -> str:
    if name.endswith("_bytes") and isinstance(value, int):
        return size_text(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return one_line(", ".join(f"{key}: {item}" for key, item in value.items()))
    return one_line(str(value))
