"""Markets, runs and rejects: what an import knows of earlier ones, and what it leaves for the next."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from lodestay.snapshot import MarketFacts, Reject
from transactional.imports.summary import ImportSummary
from transactional.outbox.topics import Topic

Db = Connection[Any]


@dataclass(frozen=True)
class Held:
    """What is there of a market from a source.

    Attributes
    ----------
    date_shift_days
        None where no snapshot of any source gave the market its dates.
    snapshot_date
        Of the newest snapshot from the source; None where there is none.
    """

    currency: str
    date_shift_days: int | None
    snapshot_date: date | None


def lock_source(db: Db, source: str) -> None:
    """Let imports of one source run one after another: they share hosts."""
    db.execute("SELECT pg_advisory_xact_lock(hashtextextended('lodestay.imports.' || %s, 0))", (source,))


def find_held(db: Db, market_key: str, source: str) -> Held | None:
    """What is known of the market; None where it is new."""
    row = db.execute(
        """
        SELECT m.currency, CASE WHEN m.snapshot_date IS NOT NULL THEN m.date_shift_days END,
               (SELECT max(snapshot_date) FROM import_runs r WHERE r.market_key = m.market_key AND r.source = %s)
        FROM markets m WHERE m.market_key = %s
        """,
        (source, market_key),
    ).fetchone()
    return Held(*row) if row else None


def find_import(db: Db, source: str, fingerprint: str) -> dict[str, Any] | None:
    """Summary of the import of the very same files, where it is still the newest of its market."""
    row = db.execute(
        """
        SELECT summary FROM import_runs r
        WHERE source = %(source)s AND fingerprint = %(fingerprint)s AND NOT EXISTS (
            SELECT FROM import_runs later
            WHERE later.source = r.source AND later.market_key = r.market_key AND later.finished_at > r.finished_at
        )
        """,
        {"source": source, "fingerprint": fingerprint},
    ).fetchone()
    return row[0] if row else None


def put_market(db: Db, facts: MarketFacts, *, snapshot_date: date, date_shift_days: int) -> None:
    """Make the market, or note its new snapshot; its fees stay as they were set."""
    db.execute(
        """
        INSERT INTO markets (market_key, name, country, currency, timezone, latitude, longitude, service_fee_bps,
                             tax_bps, date_shift_days, snapshot_date)
        VALUES (%(market_key)s, %(name)s, %(country)s, %(currency)s, %(timezone)s, %(latitude)s, %(longitude)s,
                %(service_fee_bps)s, %(tax_bps)s, %(shift)s, %(snapshot_date)s)
        ON CONFLICT (market_key) DO UPDATE
        SET date_shift_days = excluded.date_shift_days, snapshot_date = excluded.snapshot_date, updated_at = now()
        WHERE (markets.date_shift_days, markets.snapshot_date)
              IS DISTINCT FROM (excluded.date_shift_days, excluded.snapshot_date)
        """,
        {
            **{name: getattr(facts, name) for name in MarketFacts.__dataclass_fields__},
            "snapshot_date": snapshot_date,
            "shift": date_shift_days,
        },
    )


def begin_changes(db: Db) -> None:
    """Make the temporary table in which every step notes the listings it changed, with the topic."""
    db.execute("CREATE TEMP TABLE changed (listing_id bigint, topic text) ON COMMIT DROP")


def write_outbox(db: Db, market_key: str, run_id: UUID) -> int:
    """Announce every change; a new listing's calendar goes without saying."""
    return db.execute(
        """
        INSERT INTO outbox (topic, market_key, listing_id, payload)
        SELECT DISTINCT topic, %(market)s, listing_id, jsonb_build_object('import_run', %(run)s::text)
        FROM changed c
        WHERE topic <> %(calendar)s
           OR NOT EXISTS (SELECT FROM changed WHERE listing_id = c.listing_id AND topic = %(created)s)
        ORDER BY listing_id, topic
        """,
        {"market": market_key, "run": run_id, "calendar": Topic.CALENDAR_CHANGED, "created": Topic.LISTING_CREATED},
    ).rowcount


def write_run(db: Db, summary: ImportSummary, *, fingerprint: str, rejects: Iterable[Reject]) -> None:
    """Keep the run's summary and the rows it left out."""
    db.execute(
        "INSERT INTO import_runs (run_id, source, market_key, snapshot_date, fingerprint, summary)"
        " VALUES (%s, %s, %s, %s, %s, %s)",
        (
            summary.run_id,
            summary.source,
            summary.market_key,
            summary.snapshot_date,
            fingerprint,
            Jsonb(summary.as_json()),
        ),
    )
    statement = "COPY import_rejects (run_id, file, line, column_name, reason, value) FROM STDIN"
    with db.cursor().copy(statement) as copy:
        for reject in rejects:
            copy.write_row((summary.run_id, reject.file, reject.line, reject.column, reject.reason, reject.value))


def find_run(db: Db, run_id: UUID) -> dict[str, Any] | None:
    """Summary of a run."""
    row = db.execute("SELECT summary FROM import_runs WHERE run_id = %s", (run_id,)).fetchone()
    return row[0] if row else None


def list_rejects(db: Db, run_id: UUID, *, limit: int) -> list[dict[str, Any]]:
    """Rows that a run left out, in the order of the files."""
    with db.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(
            "SELECT file, line, column_name, reason, value FROM import_rejects WHERE run_id = %s"
            " ORDER BY file, line, reject_id LIMIT %s",
            (run_id, limit),
        ).fetchall()
