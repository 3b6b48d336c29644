"""Days as headings of a list: today, yesterday, a weekday, a date, a month."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from PySide6.QtCore import QCoreApplication, QDate, QLocale

from app.core.text import capitalised

WEEKDAYS_FOR_DAYS = 7
"""So long ago, at the least, a weekday alone would name two days."""
DATES_FOR_DAYS = 31
"""From then on a heading is a whole month."""


@dataclass(frozen=True, slots=True)
class DayGroup:
    """A heading; days with the same `key` stand under the same one."""

    key: str
    title: str


def day_group(day: date, today: date, locale: QLocale | None = None) -> DayGroup:
    """The heading of a day in the user's language; a day to come, by a clock that was wrong, is today."""
    locale = locale or QLocale()
    days_ago = (today - day).days
    if days_ago <= 0:
        return DayGroup(today.isoformat(), QCoreApplication.translate("DayGroup", "Today"))
    if days_ago == 1:
        return DayGroup(day.isoformat(), QCoreApplication.translate("DayGroup", "Yesterday"))
    if days_ago < WEEKDAYS_FOR_DAYS:
        return DayGroup(day.isoformat(), capitalised(locale.standaloneDayName(day.isoweekday())))
    if days_ago < DATES_FOR_DAYS:
        # A pattern of QLocale.toString(); its own long formats have the year and the weekday in them.
        pattern = QCoreApplication.translate("DayGroup", "d MMMM")
        return DayGroup(day.isoformat(), locale.toString(QDate(day.year, day.month, day.day), pattern))
    month = capitalised(locale.standaloneMonthName(day.month))
    title = QCoreApplication.translate("DayGroup", "{month} {year}").format(month=month, year=day.year)
    return DayGroup(f"{day.year:04}-{day.month:02}", title)
