"""`griffin-desk doctor`: what this machine has, whether the installation is sound, and a real test of the engine."""

from __future__ import annotations

import os
import platform
import shutil
import sys
import time
from typing import Any

import psutil

from app.cli.context import Context
from app.cli.engine import EngineLoader
from app.cli.output import one_line, print_json
from app.cli.parser import program_version
from app.cli.render import mebibytes
from app.core.errors import GriffinDeskError
from app.inference.generator import Message, Sampling, TextGenerator
from app.storage.database import sqlite_features

TEST_TEXT = "Rivers carry water from the mountains to the sea. " * 20
TEST_TOKENS = 16
Facts = dict[str, dict[str, Any]]


def run(context: Context) -> int:
    """Print the report; exit code 2 when something that the program needs does not work."""
    facts: Facts = {
        "program": {"version": program_version(), "python": platform.python_version()},
        "machine": _machine(),
        "data folder": _data_folder(context),
        "sqlite": dict(sqlite_features()),
        "models": {model.name: str(model.path) for model in context.models.installed()},
    }
    problems: list[str] = []
    if facts["data folder"]["library"] != "ok":
        problems.append(f"the library is damaged: {facts['data folder']['library']}")
    if facts["sqlite"]["fts5"] != "yes":
        problems.append("SQLite has no full-text search (FTS5): `ask` cannot work")
    try:
        facts["engine"] = _engine(context)
    except GriffinDeskError as error:
        problems.append(error.message)
    if context.options.json:
        print_json(sys.stdout, {**facts, "problems": problems})
    else:
        for area, values in facts.items():
            sys.stdout.write(f"{area}\n")
            for name, value in values.items():
                sys.stdout.write(f"  {name.removesuffix('_bytes').replace('_', ' ')}: {_shown(name, value)}\n")
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


def _data_folder(context: Context) -> dict[str, Any]:
    return {
        "path": str(context.paths.root),
        "free_disk_bytes": shutil.disk_usage(context.paths.root).free,
        "library": context.database.integrity(),
        "schema": context.database.schema_version,
        "library_bytes": context.paths.library.stat().st_size,
        "snapshots_bytes": context.snapshots.total_bytes(),
        **context.documents.counts(),
    }


def _engine(context: Context) -> dict[str, Any]:
    """Load the model, read a little, write a little, save the state and restore it."""
    loader: EngineLoader = context.start_loading(context.resolve_model())
    began = time.monotonic()
    generator = loader.result()
    seconds = time.monotonic() - began

    import torch  # loaded by now

    info = generator.info
    return {
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "cuda_devices": torch.cuda.device_count(),
        "mps": torch.backends.mps.is_available(),
        "model": info.name,
        "device": info.device,
        "weight_format": info.weight_format,
        "kernels": loader.kernels(),
        "load_seconds": round(seconds, 2),
        "state_bytes": info.state_nbytes,
        **_self_test(generator),
    }


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
    usage = generator.usage
    return {
        "prefill_tokens_per_second": round(usage.prefill_tokens / usage.prefill_seconds, 1),
        "decode_tokens_per_second": round(usage.decode_tokens / usage.decode_seconds, 1),
        "saved_state_goes_on_alike": texts[0] == texts[1],
    }


def _shown(name: str, value: object) -> str:
    if name.endswith("_bytes") and isinstance(value, int):
        return mebibytes(value)
    return one_line(str(value))
