"""How fast each model read on this machine when it was last measured, so that a forecast needs no reading."""

from __future__ import annotations

from app.storage.database import Database


class ReadingRateStore:
    """Reading rates in tokens per second, by model fingerprint."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, fingerprint: str) -> float | None:
        """The rate last remembered for this model, in tokens per second."""
        rows = self._database.rows(
            "SELECT tokens_per_second FROM reading_rates WHERE model_fingerprint = ?", [fingerprint]
        )
        return float(rows[0]["tokens_per_second"]) if rows else None

    def remember(self, fingerprint: str, rate: float, *, now: float) -> None:
        """Keep a measured rate (tokens per second) in place of the model's older one."""
        with self._database.transaction() as db:
            db.execute("INSERT OR REPLACE INTO reading_rates VALUES (?, ?, ?)", [fingerprint, rate, now])
