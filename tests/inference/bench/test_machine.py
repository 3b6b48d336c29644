from __future__ import annotations

import torch

from app.inference.bench.machine import machine


def test_machine_says_where_a_figure_comes_from() -> None:
    """What a reader needs to compare two results is there and has a value."""
    facts = machine()
    assert facts["threads"] == torch.get_num_threads()
    assert facts["torch"] == torch.__version__
    assert facts["memory_bytes"] > 1 << 28
    assert all(facts[name] for name in ("date", "processor", "instructions", "cores", "python"))
