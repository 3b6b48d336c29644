"""Numbers as the window writes them, in the user's locale: counts, rates, sizes, durations."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QLocale

MIB = 2**20
GIB = 2**30


def count_text(count: int) -> str:
    """With separators of thousands: 96,214."""
    return QLocale().toString(count)


def decimal_text(value: float, decimals: int) -> str:
    """With this many decimals: 1,024.50."""
    return QLocale().toString(float(value), "f", decimals)


def rate_text(per_second: float) -> str:
    """Tokens per second without their unit: whole from ten on, with one decimal below, 0 for nothing."""
    return decimal_text(per_second, 1 if 0 < per_second < 9.95 else 0)


def short_rate_text(per_second: float) -> str:
    """For the axis of a plot: 60, 800, 1.5k, 20k."""
    if per_second < 1000:
        return decimal_text(per_second, 0 if per_second >= 1 or per_second == 0 else 1)
    thousands = per_second / 1000
    return f"{decimal_text(thousands, 0 if thousands == int(thousands) else 1)}k"


def size_text(nbytes: float) -> str:
    """30.3 MiB, 812 MiB, 2.31 GiB."""
    if nbytes >= GIB:
        return f"{decimal_text(nbytes / GIB, 2 if nbytes < 100 * GIB else 0)} GiB"
    mebibytes = nbytes / MIB
    return f"{decimal_text(mebibytes, 1 if 0 < mebibytes < 100 else 0)} MiB"


def short_size_text(nbytes: float) -> str:
    """For the axis of a plot: no decimals that are noughts."""
    amount, unit = (nbytes / GIB, "GiB") if nbytes >= GIB else (nbytes / MIB, "MiB")
    return f"{decimal_text(amount, 0 if amount == int(amount) else 1)} {unit}"


def duration_text(seconds: float) -> str:
    """0:31, 12:05, 1 h 05 min."""
    whole = max(0, round(seconds))
    if whole >= 3600:
        text = QCoreApplication.translate("Amounts", "{hours} h {minutes} min")
        return text.format(hours=count_text(whole // 3600), minutes=f"{whole % 3600 // 60:02}")
    return f"{whole // 60}:{whole % 60:02}"


def rough_duration_text(seconds: float) -> str:
    """For what is only about right: 25 s, 12 min, 1 h 05 min."""
    if seconds < 55:
        return QCoreApplication.translate("Amounts", "{seconds} s").format(seconds=max(5, 5 * round(seconds / 5)))
    minutes = round(seconds / 60)
    if minutes >= 60:
        return duration_text(60 * minutes)
    return QCoreApplication.translate("Amounts", "{minutes} min").format(minutes=minutes)
