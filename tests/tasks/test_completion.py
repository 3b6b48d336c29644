from __future__ import annotations

import re

import pytest

from app.inference.generator import FinishReason, Generation, never
from app.tasks.completion import ANSWER_END, LIST_END, CompletionWatch, completed


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        (" Rivers carry sand.\n- Lakes keep it.\n\nChapter 2", " Rivers carry sand.\n- Lakes keep it."),
        (" Rivers carry sand.\nThe next chapter is about lakes.", " Rivers carry sand."),
        (
            " Rivers carry sand\ndownstream.\n* Lakes keep it.\n# Lakes",
            " Rivers carry sand\ndownstream.\n* Lakes keep it.",
        ),
        (" Rivers carry sand.\n---\n- Lakes", " Rivers carry sand."),
        ("\n\n Rivers carry sand.\n1. Lakes", "\n\n Rivers carry sand."),
        (
            " Rivers carry sand.\n- Lakes keep it.\n- Rivers carry sand.\n- Lakes",
            " Rivers carry sand.\n- Lakes keep it.",
        ),
    ],
)
def test_a_list_ends_where_no_item_follows(written: str, kept: str) -> None:
    """A blank line, a heading, another sort of line, an item that was there already; not a line in lower case."""
    assert completed(written, LIST_END) == (kept, True)


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        (" On page 3.\n\nQuestion: And where?", " On page 3."),
        (" On page 3.\nQuestion: And where?", " On page 3."),
        (" On page 3.\nIt is long.\nAnother Question: where?", " On page 3.\nIt is long."),
        (" On page 3.\n## Bridges", " On page 3."),
    ],
)
def test_an_answer_ends_at_a_blank_line_or_a_label(written: str, kept: str) -> None:
    """Where a base model goes on with a question of its own, or with the next section."""
    assert completed(written, ANSWER_END) == (kept, True)


@pytest.mark.parametrize("end", [LIST_END, ANSWER_END])
@pytest.mark.parametrize("written", ["", " ", "\n\n", " Rivers", " Rivers carry sand.\n", " Rivers carry sand.\n-"])
def test_what_may_go_on_has_no_end(end: re.Pattern[str], written: str) -> None:
    """Nothing yet, a sentence, a line whose next one is not there or not told from an item."""
    assert completed(written, end) == (written, False)


@pytest.mark.parametrize(
    "written",
    [
        " Rivers carry sand.\n- Lakes keep it.\n\nChapter 2\n\nText",
        " One.\n - Two\nand a half.\n-Three.\n* * *\n- Four",
        " Rivers.\n- **Lakes** keep it.\n* **Dams**\n---\n- Four",
        "\n Rivers.\n- Lakes.\n- Rivers.\n- Dams.\nDone",
    ],
)
def test_the_end_is_the_same_however_the_text_arrives(written: str) -> None:
    """Letter by letter the end is found no earlier and no elsewhere than in the whole text."""
    kept, ended = completed(written, LIST_END)
    assert ended
    for length in range(len(written)):
        early, stopped = completed(written[:length], LIST_END)
        assert early == kept if stopped else early == written[:length]


def test_the_writing_is_stopped_once_all_have_ended() -> None:
    """Not before: one that goes on is waited for."""
    watch = CompletionWatch(2, LIST_END, never)
    watch.hear(0, " Rivers carry")
    watch.hear(0, " sand.\n\n")
    assert not watch.cancelled()
    watch.hear(1, " Lakes keep it.\nThe")
    assert watch.cancelled()


def test_the_users_stop_is_heard() -> None:
    """Whatever has been written."""
    assert CompletionWatch(1, LIST_END, lambda: True).cancelled()


def test_only_the_answer_is_shown() -> None:
    """What comes past its end is not passed on, not even from the piece that holds it."""
    shown: list[tuple[int, str]] = []
    watch = CompletionWatch(1, ANSWER_END, never, lambda index, text: shown.append((index, text)))
    for text in (" On", " page 3.\n\nQuestion:", " And where?"):
        watch.hear(0, text)
    assert shown == [(0, " On"), (0, " page 3.")]


def test_an_ended_answer_is_finished() -> None:
    """Stopped at its end it is no cancelled one; without an end it keeps its reason. Narrow lines become one."""
    watch = CompletionWatch(1, LIST_END, never)
    stopped = Generation(" Rivers carry\nsand.\n\nNext", (1, 2), FinishReason.CANCELLED)
    assert watch.cut(stopped) == Generation(" Rivers carry sand.", (1, 2), FinishReason.STOP)
    begun = Generation(" Rivers carry", (1,), FinishReason.LENGTH)
    assert watch.cut(begun) == begun
