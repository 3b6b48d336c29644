"""A model folder -> a model ready to run, with everything that was decided on the way.

The order matters: headers are checked before memory is asked for, and memory before anything large is allocated.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from math import prod
from pathlib import Path

import torch

from app.core.errors import UserError
from app.inference.chat_template import ChatTemplate, load_chat_template
from app.inference.checkpoints import names
from app.inference.checkpoints.builder import build_griffin
from app.inference.checkpoints.names import Layout
from app.inference.checkpoints.registry import open_checkpoint
from app.inference.checkpoints.source import TensorSource
from app.inference.compiled import load_compiled
from app.inference.config import GriffinConfig
from app.inference.cuda.choose import accelerate
from app.inference.device_names import CHUNK_TOKENS
from app.inference.devices import memory_errors, pick_device
from app.inference.dtypes import activation_dtype
from app.inference.fingerprint import fingerprint
from app.inference.fit import DeviceRoom, choose_fit
from app.inference.formats import FALLBACK
from app.inference.free_memory import free_bytes, require_memory, room_of
from app.inference.generator import ModelInfo
from app.inference.griffin import Griffin
from app.inference.host_memory import gibibytes
from app.inference.kernels import PLAIN_KERNELS, KernelChoice, choose_kernels
from app.inference.memory import MemoryNeed, estimate_memory
from app.inference.mps import MpsOps
from app.inference.one_token import token_pass
from app.inference.state import fresh_state
from app.inference.stored_types import format_on_disk
from app.inference.tokenizers.base import Tokenizer, load_tokenizer, require_fit
from app.inference.weight_format import WeightFormat, parse_weight_format

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """What an engine runs. kernels: what the int8 self-test chose, None for other weight formats."""

    model: Griffin
    tokenizer: Tokenizer
    template: ChatTemplate
    info: ModelInfo
    kernels: KernelChoice | None


class Notes:
    """What the user should know about a load that succeeded: each note is logged and kept."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def add(self, note: str | None) -> None:
        """Keep one sentence; None is nothing."""
        if note is not None:
            log.warning("%s", note)
            self.found.append(note)


def load_model(
    path: Path,
    *,
    name: str | None,
    device: str,
    weight_format: str | None,
    cache_dir: Path | None,
) -> LoadedModel:
    """Load a model's folder or file; see Engine.load."""
    rooms = _rooms(device)
    wanted = None if weight_format is None else parse_weight_format(weight_format)
    checkpoint = open_checkpoint(path)
    tokenizer = load_tokenizer(checkpoint.folder)
    require_fit(tokenizer, checkpoint.config.vocab_size)
    template = load_chat_template(checkpoint.folder, tokenizer, name=checkpoint.name)
    notes, stored = Notes(), checkpoint.stored
    mapped = checkpoint.layout is Layout.HUGGINGFACE  # others are turned around tensor by tensor
    fit = choose_fit(checkpoint.config, stored, rooms, {}, device=device, weight_format=wanted, mapped=mapped)
    form, target = WeightFormat(fit.weight_format), torch.device(fit.device)
    for note in (*fit.notes, _rounding_note(form, format_on_disk(stored)), check_room(fit.need, target)):
        notes.add(note)
    built = build_model(
        checkpoint.config, checkpoint.source, form, target, cache_dir, notes, must_be_form=wanted is not None
    )
    return LoadedModel(
        built.model,
        tokenizer,
        template,
        ModelInfo(
            name=name or path.resolve().name,
            path=str(path),
            fingerprint=fingerprint(checkpoint.files, built.form, cache_dir=cache_dir),
            tokenizer_hash=tokenizer.content_hash,
            device=str(target),
            weight_format=str(built.form),
            parameters=sum(prod(shape) for _, shape in names.expected_shapes(checkpoint.config)),
            vocab_size=checkpoint.config.vocab_size,
            window_tokens=checkpoint.config.window_tokens,
            state_nbytes=state_nbytes(built.model),
            is_chat=template.is_chat,
            notes=tuple(notes.found),
        ),
        built.kernels,
    )


def _rooms(device: str) -> list[DeviceRoom]:
    """The devices that may be taken where this one is asked for. UserError where it is not there."""
    target = pick_device(device)
    kinds = {target.type, "cpu"} if device == "auto" else {target.type}
    return [room_of(torch.device(kind)) for kind in sorted(kinds)]


def state_nbytes(model: Griffin) -> int:
    """Bytes of one sequence's state."""
    return fresh_state(model.config, dtype=model.dtype, device="meta").nbytes


def _rounding_note(form: WeightFormat, stored: WeightFormat) -> str | None:
    """What a user of int4 should know who has no int4 files."""
    if form is not WeightFormat.INT4 or stored is WeightFormat.INT4:
        return None
    return (
        "int4 weights are made from the files at every start, each rounded by itself: "
        "`griffin-desk models convert MODEL --to int4 --out FOLDER` makes files that start faster and read text better"
    )


def check_room(need: MemoryNeed, device: torch.device) -> str | None:
    """ResourceError where a model cannot run; a note where only its mapped weights do not all find room.

    Mapped weights never end in a lack of memory: the system drops pages of the file and reads them again, for every
    token if need be.
    """
    require_memory(need.unmapped, device, "the model")
    free = free_bytes(device)
    if need.total <= free:
        return None
    return (
        f"the model needs {gibibytes(need.total)} and {gibibytes(free)} are free: its weights will be read from the "
        "disk again and again, which is slow; close other programs or choose a smaller model"
    )


@dataclass(frozen=True, slots=True)
class BuiltModel:
    """A model with the passes that are best on this machine.

    form: the format that it runs in. kernels: the integer products of the CPU's passes, None for other formats.
    """

    model: Griffin
    form: WeightFormat
    kernels: KernelChoice | None


def build_model(
    config: GriffinConfig,
    source: TensorSource,
    form: WeightFormat,
    device: torch.device,
    cache_dir: Path | None,
    notes: Notes,
    *,
    must_be_form: bool = False,
) -> BuiltModel:
    """The model in a format that the device supports, or in its fallback where the format's kernels fail here.

    must_be_form: the user asks for it: UserError then instead of the fallback.
    """
    with torch.inference_mode(), memory_errors("the model"):
        if device.type == "cuda":
            return _build_on_cuda(config, source, form, device, notes, must_be_form=must_be_form)
        kernels, compiled = None, None
        if device.type == "cpu" and activation_dtype(form) == torch.float32:
            compiled = load_compiled(cache_dir, notes.add)
        if form.is_integer:
            kernels = choose_kernels(config.width, config.mlp_width, compiled, cache_dir=cache_dir)
        ops = MpsOps(activation_dtype(form)) if device.type == "mps" else compiled
        model = build_griffin(config, source, form, device, kernels, ops)
        return BuiltModel(replace(model, token_pass=token_pass(model, kernels)), form, kernels)


def _build_on_cuda(
    config: GriffinConfig,
    source: TensorSource,
    form: WeightFormat,
    device: torch.device,
    notes: Notes,
    *,
    must_be_form: bool,
) -> BuiltModel:
    # Plain torch multiplies integer weights slowly there: good enough to check the kernels against, not to run on.
    kernels = PLAIN_KERNELS if form.is_integer else None
    choice = accelerate(build_griffin(config, source, form, device, kernels))
    if choice.problem is None:
        return BuiltModel(choice.model, form, None)
    if not form.is_integer:
        notes.add(f"plain torch passes run on the GPU, which is slower: {choice.problem}")
        return BuiltModel(choice.model, form, None)
    fallback = FALLBACK[device.type]
    if must_be_form:
        raise UserError(
            f"{form} weights do not run on this GPU ({choice.problem}): choose --weight-format {fallback} or "
            "--device cpu",
            code="weight-format",
        )
    notes.add(f"{form} weights do not run on this GPU: {fallback} is used instead ({choice.problem})")
    del choice  # its weights make room for the others, which are larger
    need = estimate_memory(config, fallback, chunk_tokens=CHUNK_TOKENS[device.type], mapped=False, device=device.type)
    require_memory(need.total, device, f"the model in {fallback}")
    return _build_on_cuda(config, source, fallback, device, notes, must_be_form=False)
