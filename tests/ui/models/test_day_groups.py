"""Days as headings."""

from __future__ import annotations

from datetime import date

import pytest
from PySide6.QtCore import QLocale

from app.ui.models.day_groups import day_group

WEDNESDAY = date(2026, 3, 18)


@pytest.mark.parametrize(
    ("day", "heading"),
    [
        (date(2026, 3, 19), "Today"),
        (date(2026, 3, 18), "Today"),
        (date(2026, 3, 17), "Yesterday"),
        (date(2026, 3, 16), "Monday"),
        (date(2026, 3, 12), "Thursday"),
        (date(2026, 3, 11), "11 March"),
        (date(2026, 2, 16), "16 February"),
        (date(2026, 2, 15), "February 2026"),
        (date(2024, 2, 29), "February 2024"),
    ],
)
def test_headings_grow_coarser_with_time(day: date, heading: str) -> None:
    """Days of this week have names, older ones dates, those after a month their month."""
    assert day_group(day, WEDNESDAY, QLocale("en_GB")).title == heading


def test_names_are_the_users() -> None:
    """Weekdays and months come from the locale, as a heading is written."""
    assert day_group(date(2026, 3, 16), WEDNESDAY, QLocale("fr_FR")).title == "Lundi"
    assert day_group(date(2025, 12, 3), WEDNESDAY, QLocale("de_DE")).title == "Dezember 2025"


def test_days_of_a_month_share_a_heading_and_others_do_not() -> None:
    """What has the same key stands together; a weekday is not that of another week."""
    assert day_group(date(2025, 12, 3), WEDNESDAY) == day_group(date(2025, 12, 30), WEDNESDAY)
    assert day_group(date(2026, 3, 16), WEDNESDAY).key != day_group(date(2026, 3, 9), WEDNESDAY).key


def test_a_day_keeps_its_key_when_it_is_over() -> None:
    """What was today is yesterday: the same heading with another name."""
    assert day_group(WEDNESDAY, WEDNESDAY).key == day_group(WEDNESDAY, date(2026, 3, 19)).key
