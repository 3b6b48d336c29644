from __future__ import annotations

import json

import pytest

from app.core.text import begun_as_sentence, clean, clock_text, folded, json_text, mebibytes, one_line, size_text


def test_the_name_of_a_file_keeps_its_letters() -> None:
    """At a sentence's beginning other words get a capital."""
    assert begun_as_sentence("the disk is full") == "The disk is full"
    assert begun_as_sentence("paper.pdf is damaged") == "paper.pdf is damaged"
    assert begun_as_sentence("blocks.0.weight has a shape") == "blocks.0.weight has a shape"
    assert begun_as_sentence("stop.") == "Stop."


def test_control_characters_are_left_out() -> None:
    """Escape sequences of a document cannot steer the terminal; line ends and tabs stay."""
    assert clean("a\x1b[31mb\x07\x9b\u0085c\n\td é 中") == "a[31mbc\n\td é 中"
    assert one_line("a\n\n  b\tc ") == "a b c"


def test_sizes_in_words() -> None:
    """In MiB with one decimal; a size of many MiB in GiB."""
    assert mebibytes(1536 * 2**20 + 2**19) == "1,536.5 MiB"
    assert size_text(1023 * 2**20) == "1,023.0 MiB"
    assert size_text(1536 * 2**20) == "1.5 GiB"


def test_json_is_plain_text() -> None:
    """It parses back whatever characters it holds, ends its line, and no terminal obeys anything in it."""
    value = {"a": "é\u2028\x1b[2J\x7f\x9b2J", "b": [1, None]}
    text = json_text(value)
    assert json.loads(text) == value and text.endswith("}\n")
    assert clean(text) == text and "é" in text


@pytest.mark.parametrize(
    ("text", "expected"), [("RIVERS", "rivers"), ("Élan", "elan"), ("Straße", "strasse"), ("ﬁne", "fine"), ("", "")]
)
def test_folded(text: str, expected: str) -> None:
    """Neither case nor accents are left, and ligatures are letters."""
    assert folded(text) == expected


def test_durations_as_a_clock_shows_them() -> None:
    """Minutes and seconds, and hours where there are any."""
    assert [clock_text(seconds) for seconds in (0.4, 59.6, 125, 3725)] == ["0:00", "1:00", "2:05", "1:02:05"]


def test_turned_directions() -> None:
    """A name cannot be made to look like another one; in JSON it is kept whole, as an escape."""
    assert one_line("a\u202efdp.exe\u2066") == "afdp.exe"
    assert json_text({"name": "a\u202eb"}) == '{\n  "name": "a\\u202eb"\n}\n'
