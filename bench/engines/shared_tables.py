"""The drawn calendars in PostgreSQL once each, and views that give every listing its own.

Ten million listings' seasons, nights and stays would be fifty gigabytes. A thousand calendars are none, and whoever
reads a listing's through the view of the table's name reads what would stand in the table.
"""

from __future__ import annotations

from typing import Any, Final

import psycopg

from bench.engines.stock import Stock

SHARED: Final = ("rate_plans", "seasons", "calendar_nights", "occupancy")
"""Tables that hold a calendar."""
_OWN: Final = """
    CREATE TABLE own_occupancy (LIKE shared_occupancy INCLUDING ALL);
    CREATE FUNCTION keep_own() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO own_occupancy (listing_id, stay, kind) VALUES (NEW.listing_id, NEW.stay, NEW.kind);
            RETURN NEW;
        END
    $$;
"""
_KEPT: Final = """
    CREATE TRIGGER keep_own INSTEAD OF INSERT ON occupancy FOR EACH ROW EXECUTE FUNCTION keep_own()
"""
"""What changes while searches are answered is a listing's own."""


def share_calendars(cursor: psycopg.Cursor[Any], stock: Stock) -> None:
    """Put views in the place of tables that hold the pool's calendars as if its places were listings."""
    cursor.execute("CREATE TABLE listing_pools (listing_id bigint PRIMARY KEY, pool bigint NOT NULL)")
    with cursor.copy("COPY listing_pools FROM STDIN") as copy:
        for listing_id, pool in enumerate(stock.calendar.tolist(), 1):
            copy.write_row((listing_id, pool))
    for table in SHARED:
        cursor.execute(f"ALTER TABLE {table} RENAME TO shared_{table}".encode())
    cursor.execute(_OWN.encode())
    for table in SHARED:
        _give_to_all(cursor, table)
    cursor.execute(_KEPT.encode())


def _give_to_all(cursor: psycopg.Cursor[Any], table: str) -> None:
    cursor.execute(
        "SELECT column_name FROM information_schema.columns WHERE table_name = %s ORDER BY ordinal_position",
        [f"shared_{table}"],
    )
    columns = [str(name) for (name,) in cursor.fetchall()]
    told = ", ".join("l.listing_id" if name == "listing_id" else f"p.{name}" for name in columns)
    own = f"UNION ALL SELECT {', '.join(columns)} FROM own_occupancy" if table == "occupancy" else ""
    cursor.execute(
        f"""
        CREATE VIEW {table} AS
        SELECT {told} FROM listing_pools l JOIN shared_{table} p ON p.listing_id = l.pool {own}
        """.encode()
    )
