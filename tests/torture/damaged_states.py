"""Damaged saved states, settings, drafts and places of the window: what they cost, and what is said."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from app.core.errors import GriffinDeskError
from app.core.paths import DataPaths
from app.core.settings import Settings, load_settings, save_settings
from app.services.summaries import SummaryResult
from app.storage.database import beside
from app.tasks.model import Style
from app.tasks.summarize import PartDone
from tests.torture.damaged_library import Case, heard
from tests.torture.database_damage import TEXT, damaged
from tests.torture.stored_library import add, copied, desk, generator, talk

QUESTION = "And what else is said?"


@dataclass(frozen=True)
class Begun:
    """A data folder with states: a talk about a document, and a summary that was interrupted."""

    folder: Path
    conversation: str
    answer: str
    """What the talk comes to, when it is gone on with."""
    summary: SummaryResult
    """What the summary comes to."""
    tokens: int
    """Read for both, with states that are sound."""

    @classmethod
    def on(cls, folder: Path, work: Path) -> Begun:
        """Fill an empty folder."""
        DataPaths(folder).create()
        with desk(folder) as made:
            conversation = talk(made, add(made, "told", chapters=8), "What is this?", "Who says so?")
            item = add(made, "read", chapters=8)
            parts = 0
            events = made.services.summaries.run(item, generator(), style=Style.KEY_PASSAGES)
            while parts < 4:
                parts += isinstance(next(events), PartDone)
            events.close()  # type: ignore[attr-defined]
        (folder / "document").unlink()
        answer, summary, tokens = gone_on(copied(folder, work), conversation)
        return cls(folder, conversation, answer, summary, tokens)


def gone_on(folder: Path, conversation_id: str) -> tuple[str, SummaryResult, int]:
    """The next answer of the talk, the whole of the summary, and the tokens that were read for the two."""
    with desk(folder) as made:
        models = generator(), generator()
        conversation = made.talks.open(conversation_id, models[0])
        answer = conversation.say(QUESTION).text
        conversation.close()
        reading = next(row for row in made.services.shelf.documents(None) if "read" in row.path or row.document_id)
        for row in made.services.shelf.documents(None):
            latest = made.services.summaries.latest(row.document_id, row.page_range)
            reading = row if latest is not None and not latest.finished else reading
        item = made.library.by_id(reading.document_id, reading.page_range)
        assert item is not None
        *_, result = made.services.summaries.run(item, models[1], style=Style.KEY_PASSAGES)
        assert isinstance(result, SummaryResult)
        return answer, result, sum(model.usage.prefill_tokens for model in models)


def states_case(begun: Begun, work: Path, seed: int, number: int) -> Case:
    """Damage costs time, never content; the log says why."""
    folder = copied(begun.folder, work)
    states = DataPaths(folder).snapshots
    for ending in ("-wal", "-shm"):
        beside(states, ending).unlink(missing_ok=True)
    name, bytes_ = damaged(states.read_bytes(), seed, number)
    states.write_bytes(bytes_)
    case = Case(name)
    with heard() as lines:
        try:
            answer, summary, tokens = gone_on(folder, begun.conversation)
        except Exception as error:
            case.faults.append(f"{type(error).__name__}: {error}"[:300])
            return case
    case.how = "read again" if tokens > begun.tokens else "state used"
    if answer != begun.answer or (summary.lines, summary.sections) != (begun.summary.lines, begun.summary.sections):
        case.faults.append("another answer, or another summary")
    if tokens > begun.tokens and not any(line.startswith("WARNING") or "no state" in line for line in lines):
        case.faults.append("the log has no reason")
    if leaked := [line for line in lines if "hills to" in line]:
        case.faults.append(f"the log has words of the document: {leaked[0][:120]}")
    return case


# -- small files -----------------------------------------------------------------------------------------------------

_DEEP = 100_000
SMALL: dict[str, Callable[[bytes, random.Random], bytes]] = {
    "bits": lambda data, chance: _flipped(data, chance),
    "cut": lambda data, chance: data[: chance.randrange(len(data))],
    "zeros": lambda data, chance: bytes(len(data)),
    "noise": lambda data, chance: chance.randbytes(200),
    "another file": lambda data, chance: TEXT,
    "brackets without end": lambda data, chance: b"x = " * (b"=" in data) + b"[" * _DEEP,
    "a number without end": lambda data, chance: b"temperature = " * (b"=" in data) + b"9" * 10_000,
}


def _flipped(data: bytes, chance: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.choice((1, 3, 10))):
        changed[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def small_bytes(data: bytes, kind: str, seed: int, number: int) -> tuple[str, bytes]:
    """The damage of this number to a small file, and its name."""
    name = list(SMALL)[number % len(SMALL)]
    return name, SMALL[name](data, random.Random(f"{kind} {seed} {number}"))


def settings_case(folder: Path, seed: int, number: int) -> Case:
    """They are understood, or one sentence names the file; saving changes nothing of what is not understood."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    file = folder / "settings.toml"
    save_settings(file, {"temperature": 0.5, "system_prompt": "Be brief.", "model": "starter", "scheme": "dark"})
    sound = load_settings(file)
    name, bytes_ = small_bytes(file.read_bytes(), "settings", seed, number)
    file.write_bytes(bytes_)
    case = Case(name)
    try:
        case.how = "understood" if load_settings(file) in (sound, Settings()) else "understood otherwise"
    except GriffinDeskError as error:
        case.how = "said"
        if str(file) not in error.message or "\n" in error.message.strip() or len(error.message) > 600:
            case.faults.append(f"not one sentence that names the file: {error.message[:200]!r}")
    except BaseException as error:
        case.faults.append(f"{type(error).__name__}: {str(error)[:200]}")
    try:
        save_settings(file, {"top_k": 5})
    except GriffinDeskError:
        if case.how != "said" or file.read_bytes() != bytes_:
            case.faults.append("saving refused, or changed, what it could not understand")
    except BaseException as error:
        case.faults.append(f"saving: {type(error).__name__}: {str(error)[:200]}")
    return case


def drafts_case(folder: Path, seed: int, number: int) -> Case:
    """Drafts that cannot be understood are kept aside, and new ones are kept again."""
    from app.ui.controllers.drafts import _read, _write

    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    file = folder / "drafts.json"
    sound = {"chat": "What I have not sent yet", "c1": "Öfter."}
    file.write_text(json.dumps(sound, ensure_ascii=False), encoding="utf-8")
    name, bytes_ = small_bytes(file.read_bytes(), "drafts", seed, number)
    file.write_bytes(bytes_)
    case = Case(name)
    try:
        read = _read(file)
        case.how = "understood" if read else "kept aside"
        _write(file, json.dumps({"chat": "new"}).encode())
        if _read(file) != {"chat": "new"}:
            case.faults.append("new drafts are not kept")
    except BaseException as error:
        case.faults.append(f"{type(error).__name__}: {str(error)[:200]}")
        return case
    if not read and bytes_.strip(b"\0 ") not in (b"", b"{}", b"[]"):
        aside = [path.read_bytes() for path in folder.iterdir() if path != file]
        case.faults += [] if bytes_ in aside else ["what could not be understood is lost"]
    return case
