"""How well a model fits a device, and which device and format it takes by itself. No torch here: services ask too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from app.core.errors import UserError
from app.inference.checkpoints import names
from app.inference.config import GriffinConfig
from app.inference.device_names import CHUNK_TOKENS, words_for
from app.inference.formats import FormatChoice, possible_formats, refusal, wished_format
from app.inference.host_memory import RESERVE_BYTES, free_host_bytes, gibibytes, total_host_bytes
from app.inference.memory import MemoryNeed, estimate_memory
from app.inference.speed import MachineLimits, expected_rates
from app.inference.stored_types import format_on_disk
from app.inference.weight_format import WeightFormat

SLACK = 1.15
"""Times its need must be free for a model to fit well: the estimate is good to 15 %."""
SYSTEM_BYTES = 1 << 30
"""What a desktop without any program takes of the machine's memory: no model will ever get that."""


class Verdict(StrEnum):
    """In one word."""

    FITS = "fits"
    TIGHT = "tight"
    """It runs, but slowly or with nothing to spare; or it will, once other programs are closed."""
    NO = "no"


@dataclass(frozen=True, slots=True)
class DeviceRoom:
    """A device's memory. free_bytes: of the machine without the reserve that is left to it (host_memory.py).

    slow_formats: those that it has no instructions for.
    """

    device: str
    total_bytes: int
    free_bytes: int
    slow_formats: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Fit:
    """A model on a device in a format.

    free_bytes: of the device. Rates: of one sequence, tokens per second; None where they are not known or where the
    disk decides. reasons: sentences in plain words, notes among them. notes: those on what is other than asked for or
    stored. measured: whether the reading rate is this model's own and no estimate.
    """

    verdict: Verdict
    device: str
    weight_format: str
    need: MemoryNeed
    free_bytes: int
    read_tokens_per_second: float | None = None
    write_tokens_per_second: float | None = None
    reasons: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    measured: bool = False


def host_room(slow_formats: tuple[str, ...] = ()) -> DeviceRoom:
    """The machine's own memory, as it is just now."""
    return DeviceRoom("cpu", total_host_bytes(), free_host_bytes(), slow_formats)


def all_stored_as(config: GriffinConfig, element_type: str) -> dict[str, str]:
    """Element types of files that hold every tensor in the same one, as published models do (BF16)."""
    return {name: element_type for name, _ in names.expected_shapes(config)}


def estimate_fit(
    config: GriffinConfig,
    form: WeightFormat,
    room: DeviceRoom,
    limits: MachineLimits | None,
    *,
    stored: Mapping[str, str] | None = None,
    mapped: bool = True,
) -> Fit:
    """How a model runs in a given format on a given device. limits: of that device. stored: see estimate_memory.

    mapped: whether the processor uses weights where they lie in the files: in Hugging Face's layout it can.
    """
    in_place = mapped and room.device == "cpu"
    need = estimate_memory(
        config, form, chunk_tokens=CHUNK_TOKENS[room.device], stored=stored, mapped=in_place, device=room.device
    )
    verdict, reason = _verdict(need, room)
    rates = None if limits is None or need.total > room.free_bytes else expected_rates(config, form, limits)
    return Fit(
        verdict=verdict,
        device=room.device,
        weight_format=str(form),
        need=need,
        free_bytes=room.free_bytes,
        read_tokens_per_second=None if rates is None else rates.read,
        write_tokens_per_second=None if rates is None else rates.write,
        reasons=(reason,),
    )


def _verdict(need: MemoryNeed, room: DeviceRoom) -> tuple[Verdict, str]:
    needs = f"needs {gibibytes(need.total)}"
    where = "" if room.device == "cpu" else f" on {words_for(room.device)}"
    free = f"{gibibytes(room.free_bytes)} are free{where}"
    if need.total * SLACK <= room.free_bytes:
        return Verdict.FITS, f"{needs}, {free}"
    if need.total <= room.free_bytes:
        return Verdict.TIGHT, f"{needs}, {free}: little is left for other programs"
    if need.total > room.total_bytes - (SYSTEM_BYTES if room.device == "cpu" else RESERVE_BYTES):
        return Verdict.NO, f"{needs}, {words_for(room.device)} has {gibibytes(room.total_bytes)} in all"
    if need.unmapped <= room.free_bytes:
        return Verdict.TIGHT, (
            f"{needs}, {free}: its weights will be read from the disk again and again, which is slow; "
            "close other programs"
        )
    return Verdict.TIGHT, f"{needs}, {free} of {gibibytes(room.total_bytes)}: close other programs first"


def choose_fit(
    config: GriffinConfig,
    stored: Mapping[str, str],
    rooms: Sequence[DeviceRoom],
    limits: Mapping[str, MachineLimits],
    *,
    device: str = "auto",
    weight_format: WeightFormat | None = None,
    mapped: bool = True,
) -> Fit:
    """What the engine takes by itself: a GPU if the model fits there, else the CPU; the files' format, else a smaller.

    What is asked for is never changed: then the fit says that it does not run, or UserError why it cannot at all.

    Args:
        stored: element type by tensor name, as safetensors writes it.
        rooms: the devices that there are, the CPU among them.
        limits: of each device that was measured, by torch's name of its type.
        device: "auto" or the type that must be taken. weight_format: that must be taken, None for an open choice.
        mapped: see estimate_fit.
    """
    tried = _in_turn(rooms, device, weight_format)
    notes: tuple[str, ...] = ()
    for room in tried:
        fits = []
        for choice in _choices(stored, room, weight_format):
            fit = estimate_fit(config, choice.form, room, limits.get(room.device), stored=stored, mapped=mapped)
            fits.append(replace(fit, notes=() if choice.note is None else (choice.note,)))
        found = next((fit for fit in fits if fit.need.total <= room.free_bytes), None)
        if found is None and room is tried[-1]:
            found = _next_best(fits)
        if found is not None:
            notes += _choice_notes(fits[0], found)
            return replace(found, notes=notes, reasons=(*notes, *found.reasons))
        notes += (_step_aside(fits[-1], tried[-1]),)
    raise UserError(f"device {device!r} was asked for, but there is none: use --device cpu")


def _in_turn(rooms: Sequence[DeviceRoom], device: str, wanted: WeightFormat | None) -> list[DeviceRoom]:
    """The devices to try, the best first; the last one takes the model in any case."""
    if device != "auto":
        return [room for room in rooms if room.device == device]
    # MPS must be asked for: it is written but has not been measured.
    measured = sorted((room for room in rooms if room.device != "mps"), key=lambda room: room.device != "cuda")
    if wanted is None:
        return measured
    return [room for room in measured if refusal(wanted, room.device, room.slow_formats) is None] or measured


def _next_best(fits: Sequence[Fit]) -> Fit:
    """Of those for which memory lacks just now: one whose weights the system can drop and read again, else the least.

    Where the machine could never hold such weights all at once, it would read them for every token: that must be asked
    for. What has no room at all is for the caller to refuse.
    """
    rereading = (fit for fit in fits if fit.need.unmapped <= fit.free_bytes and fit.verdict is not Verdict.NO)
    return next(rereading, fits[-1])


def _choices(stored: Mapping[str, str], room: DeviceRoom, wanted: WeightFormat | None) -> tuple[FormatChoice, ...]:
    if wanted is not None:
        return (wished_format(wanted, room.device, room.slow_formats),)
    return possible_formats(format_on_disk(stored), room.device, room.slow_formats)


def _choice_notes(first: Fit, found: Fit) -> tuple[str, ...]:
    """What is to be said of the choice. first: what would have been taken if there were room for it."""
    if found is first:
        return found.notes
    return (*(found.notes or first.notes), _step_down(first, found))


def _step_down(first: Fit, found: Fit) -> str:
    """Why a smaller format is taken."""
    where = "" if first.device == "cpu" else f" on {words_for(first.device)}"
    return (
        f"{first.weight_format} needs {gibibytes(first.need.total)} and {gibibytes(first.free_bytes)} are free{where}: "
        f"{found.weight_format} is used instead, which needs {gibibytes(found.need.total)} "
        f"(--weight-format {first.weight_format} keeps it)"
    )


def _step_aside(least: Fit, last: DeviceRoom) -> str:
    """Why a device is passed over."""
    return (
        f"the model needs {gibibytes(least.need.total)} in {least.weight_format} and {gibibytes(least.free_bytes)} are "
        f"free on {words_for(least.device)}: it runs on the {'processor' if last.device == 'cpu' else last.device}"
    )
