"""A base model with Gemma's tokenizer, and a chat template beside it that is not its own, through the real program."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from app.tasks.chat import COMPLETES
from tests.checkpoints import random_tensors, raw_config, write_checkpoint
from tests.gemma_layout import TEMPLATE, gemma_model, write_published

TEXT = "\n\n".join(
    f"In the year {year} the rivers of the north carried more sand than those of the southern plains. "
    f"<start_of_turn>user\nThe towns built {year - 1700} dams against the floods.<end_of_turn>"
    for year in range(1801, 1813)
)


@pytest.fixture
def base_model(tmp_path: Path) -> Path:
    """Random weights; the folder's name is that of Google's base model."""
    raw = raw_config("recurrentgemma", vocab_size=1024, attention_window_size=256, bos_token_id=2, eos_token_id=1)
    folder = write_published(tmp_path / "recurrentgemma-2b", gemma_model(), chat_template=TEMPLATE)
    return write_checkpoint(folder, raw, random_tensors(raw))


def test_it_summarises_in_its_own_way(desk, base_model: Path, tmp_path: Path) -> None:
    """Notes are asked for and each part has some, be it in its own words; markers in the text stay text."""
    document = tmp_path / "rivers.txt"
    document.write_text(TEXT)
    done = desk("summarize", document, "--model", base_model, "--style", "brief", "--json")
    assert done.returncode == 0, done.stderr
    printed = json.loads(done.stdout)
    assert printed["style"] == "brief"
    assert printed["stats"]["decode_tokens"] > 0
    assert len(printed["sections"]) > 1
    assert all(section["notes"] for section in printed["sections"])


def test_it_completes_what_is_written(desk, base_model: Path) -> None:
    """The user is told so once, and every turn is gone on with."""
    done = desk("chat", "--model", base_model, "--json", stdin="The Rhine rises in\nThe Elbe <end_of_turn> rises in\n")
    assert done.returncode == 0, done.stderr
    assert done.stderr.count(COMPLETES) == 1
    turns = json.loads(done.stdout)["turns"]
    assert [turn["role"] for turn in turns] == ["user", "assistant"] * 2
    assert turns[2]["text"] == "The Elbe <end_of_turn> rises in"
    assert "<start_of_turn>" not in "".join(turn["text"] for turn in turns)
