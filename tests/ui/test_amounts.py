"""Numbers as the window writes them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QLocale

from app.ui.amounts import (
    count_text,
    duration_text,
    rate_text,
    rough_duration_text,
    short_rate_text,
    short_size_text,
    size_text,
)

MIB, GIB = 2**20, 2**30


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    """Separators are the locale's."""
    before = QLocale()
    QLocale.setDefault(QLocale(QLocale.Language.English, QLocale.Country.UnitedStates))
    yield
    QLocale.setDefault(before)


def test_counts_follow_the_locale() -> None:
    """Thousands are told apart as the user's language does."""
    assert count_text(96214) == "96,214"
    QLocale.setDefault(QLocale(QLocale.Language.German, QLocale.Country.Germany))
    assert count_text(96214) == "96.214"
    assert size_text(2.5 * GIB) == "2,50 GiB"


@pytest.mark.parametrize(
    ("rate", "expected"), [(0, "0"), (0.42, "0.4"), (9.94, "9.9"), (9.96, "10"), (61.2, "61"), (1234.4, "1,234")]
)
def test_rates(rate: float, expected: str) -> None:
    """One decimal only where it says something."""
    assert rate_text(rate) == expected


@pytest.mark.parametrize(
    ("rate", "expected"), [(0, "0"), (0.5, "0.5"), (80, "80"), (1000, "1k"), (1500, "1.5k"), (20000, "20k")]
)
def test_rates_at_an_axis(rate: float, expected: str) -> None:
    """Thousands are a k."""
    assert short_rate_text(rate) == expected


@pytest.mark.parametrize(
    ("nbytes", "expected"),
    [(0, "0 MiB"), (31_800_000, "30.3 MiB"), (812 * MIB, "812 MiB"), (2.31 * GIB, "2.31 GiB"), (141 * GIB, "141 GiB")],
)
def test_sizes(nbytes: float, expected: str) -> None:
    """Three figures are enough."""
    assert size_text(nbytes) == expected


def test_sizes_at_an_axis() -> None:
    """No decimals that are noughts."""
    assert [short_size_text(size) for size in (40 * MIB, 3 * GIB, 1.5 * GIB)] == ["40 MiB", "3 GiB", "1.5 GiB"]


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(-1, "0:00"), (31.4, "0:31"), (725, "12:05"), (3599.6, "1 h 00 min"), (3900, "1 h 05 min")],
)
def test_durations(seconds: float, expected: str) -> None:
    """Minutes and seconds, from an hour on hours and minutes."""
    assert duration_text(seconds) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0, "5 s"),
        (33, "35 s"),
        (54.9, "55 s"),
        (55, "1 min"),
        (725, "12 min"),
        (3590, "1 h 00 min"),
        (3900, "1 h 05 min"),
    ],
)
def test_rough_durations(seconds: float, expected: str) -> None:
    """No finer than they are known."""
    assert rough_duration_text(seconds) == expected
