"""Seconds that work really takes on a device, and how often it is repeated."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch


@dataclass(frozen=True, slots=True)
class Budget:
    """How long one figure may take: rounds go on until `seconds` are used up, within `least` and `most` rounds."""

    seconds: float
    least: int = 1
    most: int = 5


def synchronize(device: torch.device) -> None:
    """Wait until the device has done what it was given: a GPU only queues work when it is called."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()


def seconds_of(job: Callable[[], object], device: torch.device) -> float:
    """Seconds from an idle device to an idle device."""
    synchronize(device)
    began = time.perf_counter()
    job()
    synchronize(device)
    return time.perf_counter() - began


def repeat(measure: Callable[[], float], budget: Budget) -> list[float]:
    """Results of `measure`, seconds, of as many rounds as the budget allows."""
    results: list[float] = []
    began = time.perf_counter()
    while len(results) < budget.most:
        used = time.perf_counter() - began
        # The next round is expected to take as long as those so far, with what happens around the clock.
        if len(results) >= budget.least and used + used / len(results) > budget.seconds:
            break
        results.append(measure())
    return results


def median_seconds(job: Callable[[], object], device: torch.device, rounds: int = 5) -> float:
    """Median of several runs after one to warm up."""
    job()
    return statistics.median(seconds_of(job, device) for _ in range(rounds))
