from __future__ import annotations

from app.storage.database import Database
from app.storage.known_models import KnownModelStore


def test_the_last_info_of_a_signature_is_kept(database: Database) -> None:
    """Unknown files give None; remembering again replaces."""
    store = KnownModelStore(database)
    assert store.find("s") is None
    store.remember("s", "one", now=1.0)
    store.remember("s", "two", now=2.0)
    assert store.find("s") == "two"
