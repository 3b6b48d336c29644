from __future__ import annotations

from app.storage.database import Database
from app.storage.reading_rates import ReadingRateStore


def test_the_last_rate_of_a_model_is_kept(database: Database) -> None:
    """Unknown models give None; remembering again replaces; other models keep theirs."""
    store = ReadingRateStore(database)
    assert store.find("f") is None
    store.remember("f", 100.0, now=1.0)
    store.remember("g", 5.5, now=1.0)
    store.remember("f", 200.0, now=2.0)
    assert (store.find("f"), store.find("g")) == (200.0, 5.5)
