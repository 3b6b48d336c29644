from __future__ import annotations

import os
import signal

import pytest

from app.cli.answering import AnswerPrinter
from app.inference.generator import FinishReason, Generation

WRITTEN = Generation("Water.", (1, 2), FinishReason.STOP)


def test_text_as_it_comes(capsys) -> None:
    """Pieces on standard output without control characters, notes on standard error, one line end after the last."""

    def ask(*, on_text, on_notice, cancelled) -> Generation:
        on_text("Wat\x1b[2J")
        assert capsys.readouterr().out == "Wat[2J"
        on_notice("1 turn is\nread again")
        on_text("er.")
        return WRITTEN

    assert AnswerPrinter(stream=True)(ask) is WRITTEN
    assert capsys.readouterr() == ("er.\n", "note: 1 turn is read again\n")


def test_nothing_is_shown_where_the_output_is_json(capsys) -> None:
    """The caller prints the answer."""

    def ask(*, on_text, on_notice, cancelled) -> Generation:
        assert on_text is None
        return WRITTEN

    AnswerPrinter(stream=False)(ask)
    assert capsys.readouterr() == ("", "")


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_the_first_ctrl_c_stops_the_answer(capsys) -> None:
    """Before its first word the question stays without one, and how to get one is told; the old handler is back."""
    before = signal.getsignal(signal.SIGINT)

    def ask(*, on_text, on_notice, cancelled) -> Generation:
        assert not cancelled()
        os.kill(os.getpid(), signal.SIGINT)
        assert cancelled()
        return Generation("", (), FinishReason.CANCELLED)

    AnswerPrinter(stream=True)(ask)
    assert capsys.readouterr() == (
        "",
        "note: stopped before the first word: the question is kept, /regenerate answers it\n",
    )
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_the_second_ctrl_c_ends_the_conversation() -> None:
    """It is what it is everywhere else."""
    before = signal.getsignal(signal.SIGINT)

    def ask(*, on_text, on_notice, cancelled) -> Generation:
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)
        raise AssertionError("not interrupted")

    with pytest.raises(KeyboardInterrupt):
        AnswerPrinter(stream=True)(ask)
    assert signal.getsignal(signal.SIGINT) is before
