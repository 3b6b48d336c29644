"""The machine as far as it bears on speed: what stands beside every figure."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from typing import Any

import psutil
import torch

from app.inference.limits_file import processor_name


def machine() -> dict[str, Any]:
    """Processor, GPU, versions. `load` is what else was running (one-minute average) at the start."""
    facts: dict[str, Any] = {
        "date": datetime.now(UTC).date().isoformat(),
        "processor": processor_name(),
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "memory_bytes": psutil.virtual_memory().total,
        "load": round(psutil.getloadavg()[0], 2),
        "python": platform.python_version(),
        "torch": torch.__version__,
    }
    if torch.cuda.is_available():
        properties = torch.cuda.get_device_properties(0)
        facts |= {"gpu": properties.name, "gpu_memory_bytes": properties.total_memory}
    return facts
