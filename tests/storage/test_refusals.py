from __future__ import annotations

from app.storage.database import Database
from app.storage.refusals import Refusal, RefusalStore


def test_one_reason_for_each_file(database: Database) -> None:
    """Last refused first; refused again, the newer reason stands; taken off, it is gone, and again is no error."""
    store = RefusalStore(database)
    assert store.all() == []
    store.add("/a.pdf", code="password", message="needs a password", now=1.0)
    store.add("/b.pdf", code="damaged", message="is damaged", now=2.0)
    assert [refusal.path for refusal in store.all()] == ["/b.pdf", "/a.pdf"]
    store.add("/a.pdf", code="password", message="wrong password", now=3.0)
    assert store.all() == [
        Refusal("/a.pdf", "password", "wrong password", 3.0),
        Refusal("/b.pdf", "damaged", "is damaged", 2.0),
    ]
    for _ in range(2):
        store.remove("/b.pdf")
    assert [refusal.path for refusal in store.all()] == ["/a.pdf"]


def test_refused_at_once(database: Database) -> None:
    """A folder of files refused in one moment is in order of path."""
    store = RefusalStore(database)
    for path in ("/b.pdf", "/a.pdf"):
        store.add(path, code="damaged", message="", now=1.0)
    assert [refusal.path for refusal in store.all()] == ["/a.pdf", "/b.pdf"]
