"""What a loaded engine runs on, for `griffin-desk doctor`."""

from __future__ import annotations

from typing import Any

import torch

from app.core.threads import usable_cores
from app.inference.engine import Engine
from app.inference.free_memory import free_bytes
from app.inference.kernel_report import kernel_report


def inspect(engine: Engine) -> dict[str, dict[str, Any]]:
    """torch and its threads, the kernels that the self-tests chose and turned down, memory free for models (bytes)."""
    threads, cores = torch.get_num_threads(), usable_cores()
    return {
        "torch": {
            "version": torch.__version__,
            "threads": threads,
            "threads_reason": cores.reason if threads == cores.threads else f"as asked for; {cores.reason}",
            "instructions": torch.backends.cpu.get_cpu_capability(),
            "cuda_devices": torch.cuda.device_count(),
            "mps": torch.backends.mps.is_available(),
        },
        "kernels": kernel_report(engine.model.ops, engine.kernels),
        "memory": {"free_for_models_bytes": free_bytes(engine.model.device)},
    }
