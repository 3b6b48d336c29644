"""The rate of a reading."""

from app.ui.models.reading_pace import ReadingPace


def test_the_last_half_minute_counts() -> None:
    """Nothing is told in the first second; what is longer ago than 30 s is left out."""
    pace = ReadingPace()
    assert [pace.rate(0.0, 0), pace.rate(1.0, 100), pace.rate(2.0, 300)] == [0.0, 0.0, 150.0]
    assert pace.rate(32.0, 900) == 600 / 30  # since second 2


def test_a_reading_that_goes_on_from_further_back_begins_anew() -> None:
    """After the worker's death tokens are read once more: no rate below nothing; and so after `clear`."""
    pace = ReadingPace()
    pace.rate(0.0, 1000)
    assert [pace.rate(5.0, 400), pace.rate(10.0, 900)] == [0.0, 100.0]
    pace.clear()
    assert pace.rate(20.0, 5000) == 0.0
