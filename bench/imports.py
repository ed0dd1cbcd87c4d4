"""How fast a real city is imported, beside the floor: the same files read and counted by DuckDB."""

from __future__ import annotations

import uuid
from datetime import date
from pathlib import Path

import duckdb
import psycopg
from psycopg import sql

from bench.report import Figure, timed
from lodestay.clock import SystemClock
from lodestay.local.postgres import database_url
from lodestay.settings import get_settings
from transactional.imports.inside_airbnb.folder import find_files
from transactional.imports.service import import_folder
from transactional.migrations.run import upgrade

NOTES = """
Ours reads, checks, masks, normalises, repairs and writes listings, calendar and reviews to PostgreSQL in one
transaction, into an empty database. DuckDB only parses the same files and counts their rows: the distance is what
importing costs beyond reading.
"""


def measure(city: Path, snapshot: date | None) -> list[Figure]:
    """Import a city's snapshot (None: the newest) into a database of its own, then once more unchanged."""
    address = get_settings().require_database_url()
    name = f"bench_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(address, autocommit=True) as server:
        server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            upgrade(database_url(address, name))
            first, again, rows = _imports(database_url(address, name), city, snapshot)
        finally:
            server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
    floor, counted = _floor(city, snapshot)
    what = f"{city.name} {snapshot or ''}".strip()
    return [
        Figure(f"{what}: rows into the marketplace", "rows/s", rows / first, counted / floor, "DuckDB, parsing only"),
        Figure(f"{what}: whole import", "s", first, floor, "DuckDB, parsing only"),
        Figure(f"{what}: the same files again, forced, nothing changed", "s", again, None, None),
    ]


def _imports(address: str, city: Path, snapshot: date | None) -> tuple[float, float, int]:
    rows = 0

    def run(*, force: bool) -> None:
        nonlocal rows
        with psycopg.connect(address) as connection:
            done = import_folder(
                connection,
                city,
                market=None,
                currency=None,
                snapshot=snapshot,
                keep_dates=False,
                force=force,
                masking_key=get_settings().masking_key(),
                clock=SystemClock(),
                progress=lambda _doing: None,
            )
        rows = done.listings + (done.nights or 0) + (done.reviews or 0)

    return timed(lambda: run(force=False)), timed(lambda: run(force=True)), rows


def _floor(city: Path, snapshot: date | None) -> tuple[float, int]:
    files = find_files(city, snapshot=snapshot)
    paths = [path for path in (files.listings, files.calendar, files.reviews) if path is not None]
    counted = 0

    def read() -> None:
        nonlocal counted
        with duckdb.connect() as connection:
            for path in paths:
                row = connection.execute(
                    "SELECT count(*), max(hash(COLUMNS(*))) FROM read_csv(?, all_varchar = true, quote = '\"')",
                    [str(path)],
                ).fetchone()
                counted += int(row[0]) if row else 0

    return timed(read), counted
