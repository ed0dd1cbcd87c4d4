"""The processor's file: everything it has acknowledged, in SQLite.

An operation, what it did and the message about it are one transaction, committed before the answer is
sent: killing the process loses neither an effect nor a message of one.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

import orjson

from simulation.processor.objects import Authorisation, Payout, Refund

_SCHEMA = """
    CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS authorisations (
        id TEXT PRIMARY KEY, key TEXT NOT NULL UNIQUE, payment_method TEXT NOT NULL,
        amount_minor INTEGER NOT NULL CHECK (amount_minor > 0), currency TEXT NOT NULL, reference TEXT NOT NULL,
        status TEXT NOT NULL, code TEXT,
        captured_minor INTEGER NOT NULL CHECK (captured_minor BETWEEN 0 AND amount_minor),
        refunded_minor INTEGER NOT NULL CHECK (refunded_minor BETWEEN 0 AND captured_minor),
        created_at REAL NOT NULL, expires_at REAL NOT NULL, resolves_at REAL
    );
    CREATE INDEX IF NOT EXISTS authorisations_reference ON authorisations (reference);
    CREATE INDEX IF NOT EXISTS authorisations_lapsing ON authorisations (expires_at) WHERE status = 'authorised';
    CREATE INDEX IF NOT EXISTS authorisations_late ON authorisations (resolves_at) WHERE status = 'processing';
    CREATE TABLE IF NOT EXISTS refunds (
        id TEXT PRIMARY KEY, key TEXT NOT NULL UNIQUE, authorisation_id TEXT NOT NULL REFERENCES authorisations (id),
        amount_minor INTEGER NOT NULL CHECK (amount_minor > 0), status TEXT NOT NULL, code TEXT,
        created_at REAL NOT NULL
    );
    CREATE INDEX IF NOT EXISTS refunds_authorisation ON refunds (authorisation_id);
    CREATE TABLE IF NOT EXISTS payouts (
        id TEXT PRIMARY KEY, key TEXT NOT NULL UNIQUE, host_id TEXT NOT NULL,
        amount_minor INTEGER NOT NULL CHECK (amount_minor > 0), currency TEXT NOT NULL, reference TEXT NOT NULL,
        status TEXT NOT NULL, code TEXT, created_at REAL NOT NULL
    );
    CREATE INDEX IF NOT EXISTS payouts_reference ON payouts (reference);
    CREATE TABLE IF NOT EXISTS operations (
        key TEXT PRIMARY KEY, kind TEXT NOT NULL, fingerprint TEXT NOT NULL, object_id TEXT NOT NULL,
        status INTEGER, answer TEXT
    );
    CREATE TABLE IF NOT EXISTS messages (
        sequence INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL,
        object_id TEXT NOT NULL, body TEXT NOT NULL
    );
    CREATE TABLE IF NOT EXISTS deliveries (
        id INTEGER PRIMARY KEY AUTOINCREMENT, message_id TEXT NOT NULL REFERENCES messages (id),
        due_at REAL NOT NULL, attempts INTEGER NOT NULL, done INTEGER NOT NULL DEFAULT 0
    );
    CREATE INDEX IF NOT EXISTS deliveries_due ON deliveries (due_at) WHERE NOT done;
"""

Row = TypeVar("Row", Authorisation, Refund, Payout)
_TABLES: dict[type[Any], str] = {Authorisation: "authorisations", Refund: "refunds", Payout: "payouts"}


@dataclass(frozen=True, slots=True)
class Operation:
    """What a key stood for; `status` and `answer` are there once the answer is final."""

    key: str
    kind: str
    fingerprint: str
    object_id: str
    status: int | None
    answer: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message to be sent, for the so-manieth time."""

    id: int
    message_id: str
    attempts: int
    body: bytes


class Store:
    """One open file; used from one thread."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._db.row_factory = sqlite3.Row
        # NORMAL survives the death of the process, which is what is simulated; not that of the machine.
        for pragma in ("journal_mode = WAL", "synchronous = NORMAL", "foreign_keys = ON", "busy_timeout = 5000"):
            self._db.execute(f"PRAGMA {pragma}")
        self._db.executescript(_SCHEMA)

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All that is written inside, or nothing."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def setting(self, name: str) -> str | None:
        """A setting that outlives the process."""
        row = self._db.execute("SELECT value FROM settings WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row["value"])

    def set_setting(self, name: str, value: str) -> None:
        """Keep a setting."""
        self._db.execute("INSERT OR REPLACE INTO settings (name, value) VALUES (?, ?)", (name, value))

    def save(self, row: Row) -> None:
        """Write an authorisation, a refund or a payout, new or changed."""
        values = asdict(row)
        names, marks = ", ".join(values), ", ".join(f":{name}" for name in values)
        changes = ", ".join(f"{name} = excluded.{name}" for name in values)
        self._db.execute(
            f"INSERT INTO {_TABLES[type(row)]} ({names}) VALUES ({marks}) ON CONFLICT (id) DO UPDATE SET {changes}",
            values,
        )

    def find(self, kind: type[Row], object_id: str) -> Row | None:
        """Find one by its number."""
        rows = self.select(kind, "id = ?", object_id)
        return rows[0] if rows else None

    def select(self, kind: type[Row], condition: str, *values: Any) -> list[Row]:
        """Find those that a condition is true of, in order of their making."""
        # `+`: without it SQLite walks the whole table in that order, whatever index the condition has.
        names = ", ".join(field.name for field in fields(kind))
        query = f"SELECT {names} FROM {_TABLES[kind]} WHERE {condition} ORDER BY +rowid"
        return [kind(**dict(row)) for row in self._db.execute(query, values)]

    def operation(self, key: str) -> Operation | None:
        """What a key stands for."""
        row = self._db.execute("SELECT * FROM operations WHERE key = ?", (key,)).fetchone()
        if row is None:
            return None
        answer = None if row["answer"] is None else orjson.loads(row["answer"])
        return Operation(row["key"], row["kind"], row["fingerprint"], row["object_id"], row["status"], answer)

    def save_operation(self, operation: Operation) -> None:
        """Write down what a key stands for, or that its answer is final now."""
        answer = None if operation.answer is None else orjson.dumps(operation.answer).decode()
        self._db.execute(
            "INSERT OR REPLACE INTO operations (key, kind, fingerprint, object_id, status, answer)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (operation.key, operation.kind, operation.fingerprint, operation.object_id, operation.status, answer),
        )

    def next_sequence(self) -> int:
        """Number of the message to come."""
        row = self._db.execute("SELECT coalesce(max(sequence), 0) + 1 AS next FROM messages").fetchone()
        return int(row["next"])

    def add_message(self, body: dict[str, Any]) -> None:
        """Keep a message."""
        self._db.execute(
            "INSERT INTO messages (sequence, id, kind, object_id, body) VALUES (?, ?, ?, ?, ?)",
            (body["sequence"], body["id"], body["kind"], body["object"]["id"], orjson.dumps(body).decode()),
        )

    def messages(self, *, after: int, limit: int) -> list[dict[str, Any]]:
        """Messages in the order in which they were written."""
        query = "SELECT body FROM messages WHERE sequence > ? ORDER BY sequence LIMIT ?"
        return [orjson.loads(row["body"]) for row in self._db.execute(query, (after, limit))]

    def add_delivery(self, message_id: str, *, due_at: float, attempts: int) -> None:
        """Have a message sent."""
        self._db.execute(
            "INSERT INTO deliveries (message_id, due_at, attempts) VALUES (?, ?, ?)", (message_id, due_at, attempts)
        )

    def due_deliveries(self, now: float, *, limit: int) -> list[Delivery]:
        """What is to be sent."""
        query = """
            SELECT deliveries.id, message_id, attempts, body FROM deliveries JOIN messages ON messages.id = message_id
            WHERE NOT done AND due_at <= ? ORDER BY due_at LIMIT ?
        """
        return [
            Delivery(row["id"], row["message_id"], row["attempts"], row["body"].encode())
            for row in self._db.execute(query, (now, limit))
        ]

    def delivered(self, delivery_id: int) -> None:
        """A message was taken."""
        self._db.execute("UPDATE deliveries SET done = 1 WHERE id = ?", (delivery_id,))

    def postpone(self, delivery_id: int, *, due_at: float) -> None:
        """A message was not taken: it is sent again later."""
        self._db.execute(
            "UPDATE deliveries SET due_at = ?, attempts = attempts + 1 WHERE id = ?", (due_at, delivery_id)
        )

    def undelivered(self) -> int:
        """How many deliveries are still to be made."""
        return int(self._db.execute("SELECT count(*) AS count FROM deliveries WHERE NOT done").fetchone()["count"])
