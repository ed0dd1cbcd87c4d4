"""The processor's file stays quick as it grows."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from pathlib import Path

from lodestay.clock import FixedClock
from simulation.processor.bank import Bank
from simulation.processor.store import Store


def test_what_is_due_is_found_by_an_index(tmp_path: Path) -> None:
    """Neither what lapses nor what is looked up by its number walks a table: SQLite says how it would search."""
    path = tmp_path / "processor.sqlite"
    store = Store(path)
    sent: list[str] = []
    store._db.set_trace_callback(sent.append)
    bank = Bank(
        store,
        clock=FixedClock(datetime(2026, 6, 15, tzinfo=UTC)),
        seed=1,
        secret="of a test",
        public_url="https://x.test",
    )
    bank.settle_due()
    bank.look("auth_1")
    store.close()
    with sqlite3.connect(path) as connection:
        asked = {query for query in sent if query.startswith("SELECT") and "FROM authorisations" in query}
        plans = {query: connection.execute(f"EXPLAIN QUERY PLAN {query}").fetchall() for query in asked}
    connection.close()
    assert len(plans) >= 3
    assert all(step[3].startswith(("SEARCH", "USE TEMP")) for plan in plans.values() for step in plan), plans
