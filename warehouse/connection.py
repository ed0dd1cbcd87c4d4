"""A DuckDB connection over the lake: in memory, reading only the lake's folder."""

from __future__ import annotations

from pathlib import Path

import duckdb

from lodestay import lake as datasets
from lodestay.lake import Dataset

SOURCES: dict[str, Dataset] = {
    "listings": datasets.STAGED_LISTINGS,
    "nights": datasets.STAGED_NIGHTS,
    "bookings": datasets.STAGED_BOOKINGS,
    "reviews": datasets.STAGED_REVIEWS,
    "searches": datasets.STAGED_SEARCHES,
    "impressions": datasets.STAGED_IMPRESSIONS,
}
"""What the models select from: ``lake.<name>``."""


def connect(lake: str) -> duckdb.DuckDBPyConnection:
    """Open DuckDB with a view ``lake.<name>`` for every source that has been written.

    After that the connection can read nothing but the lake, and its settings are locked: queries come
    from people.
    """
    connection = duckdb.connect(":memory:")
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("SET enable_progress_bar = false")
    for schema in ("lake", "staging", "marts"):
        connection.execute(f"CREATE SCHEMA {schema}")
    for name, dataset in SOURCES.items():
        if has_files(lake, dataset):
            connection.execute(
                f"CREATE VIEW lake.{name} AS SELECT * FROM read_parquet({literal(dataset.glob(lake))}, "
                "hive_partitioning = true, union_by_name = true, hive_types = {'day': DATE, 'market': VARCHAR})"
            )
    return connection


def confine(connection: duckdb.DuckDBPyConnection, lake: str) -> None:
    """Let the connection read the lake and nothing else, for good."""
    connection.execute(f"SET allowed_directories = [{literal(lake + '/')}]")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")


def has_files(lake: str, dataset: Dataset) -> bool:
    """Whether a dataset has a file; of a remote lake it is taken for granted."""
    if "://" in lake:
        return True
    folder = Path(dataset.path(lake))
    return folder.is_dir() and next(folder.rglob("*.parquet"), None) is not None


def literal(text: str) -> str:
    """A SQL string literal."""
    return "'" + text.replace("'", "''") + "'"
