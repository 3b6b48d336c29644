"""The program on another day: `python -m tests.torture.shifted_program SECONDS COMMAND...`, so many seconds from now.

What it asks Python for the time gets the other one; clocks that only measure how long something takes are left alone,
as they are where somebody sets the clock.
"""

from __future__ import annotations

import datetime
import sys
import time


def shift(seconds: float) -> None:
    """From now on time and date are so much later; call it before anything else is imported."""
    real_time, real_date, real_datetime = time.time, datetime.date, datetime.datetime

    class Date(real_date):
        @classmethod
        def today(cls) -> Date:
            return cls.fromtimestamp(time.time())

    class DateTime(real_datetime):
        @classmethod
        def now(cls, tz: datetime.tzinfo | None = None) -> DateTime:
            return cls.fromtimestamp(time.time(), tz)

    time.time = lambda: real_time() + seconds
    time.time_ns = lambda: int(time.time() * 1e9)
    datetime.date, datetime.datetime = Date, DateTime  # type: ignore[misc]


if __name__ == "__main__":
    shift(float(sys.argv.pop(1)))
    from app.__main__ import main

    sys.exit(main())
