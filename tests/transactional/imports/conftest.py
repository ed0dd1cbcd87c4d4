"""A folder for a small city, and a database to import it into."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from lodestay.clock import FixedClock
from tests.transactional.imports.small_city import City
from transactional.imports.service import import_folder
from transactional.imports.summary import ImportSummary


@pytest.fixture
def city(tmp_path: Path) -> City:
    """An empty folder for a city's files."""
    folder = tmp_path / "antwerp"
    folder.mkdir()
    return City(folder)


@pytest.fixture
def connection(database_url: str) -> Iterator[psycopg.Connection[Any]]:
    """Connection to a fresh database; each statement commits unless a transaction is opened."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def options(clock: FixedClock) -> dict[str, Any]:
    """Options of an import that asks for nothing special."""
    return {
        "market": None,
        "currency": None,
        "snapshot": None,
        "keep_dates": False,
        "force": False,
        "masking_key": "a key for tests",
        "clock": clock,
        "progress": lambda _doing: None,
    }


@pytest.fixture
def run_import(
    connection: psycopg.Connection[Any], city: City, options: dict[str, Any]
) -> Callable[..., ImportSummary]:
    """Import the city into the test's database."""

    def run(**other: Any) -> ImportSummary:
        return import_folder(connection, city.folder, **{**options, **other})

    return run


@pytest.fixture
def doomed_import(database_url: str, city: City, options: dict[str, Any]) -> Callable[[], ImportSummary]:
    """Import the city over a connection of its own, which the test may break."""

    def run() -> ImportSummary:
        with psycopg.connect(database_url, autocommit=True) as doomed:
            return import_folder(doomed, city.folder, **options)

    return run


@pytest.fixture
def dump(connection: psycopg.Connection[Any]) -> Callable[..., str]:
    """Every row of every table, but for those left out, as text."""

    def text(*, without: tuple[str, ...] = ()) -> str:
        tables = connection.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> ALL (%s) ORDER BY tablename",
            (list(without),),
        ).fetchall()
        rows = (
            (table, connection.execute(f'SELECT t::text FROM "{table}" t ORDER BY 1').fetchall()) for (table,) in tables
        )
        return "\n".join(f"{table} {row}" for table, held in rows for (row,) in held)

    return text
