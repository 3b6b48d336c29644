"""The real model's process is killed in the middle of things: the work goes on to the same end."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.cli.context import Context, Launch, open_context
from app.cli.parser import parse_command_line
from app.core.paths import DataPaths
from app.core.settings import Settings
from app.services.reading import ReadingDone
from app.services.restarts import Recovered
from app.services.summaries import SummaryResult
from app.tasks.model import Style
from app.tasks.read import PartRead
from app.tasks.summarize import PartDone, ReadProgress
from app.worker.client import EngineClient, ModelSpec


@pytest.fixture(scope="module")
def client(starter_model_path: Path) -> Iterator[EngineClient]:
    client = EngineClient(
        ModelSpec(starter_model_path, "starter", cache_dir=Path(os.environ["GRIFFIN_DESK_CACHE_DIR"]))
    )
    client.start()
    yield client
    client.close()


@pytest.fixture
def context(data_dir: Path) -> Iterator[Context]:
    paths = DataPaths(data_dir)
    paths.create()
    options = parse_command_line(["sessions", "list", "--data-dir", str(data_dir)])
    with open_context(Launch(options, paths, Settings(), time.monotonic(), [])) as opened:
        yield opened


def _kill(client: EngineClient) -> None:
    assert client.pid is not None
    os.kill(client.pid, signal.SIGKILL)


def _texts(result: SummaryResult) -> list[str]:
    return [line.text for section in result.sections for line in section.notes] + [line.text for line in result.lines]


def test_a_summary_outlives_its_worker(context: Context, client: EngineClient, chapters: Path, finished) -> None:
    """Killed while it reads the third section: one line about it, and the summary of an undisturbed run."""
    item = context.desk.library.import_file(chapters)
    parts: list[int] = []
    losses: list[Recovered] = []
    result: SummaryResult | None = None
    for event in context.desk.summaries.run(item, client, style=Style.KEY_PASSAGES):
        if isinstance(event, PartDone):
            parts.append(event.part_index)
        elif isinstance(event, ReadProgress) and len(parts) == 2 and not losses:
            _kill(client)
        elif isinstance(event, Recovered):
            losses.append(event)
        elif isinstance(event, SummaryResult):
            result = event
    assert parts == [0, 1, 2, 3]
    assert len(losses) == 1 and "it was started again" in losses[0].message
    assert result is not None
    printed = finished.printed
    expected = [line["text"] for section in printed["sections"] for line in section["notes"]]
    assert _texts(result) == expected + [line["text"] for line in printed["summary"]]


def test_an_answer_outlives_its_worker(context: Context, client: EngineClient) -> None:
    """Killed in the middle of an answer: it goes on where it was, word for word, and is stored once."""
    shown: list[str] = []
    notices: list[str] = []

    def show(piece: str) -> None:
        shown.append(piece)
        if len(shown) == 4 and not notices:
            _kill(client)

    conversation = context.desk.conversations.open(None, client)
    conversation.say("What do rivers carry?")
    answer = conversation.say("Tell me of three rivers.", on_text=show, on_notice=notices.append)
    assert "".join(shown) == answer.text
    assert len(notices) == 1 and "killed" in notices[0]
    turns = context.desk.conversations.tree(conversation.id).turns
    assert [turn.role for turn in turns] == ["user", "assistant"] * 2
    assert turns[-1].text == answer.text
    conversation.close()


def test_a_document_is_read_once(context: Context, client: EngineClient, chapters: Path) -> None:
    """Killed meanwhile, it is read on from the last section; opened again it costs nothing; talks begin at its end."""
    item = context.desk.library.import_file(chapters)
    killed = False
    for event in context.desk.reading.read(item, client):
        if isinstance(event, PartRead) and event.part_index == 1 and not killed:
            killed = True
            _kill(client)
        elif isinstance(event, ReadingDone):
            position = client.position(event.state)
            client.drop(event.state)
    assert killed
    used = client.usage.prefill_tokens
    (_, done) = context.desk.reading.read(item, client)
    assert isinstance(done, ReadingDone) and client.position(done.state) == position
    client.drop(done.state)
    assert client.usage.prefill_tokens == used
    for question in ("Which rivers?", "Which dams?"):
        talk = context.desk.conversations.open(None, client, item=item)
        assert talk.plan().reading is None
        talk.say(question)
        talk.close()
    assert client.usage.prefill_tokens - used < 200
