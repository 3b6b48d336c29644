"""The trial of the properties: examples are counted as they ran, and nothing that did not run is called held."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.torture.programs import Ended
from tests.torture.properties import AREAS, Area, Counted, row, tried
from tests.torture.trial import Ground, Row

_HEAD = """
import time
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests.properties.profile import examples
"""
_SOUND = """
@examples(5)
@given(st.integers())
def test_numbers(number):
    assume(number % 2)
    assert number + 1 > number

@examples(5, share=0.5)
@given(st.text())
def test_texts(text):
    assert text + "" == text

def test_of_another_kind():
    assert True
"""
_BROKEN = """
@examples(5)
@given(st.integers())
def test_small(n):
    assert n < 1000, "a number of some size"
"""
_SKIPPED = """
import pytest

@pytest.mark.skip
@examples(5)
@given(st.integers())
def test_left_out(number):
    assert number < 1000
"""
_NO_EXAMPLES = """
@examples(5)
@given(st.integers())
def test_none_is_left(number):
    assume(False)
"""
_ENDLESS = """
@examples(5)
@given(st.integers())
def test_waits(number):
    time.sleep(600)
"""


@pytest.fixture
def judged(tmp_path: Path) -> Callable[..., Row]:
    """The row of an area of which the file has this content."""

    def judge(content: str, limit_s: float = 60.0) -> Row:
        file = tmp_path / "test_area.py"
        file.write_text(_HEAD + content)
        (tmp_path / "ground").mkdir()
        area = Area("area", "anything", 400, file)
        return row(area, tried(area, Ground(tmp_path / "ground", None, scale=0.1), limit_s))

    return judge


def test_examples_are_those_that_ran(judged: Callable[..., Row]) -> None:
    """A tenth of 400 for one property, half of that for the other; what was thrown away is told apart."""
    found = judged(_SOUND)
    assert found.held and found.found == "60 examples of 2 properties; 0 with a counter-example"
    assert found.figures["properties"] == {"test_numbers": 40, "test_texts": 20}
    assert found.figures["thrown_away"] > 0


def test_what_is_wrong_is_named(judged: Callable[..., Row]) -> None:
    """The smallest counter-example and what it led to; a property without an example, and one that did not run."""
    found = judged(_SOUND + _BROKEN + _NO_EXAMPLES + _SKIPPED)
    assert not found.held and "of 5 properties; 1 with a counter-example; test_small: " in found.found
    assert "n=1000" in found.found and "a number of some size" in found.found
    assert "test_none_is_left" in found.found and "test_left_out did not run" in found.found


@pytest.mark.parametrize("content", ["def test_of_another_kind():\n    assert True\n", _SOUND + "import no_such\n"])
def test_an_area_of_which_nothing_ran_is_broken(content: str, judged: Callable[..., Row]) -> None:
    """Tests without examples are none; neither is a file that cannot be imported."""
    found = judged(content)
    assert not found.held and found.found.endswith("of 0 properties; 0 with a counter-example; no property ran")


def test_an_end_that_nobody_explains_is_broken() -> None:
    """All lines are good, and pytest says otherwise."""
    line = {"name": "test_a", "is_property": True, "outcome": "passed", "examples": 9, "thrown_away": 0, "failing": 0}
    area, good = Area("area", "anything", 400, Path("none")), [{**line, "why": ""}]
    assert row(area, Counted(good, Ended(0, "", ""))).held
    assert not row(area, Counted(good, Ended(3, "INTERNALERROR", ""))).held
    assert not row(area, Counted([], Ended(0, "", ""))).held


def test_what_does_not_end_is_ended(judged: Callable[..., Row]) -> None:
    """After the time there is, and said to be broken."""
    found = judged(_ENDLESS, limit_s=3.0)
    assert not found.held and "did not end" in found.found


def test_every_file_of_properties_is_an_area() -> None:
    """None is forgotten, and each name is a file."""
    files = {area.file for area in AREAS}
    assert files == set(AREAS[0].file.parent.glob("test_*.py"))
