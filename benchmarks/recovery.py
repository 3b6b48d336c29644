"""Killed at random moments: is anything lost, doubled or read twice?

    python -m benchmarks.recovery [FILE] [--kills 50] [--seed 1] [--part worker|program]

worker: the inference worker is killed (SIGKILL) while a summary of FILE is made and while answers are written. The work
must go on by itself to the result of an undisturbed run; at most one section is read twice; no turn is lost or doubled.

program: the whole program is killed while it summarises FILE and while it talks; its worker has to end by itself. The
library must pass SQLite's integrity_check, and every section and turn that had been confirmed must be there.

With the starter model, in a data folder of its own. Writes benchmarks/results/recovery.json.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.cli.context import Context, Launch, open_context
from app.cli.parser import parse_command_line
from app.core.paths import CACHE_DIR_VARIABLE, DataPaths, cache_dir
from app.core.settings import Settings
from app.core.threads import wait_passively
from app.inference.bench.machine import machine
from app.services.bookmarks import document_stream
from app.services.library import LibraryDocument
from app.services.restarts import Recovered
from app.services.summaries import SummaryResult
from app.tasks.feeds import reading_plan
from app.tasks.model import Style
from app.tasks.summarize import ReadProgress
from app.worker.client import EngineClient, ModelSpec
from benchmarks.report import RESULTS, ROOT, STARTER, keep_part

RESULT = RESULTS / "recovery.json"
SAMPLE = ROOT / "resources" / "sample" / "forests-and-waters.pdf"
QUESTIONS = ("What do rivers carry?", "Name three uses of water.", "Why do forests matter?", "Tell me a short story.")
FEED_TOKENS = 512
"""Tokens read in one go at most, up to the end of a sentence."""
TURNS_PER_CONVERSATION = 6
LONGEST_WAIT_S = 5.0
_WAIT_S = 300.0


class Killer:
    """Kills a client's worker once, some time after `arm`: longest_s at the most.

    That must be long enough for a part to be done now and then: work that is lost six times without any is given up.
    """

    def __init__(
        self, client: EngineClient, source: random.Random, limit: int, longest_s: float = LONGEST_WAIT_S
    ) -> None:
        self._client = client
        self._source = source
        self._limit = limit
        self._longest_s = longest_s
        self._armed: threading.Timer | None = None
        self.kills = 0

    def arm(self) -> None:
        """Draw a moment, unless one is drawn already or all kills are done."""
        if self._armed is None and self.kills < self._limit:
            self._armed = threading.Timer(self._source.uniform(0.0, self._longest_s), self._kill)
            self._armed.start()

    def disarm(self) -> None:
        """No kill for now."""
        if self._armed is not None:
            self._armed.cancel()
            self._armed.join()
            self._armed = None

    def _kill(self) -> None:
        if (pid := self._client.pid) is not None:
            self.kills += 1
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._armed = None


@contextmanager
def desk(folder: Path) -> Iterator[tuple[Context, EngineClient]]:
    """The program's services on a data folder, and the starter model in a worker."""
    paths = DataPaths(folder)
    paths.create()
    options = parse_command_line(["sessions", "list", "--data-dir", str(folder)])
    client = EngineClient(ModelSpec(STARTER, "starter", cache_dir=cache_dir(paths, os.environ)))
    client.start()
    try:
        with open_context(Launch(options, paths, Settings(), time.monotonic(), [])) as context:
            yield context, client
    finally:
        client.close()


@dataclass
class Watched:
    """One summary: its result, and of each loss the tokens of the document that had to be read again."""

    result: SummaryResult | None = None
    read_twice: list[int] = field(default_factory=list)


def summary(context: Context, client: EngineClient, item: LibraryDocument, killer: Killer | None) -> Watched:
    """One summary to its end; the killer, where there is one, is armed whenever something is read."""
    found, done, lost_at = Watched(), 0, None
    for event in context.desk.summaries.run(item, client, style=Style.KEY_PASSAGES, fresh=True):
        if isinstance(event, Recovered):
            lost_at = done
        elif isinstance(event, ReadProgress):
            if lost_at is not None:
                # What was read since it went on is one feed.
                found.read_twice.append(max(0, lost_at - (event.tokens_done - FEED_TOKENS)))
                lost_at = None
            done = event.tokens_done
            if killer is not None:
                killer.arm()
        elif isinstance(event, SummaryResult):
            found.result = event
    if killer is not None:
        killer.disarm()
    return found


def worker_part(file: Path, kills: int, seed: int) -> dict[str, Any]:
    """Half of the kills while reading, half while answering."""
    source = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder, desk(Path(folder)) as (context, client):
        item = context.desk.library.import_file(file)
        expected = summary(context, client, item, None).result
        assert expected is not None
        longest = max(part.tokens for part in reading_plan(item.document, client)[0])
        reading = Killer(client, source, kills // 2)
        same, rounds = 0, 0
        read_twice: list[int] = []
        while reading.kills < kills // 2:
            context.desk.states.forget(document_stream(item))
            found = summary(context, client, item, reading)
            result = found.result
            rounds += 1
            read_twice += found.read_twice
            same += result is not None and (result.lines, result.sections) == (expected.lines, expected.sections)
            print(f"  {reading.kills} kills while reading, {rounds} summaries, {same} as undisturbed", flush=True)
        talking = talk(context, client, source, kills - kills // 2)
    return {
        "file": file.name,
        "kills_while_reading": reading.kills,
        "summaries": rounds,
        "summaries_as_undisturbed": same,
        "longest_section_tokens": longest,
        "most_tokens_read_twice": max(read_twice),
        "median_tokens_read_twice": statistics.median(read_twice),
        **talking,
    }


def talk(context: Context, client: EngineClient, source: random.Random, kills: int) -> dict[str, Any]:
    """Conversations under fire; every turn said must be stored once, with the answer that was returned."""
    killer = Killer(client, source, kills, longest_s=3.0)
    said, wrong, answers = 0, 0, 0
    while killer.kills < kills:
        conversation = context.desk.conversations.open(None, client)
        expected: list[tuple[str, str]] = []
        shown: list[str] = []
        for number in range(TURNS_PER_CONVERSATION):
            question = QUESTIONS[(said + number) % len(QUESTIONS)]
            shown.clear()
            killer.arm()
            answer = conversation.say(question, on_text=shown.append)
            expected += [("user", question), ("assistant", answer.text)]
            wrong += "".join(shown) != answer.text
            answers += 1
        killer.disarm()
        conversation.close()
        said += TURNS_PER_CONVERSATION
        tree = context.desk.conversations.tree(conversation.id)
        wrong += [(turn.role, turn.text) for turn in tree.turns] != expected
        print(f"  {killer.kills} kills while answering, {answers} answers, {wrong} wrong", flush=True)
    return {"kills_while_answering": killer.kills, "answers": answers, "lost_doubled_or_shown_otherwise": wrong}


def program_part(file: Path, kills: int, seed: int) -> dict[str, Any]:
    """The program as a user starts it, killed with its whole process group."""
    source = random.Random(seed)
    sound, confirmed_turns, missing, sections = 0, 0, 0, 0
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        for number in range(kills):
            if number % 2:
                said = killed_talk(data, source)
                confirmed_turns += len(said)
                missing += missing_turns(data, said)
            else:
                before = written_sections(data)
                killed_summary(data, file, source)
                after = written_sections(data)
                missing += not before <= after
                sections = max(sections, len(after))
            with closing(sqlite3.connect(data / "library.sqlite")) as db:
                sound += db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
            print(f"  {number + 1} kills, {sound} sound; {confirmed_turns} turns, {missing} missing", flush=True)
    return {
        "file": file.name,
        "kills": kills,
        "integrity_check_ok": sound,
        "confirmed_turns": confirmed_turns,
        "sections_written": sections,
        "confirmed_and_missing": missing,
    }


def _start(*command: str) -> subprocess.Popen[str]:
    cache = os.environ.get(CACHE_DIR_VARIABLE) or str(cache_dir(DataPaths(Path()), os.environ))
    return subprocess.Popen(
        [sys.executable, "-m", *command],
        cwd=ROOT,
        env={**os.environ, CACHE_DIR_VARIABLE: cache},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def talk_until_killed(data: Path) -> None:
    """The program that `program` kills: each turn is printed as one line of JSON once `say` has confirmed it."""
    with desk(data) as (context, client):
        while True:
            conversation = context.desk.conversations.open(None, client)
            for number in range(TURNS_PER_CONVERSATION):
                question = QUESTIONS[number % len(QUESTIONS)]
                answer = conversation.say(question)
                print(json.dumps([conversation.id, conversation.tip, question, answer.text]), flush=True)
            conversation.close()


def killed_talk(data: Path, source: random.Random) -> list[list[Any]]:
    """The turns that the program had confirmed when it was killed."""
    program = _start("benchmarks.recovery", "--talk", str(data))
    assert program.stdout is not None
    time.sleep(source.uniform(2.0, 20.0))
    program.kill()
    lines = program.stdout.read().splitlines(keepends=True)
    program.wait()
    return [json.loads(line) for line in lines if line.endswith("\n")]


def missing_turns(data: Path, said: list[list[Any]]) -> int:
    """Confirmed turns that are not stored, once, as they were told."""
    with closing(sqlite3.connect(data / "library.sqlite")) as db:
        stored = db.execute(
            "SELECT a.conversation_id, a.id, q.text, a.text FROM turns a JOIN turns q ON q.id = a.parent_id"
            " WHERE a.role = 'assistant'"
        ).fetchall()
    return sum(stored.count(tuple(turn)) != 1 for turn in said)


def killed_summary(data: Path, file: Path, source: random.Random) -> None:
    """Summarise until the program is killed."""
    program = _start("app", "summarize", str(file), "--data-dir", str(data))
    time.sleep(source.uniform(1.0, 15.0))
    program.kill()
    program.communicate()


def written_sections(data: Path) -> set[tuple[str, int, str]]:
    """All sections on disk with their notes."""
    library = data / "library.sqlite"
    if not library.exists():
        return set()
    with closing(sqlite3.connect(library)) as db:
        try:
            return set(db.execute("SELECT summary_id, position, notes FROM summary_parts").fetchall())
        except sqlite3.OperationalError:  # killed before the first migration
            return set()


PARTS = {"worker": worker_part, "program": program_part}


def main() -> None:
    """Run the parts that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, nargs="?", default=SAMPLE)
    parser.add_argument("--part", choices=PARTS, action="append")
    parser.add_argument("--talk", type=Path, metavar="FOLDER", help=argparse.SUPPRESS)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    wait_passively(os.environ)
    if options.talk is not None:
        talk_until_killed(options.talk)
    for name in options.part or PARTS:
        print(name, flush=True)
        found = PARTS[name](options.file.resolve(), options.kills, options.seed)
        keep_part(RESULT, name, {"machine": machine(), **found}, PARTS)
        print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
