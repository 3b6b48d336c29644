"""Damaged and hostile model files: `python -m tests.torture models`.

Each is a small sound model that was changed. It is loaded and used as the worker does, and verified, in a process of
its own with bounds on time and memory; some go through the command line too, and with it through a real worker.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tests.torture.hostile_cli import TERMINAL
from tests.torture.hostile_model_case import (
    LOADED,
    MARK,
    REFUSED,
    Case,
    cases_by_area,
    made,
    write_sound,
)
from tests.torture.hostile_model_mutants import mutants
from tests.torture.model_loading import FOUND, LOAD, ORDER, VERIFY, Found, Job
from tests.torture.programs import Ended, Started
from tests.torture.trial import Ground, Row

AIM = "refused by a sentence that names the file or tensor, or harmless; nothing executed, no crash, hang or traceback"
LIMIT_S = 180.0
MOST_GROWN = 1 << 30
"""Bytes that a process may take for a small model; 16 MiB of JSON, the most that is read, take some hundred MiB."""
MOST_SAID = 600
AT_ONCE = 2
COMMANDS = ("verify", "info", "chat")
_ALL_S = 1800.0
_LOOKS = "tests.torture.model_loading"
_WORDS = {
    "safetensors": "safetensors files whose headers lie, and weights that are none",
    "shards": "shards that are missing, cut or elsewhere, and indexes that name anything",
    "configs": "config.json and griffin-desk.json with sizes, types and numbers that make no model",
    "pickles": "pickles, .pt, Flax and Orbax files with code in them, and modules beside a model",
    "tokenizers": "tokenizer.json and tokenizer.model, damaged and hostile",
    "templates": "chat templates that want out, never end, fill the memory or say nothing",
    "places": "pipes, devices, sockets, folders and links in the place of files",
}


@dataclass(slots=True)
class Tally:
    """What came of the models of one area."""

    how: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    largest_bytes: int = 0
    longest_s: float = 0.0

    def add(self, case: Case, found: Found, folder: Path) -> None:
        """One model by one way."""
        self.largest_bytes = max(self.largest_bytes, found.peak_bytes)
        self.longest_s = max(self.longest_s, found.seconds)
        if found.way == LOAD:
            self.how[found.how] += 1
        self.wrong += [f"{case.name} ({found.way}): {fault}" for fault in faults(case, found, folder)]

    def row(self, what: str, count: int) -> Row:
        """The row of the area."""
        shown = ", ".join(f"{number} {how}" for how, number in self.how.most_common())
        executed = sum(MARK in one for one in self.wrong)
        found = (
            f"{shown}; {executed} executed; most memory {self.largest_bytes >> 20} MiB, longest {self.longest_s:.0f} s"
        )
        if self.wrong:
            found += f"; {len(self.wrong)} wrong: " + "; ".join(one[:200] for one in self.wrong[:4])
        figures: dict[str, Any] = {"how": dict(self.how), "wrong": self.wrong[:60], "peak_bytes": self.largest_bytes}
        return Row(f"{count} {what}", AIM, found, bool(count) and not self.wrong, figures)


def run(ground: Ground) -> Iterator[Row]:
    """A row for each area, one for changed bytes anywhere, one for the command line."""
    sound = write_sound(ground.folder / "sound")
    chosen = {area: _some(cases, ground) for area, cases in cases_by_area().items()}
    for area, cases in chosen.items():
        yield tried(cases, sound, ground.folder / area).row(_WORDS[area], len(cases))
    cases = mutants(ground, sound)
    yield tried(cases, sound, ground.folder / "mutants").row(
        "models with bytes or values changed in one of their files", len(cases)
    )
    yield by_command([case for cases in chosen.values() for case in cases if case.by_command], sound, ground)


def _some(cases: list[Case], ground: Ground) -> list[Case]:
    """So many of an area's at this scale, spread over all of them."""
    step = max(1, round(len(cases) / min(len(cases), ground.count(len(cases)))))
    return cases[ground.seed % step :: step]


def tried(cases: Sequence[Case], sound: Path, folder: Path, *, limit_s: float = LIMIT_S) -> Tally:
    """Make the models, look at all of them, and take them away again."""
    folder.mkdir()
    at = {str(made(case, sound, folder / str(n))): (case, folder / str(n)) for n, case in enumerate(cases)}
    if len(at) < len(cases):
        raise ValueError("two cases are one path")
    jobs = [asdict(Job(path, way, limit_s, str(home))) for way in (LOAD, VERIFY) for path, (_, home) in at.items()]
    (folder / ORDER).write_text(json.dumps(jobs), encoding="utf-8")
    ended = Started([_LOOKS, str(folder), str(AT_ONCE)], folder, "looked").end(_ALL_S)
    tally = Tally()
    lines = (folder / FOUND).read_text(encoding="utf-8").splitlines() if (folder / FOUND).is_file() else []
    for line in lines:
        found = Found(**json.loads(line))
        tally.add(at[found.path][0], found, at[found.path][1])
    if ended.code != 0 or len(lines) != len(jobs):
        said = (ended.lines or [""])[-1][:200]
        tally.wrong.append(f"{len(lines)} of {len(jobs)} were looked at, code {ended.code}: {said}")
    return tally


def faults(case: Case, found: Found, folder: Path) -> list[str]:
    """What must not be."""
    wrong = [f"{MARK}: code was executed"] if any(folder.rglob(MARK)) or (folder.parent / MARK).exists() else []
    if found.how not in (REFUSED, LOADED):
        wrong.append(f"{found.how}: {' '.join(found.said.split())[-200:]}")
    elif found.way == LOAD and found.how not in case.may:
        wrong.append(f"{found.how}: {found.said[:150]}")
    if found.peak_bytes > MOST_GROWN:
        wrong.append(f"it took {found.peak_bytes >> 20} MiB")
    if found.how == REFUSED or found.way == VERIFY:
        sentences = [found.said] if found.how == REFUSED else [one for one in found.said.split("\n") if one]
        wrong += [fault for one in sentences for fault in list(_unclear(case, one, found))[:1]]
    return wrong


def _unclear(case: Case, said: str, found: Found) -> Iterator[str]:
    """Why a refusal is no clear sentence that names what is wrong."""
    plain = said.replace(found.path, "")
    if not said.strip() or len(plain) > MOST_SAID:
        yield f"its refusal has {len(plain)} letters: {plain[:80]!r}"
    if TERMINAL.search(said) or "\n" in said:
        yield f"controls or lines in its refusal: {said[:200]!r}"
    if found.how == REFUSED and not any(name in said for name in case.named):
        yield f"its refusal names none of {', '.join(case.named)}: {said[:200]}"


def by_command(cases: Sequence[Case], sound: Path, ground: Ground) -> Row:
    """The command line on some of the models: a result, or one sentence and a code that says so."""
    folder = ground.folder / "commands"
    folder.mkdir()
    at = [(case, made(case, sound, folder / str(n))) for n, case in enumerate(cases)]

    def asked(number: int) -> list[tuple[Case, str, Ended]]:
        case, path = at[number]
        home = folder / f"home{number}"
        words = {"verify": ["models", "verify", str(path)], "info": ["models", "info", str(path)]}
        words["chat"] = ["chat", "--model", str(path)]
        return [
            (case, name, Started(["app", *line], home, name, stdin="Why?\n/quit\n").end(2 * LIMIT_S))
            for name, line in words.items()
            if name in COMMANDS
        ]

    with ThreadPoolExecutor(AT_ONCE) as pool:
        ended = [one for some in pool.map(asked, range(len(at))) for one in some]
    wrong = [f"{case.name} ({name}): {fault}" for case, name, end in ended for fault in command_faults(case, name, end)]
    wrong += [f"{case.name}: {MARK}" for n, (case, _) in enumerate(at) if any((folder / str(n)).rglob(MARK))]
    refusals = sum(end.code not in (0, None) for _, _, end in ended)
    found = f"{refusals} refused, {len(ended) - refusals} done; {len(wrong)} wrong"
    return Row(
        f"{len(ended)} commands (models verify, models info, chat) on {len(cases)} such models",
        "a result, or one line that names what is wrong, and a code that says so; nothing executed",
        found + "".join(f"; {one[:250]}" for one in wrong[:4]),
        bool(ended) and not wrong,
        {"wrong": wrong[:40]},
    )


def command_faults(case: Case, name: str, end: Ended) -> list[str]:
    """What must not be in what a command printed."""
    wrong = [end.problem] if end.problem and name != "verify" else []
    if name == "verify" and (end.code is None or "Traceback" in end.err):
        wrong.append(end.problem)
    if unfit := TERMINAL.search(end.out + end.err):
        wrong.append(f"{unfit[0]!r} in what it printed")
    if name == "chat" and case.may == {REFUSED}:
        if end.code == 0:
            wrong.append("it was loaded")
        elif not any(one in end.err for one in case.named):
            wrong.append(f"none of {', '.join(case.named)} is named: {end.told[:1]}")
    if name == "chat" and case.may == {LOADED} and end.code != 0:
        wrong.append(f"it was refused: {end.told[:1]}")
    return wrong
