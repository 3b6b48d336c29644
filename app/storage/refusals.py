"""Files that were given to the program and could not be read: kept until they can be, or are taken off the list."""

from __future__ import annotations

from dataclasses import dataclass

from app.storage.database import Database


@dataclass(frozen=True, slots=True)
class Refusal:
    """A file and why it was refused; `code` is that of the error."""

    path: str
    code: str
    message: str
    refused_at: float


class RefusalStore:
    """Refused files in the library database, one row for each path."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, path: str, *, code: str, message: str, now: float) -> None:
        """Note why a file was refused, in place of an earlier reason."""
        with self._database.transaction() as db:
            db.execute("INSERT OR REPLACE INTO refusals VALUES (?, ?, ?, ?)", [path, code, message, now])

    def remove(self, path: str) -> None:
        """The file has been read, or is of no interest any more."""
        with self._database.transaction() as db:
            db.execute("DELETE FROM refusals WHERE path = ?", [path])

    def all(self) -> list[Refusal]:
        """Last refused first."""
        return [
            Refusal(row["path"], row["code"], row["message"], row["refused_at"])
            for row in self._database.rows("SELECT * FROM refusals ORDER BY refused_at DESC, path")
        ]
