"""The processes behind the window and the commands are killed, stopped, starved and left without memory."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator

from app.tasks.feeds import reading_plan
from benchmarks.recovery import LONGEST_WAIT_S, SAMPLE, Killer, desk, summary, talk
from tests.torture.reader_faults import readers, renderers
from tests.torture.trial import Ground, Row
from tests.torture.worker_desk import document_stream
from tests.torture.worker_hangs import deadlocked, hung, slow
from tests.torture.worker_memory import memory

KILLS = 50


def run(ground: Ground) -> Iterator[Row]:
    """All of it, with the starter model."""
    yield from killed(ground)
    yield from hung(ground)
    yield from deadlocked(ground)
    yield from slow(ground)
    yield from memory(ground)
    yield from readers(ground)
    yield from renderers(ground)


def killed(ground: Ground) -> Iterator[Row]:
    """SIGKILL at random moments, half of them while a document is read, half while answers are written."""
    source = random.Random(ground.seed)
    kills = max(2, ground.count(KILLS))
    folder = ground.folder / "killed"
    folder.mkdir()
    with desk(folder) as (context, client):
        item = context.desk.library.import_file(SAMPLE)
        began = time.monotonic()
        expected = summary(context, client, item, None).result
        took = time.monotonic() - began
        assert expected is not None
        parts = [part.tokens for part in reading_plan(item.document, client)[0]]
        longest = max(parts)
        # By this machine's speed today: each part must have its chance.
        reading = Killer(client, source, kills // 2, longest_s=max(LONGEST_WAIT_S, 2 * took / len(parts)))
        rounds, same = 0, 0
        read_twice: list[int] = []
        while reading.kills < kills // 2:
            context.desk.states.forget(document_stream(item))
            found = summary(context, client, item, reading)
            rounds += 1
            read_twice += found.read_twice
            result = found.result
            same += result is not None and (result.lines, result.sections) == (expected.lines, expected.sections)
            ground.say(f"{reading.kills} kills while reading")
        said = talk(context, client, source, kills - kills // 2)
    wrong = said["lost_doubled_or_shown_otherwise"]
    twice = max(read_twice, default=0)
    yield Row(
        what=f"the worker killed {kills} times at random moments of reading and writing",
        aim="no turn lost or doubled, the undisturbed result, at most one section read twice",
        found=f"{wrong} of {said['answers']} answers wrong; {same} of {rounds} summaries as undisturbed; at most "
        f"{twice} tokens read twice, the longest section has {longest}",
        held=wrong == 0 and same == rounds and twice <= longest,
        figures={"kills": kills, "summaries": rounds, "most_read_twice": twice, **said},
    )
