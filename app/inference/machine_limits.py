"""Measures what this machine can do with models of each format, on small models of random weights.

Two shapes: a wide one of few layers, where the weights decide, and a narrow one of many, where each layer's own cost
does. Both are written and read by the engine itself, in turn and several times; medians count, so that what else the
machine does now and then is left out. speed.py works out from them how fast any other shape is.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median_low

import numpy as np
import torch

from app.core.errors import GriffinDeskError, UserError
from app.core.threads import usable_cores
from app.inference.bench.griffin_subject import GriffinSubject, synthetic_engine
from app.inference.config import GriffinConfig
from app.inference.device_names import CHUNK_TOKENS
from app.inference.devices import pick_device, slow_formats
from app.inference.formats import SUPPORTED, FormatChoice, refusal
from app.inference.free_memory import total_bytes
from app.inference.limits_file import processor_name, save_limits
from app.inference.presets import PRESETS
from app.inference.speed import FormatLimits, MachineLimits, reading_work, writing_work
from app.inference.weight_format import WeightFormat

log = logging.getLogger(__name__)

_WRITTEN_TOKENS, _READ_S = 5, 0.2
"""In one round: tokens written, each timed by itself, and the time for which chunks are read, one at least."""

_WIDE_LAYERS = {"cpu": 2, "cuda": 6, "mps": 2}
_NARROW_LAYERS = 8
_HEAD_BYTES = 512 << 20
"""Of the wide model's output head: with it, its weights are too many for most caches, at no cost to reading."""
_EMPTY = 1
"""Position of a state whose window counts as empty; there is nothing to go on from at 0."""
_MOST_ROUNDS, _SECONDS = 5, 3.0
"""Of one format's rounds: as many as there is time for, two at least."""
_AT_ONCE = {"cuda": (64, 4)}
"""Tokens written and chunks read in one call where one is too few: on a GPU a call costs more than a token."""


def measure_limits(
    device: str, cache_dir: Path, *, threads: int | None = None, on_progress: Callable[[int, int], None] | None = None
) -> MachineLimits:
    """Measure a device ("auto" for the one that models run on) in 10 to 20 seconds, and keep the result.

    threads: of the CPU, None for as many as the engine takes by itself. on_progress: formats done, formats in all.
    A format for whose small models memory lacks is left out. UserError where the device is not there.
    """
    target = pick_device(device)
    torch.set_num_threads(threads or usable_cores().threads)
    slow = slow_formats(target)
    forms = [form for form in WeightFormat if form in SUPPORTED[target.type]]
    forms = [form for form in forms if refusal(form, target.type, slow) is None]
    found: dict[str, FormatLimits] = {}
    # int8 first: the bytes of an int4 model that stay int8 cost what they do there.
    for done, form in enumerate(sorted(forms, key=lambda form: form is WeightFormat.INT4)):
        if on_progress is not None:
            on_progress(done, len(forms))
        try:
            found[form] = measure_format(form, target, found.get(WeightFormat.INT8), cache_dir)
        except UserError:
            raise
        except GriffinDeskError as error:
            log.warning("%s was not measured: %s", form, error.message)
    name = torch.cuda.get_device_name(target) if target.type == "cuda" else processor_name()
    limits = MachineLimits(target.type, name, total_bytes(target), slow, found)
    save_limits(cache_dir, limits, threads=threads)
    return limits


def probe_configs(form: WeightFormat, device: str) -> tuple[GriffinConfig, GriffinConfig]:
    """The wide and the narrow shape: layers of RecurrentGemma 2B, and layers of a model of a tenth of its size."""
    large = PRESETS["2b"]
    row_bytes = large.width * (1 if form.is_integer else form.activation_bytes)
    # Attention comes last, so that the pattern's end holds one layer of each kind.
    wide = replace(
        large, vocab_size=_HEAD_BYTES // row_bytes, block_types=large.block_types[1 : 1 + _WIDE_LAYERS[device]]
    )
    narrow = replace(
        large,
        vocab_size=4096,
        width=576,
        mlp_width=1536,
        num_heads=9,
        num_kv_heads=3,
        lru_width=864,
        block_types=large.block_types[1 : 1 + _NARROW_LAYERS],
    )
    return wide, narrow


@dataclass(frozen=True, slots=True)
class _Case:
    """A small model far into a text (position None) or at its beginning."""

    config: GriffinConfig
    subject: GriffinSubject
    position: int | None

    def start(self) -> None:
        self.subject.start(self.config.window_tokens if self.position is None else self.position)


def measure_format(
    form: WeightFormat, device: torch.device, int8: FormatLimits | None, cache_dir: Path | None
) -> FormatLimits:
    """What one format costs. int8: that format's costs, for the part of an int4 model that is int8."""
    wide, narrow = (
        (config, GriffinSubject(synthetic_engine(config, FormatChoice(form), device, cache_dir=cache_dir)))
        for config in probe_configs(form, device.type)
    )
    cases = (_Case(*wide, None), _Case(*narrow, None), _Case(*narrow, _EMPTY))
    written, read = _token_and_chunk_seconds(cases, device.type)
    works = [writing_work(case.config, form, position=case.position) for case in cases]
    known = [0.0 if int8 is None else work.int8_bytes * int8.write_byte_s for work in works]
    writing = costs(
        [(work.nbytes + (work.int8_bytes if int8 is None else 0), work.layers, work.keys) for work in works],
        # Noise may make int8's share larger than the whole.
        [max(seconds - part, 0.1 * seconds) for seconds, part in zip(written, known, strict=True)],
    )
    chunk = CHUNK_TOKENS[device.type]
    reading_works = [reading_work(case.config, chunk, position=case.position, device=device.type) for case in cases]
    reading = costs([(work.operations, work.numbers, work.keys) for work in reading_works], read)
    return FormatLimits(*writing, *reading)


def _token_and_chunk_seconds(cases: Sequence[_Case], device: str) -> tuple[list[float], list[float]]:
    """How long each case takes to write a token, and to read a chunk: medians of rounds in which they take turns."""
    chunk, (tokens, chunks) = CHUNK_TOKENS[device], _AT_ONCE.get(device, (1, 1))
    for case in cases:  # the first time compiles, and spreads the threads over the cores
        case.start()
        case.subject.write(tokens)
        case.subject.read(16)
    written: list[list[float]] = [[] for _ in cases]
    read: list[list[float]] = [[] for _ in cases]
    began = time.perf_counter()
    for done in range(_MOST_ROUNDS):
        used = time.perf_counter() - began
        if done >= 2 and used + used / done > _SECONDS:
            break
        for case, token_times, chunk_times in zip(cases, written, read, strict=True):
            case.start()
            token_times += [case.subject.write(tokens) / tokens for _ in range(_WRITTEN_TOKENS)]
            until = time.perf_counter() + _READ_S
            while time.perf_counter() < until:
                case.start()
                chunk_times.append(case.subject.read(chunks * chunk) / chunks)
    return [median_low(times) for times in written], [median_low(times) for times in read]


def costs(counts: Sequence[tuple[float, float, float]], seconds: Sequence[float]) -> tuple[float, float, float]:
    """What one of each kind costs (c), where so many of each take so long: counts @ c = seconds.

    None is negative, and the first is never nothing, whatever noise the times carry: then they agree with the times
    as well as such costs can, in relation to each.
    """
    rows = np.array(counts, float) / np.array(seconds, float)[:, None]
    scale = rows.max(axis=0)
    best, least = np.zeros(3), np.inf
    for kept in ([0, 1, 2], [0, 1], [0, 2], [0]):
        found = np.zeros(3)
        found[kept] = np.linalg.lstsq(rows[:, kept] / scale[kept], np.ones(len(rows)), rcond=None)[0] / scale[kept]
        error = float(np.square(rows @ found - 1.0).sum())
        if (found >= 0.0).all() and found[0] > 0.0 and error < least:
            best, least = found, error
    return float(best[0]), float(best[1]), float(best[2])
