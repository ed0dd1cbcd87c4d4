"""A DuckDB connection over the lake: in memory, until :func:`confine` open to what else the process can read."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow as pa

from lodestay import lake as datasets
from lodestay.lake import Dataset, local_folder
from lodestay.staged import COLUMNS
from warehouse.errors import DamagedFile

SOURCES: dict[str, Dataset] = {
    "listings": datasets.STAGED_LISTINGS,
    "nights": datasets.STAGED_NIGHTS,
    "bookings": datasets.STAGED_BOOKINGS,
    "reviews": datasets.STAGED_REVIEWS,
    "searches": datasets.STAGED_SEARCHES,
    "impressions": datasets.STAGED_IMPRESSIONS,
}
"""What the models select from: ``lake.<name>``."""

SOURCE_GRAINS: dict[str, tuple[str, ...]] = {
    "listings": ("listing_id",),
    "nights": ("listing_id", "night"),
    "bookings": ("booking_id",),
    "reviews": ("review_id",),
    "searches": ("search_id",),
    "impressions": ("search_id", "position"),
}
"""What is unique together in a source, within its day and market."""


def connect(lake: str) -> duckdb.DuckDBPyConnection:
    """Open DuckDB with a view ``lake.<name>`` for every source that has been written.

    Raises
    ------
    SetupIncomplete
        The lake is no local folder.
    DamagedFile
        A file of a source cannot be read.
    """
    connection = duckdb.connect(":memory:")
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("SET enable_progress_bar = false")
    for schema in ("lake", "staging", "marts"):
        connection.execute(f"CREATE SCHEMA {schema}")
    for name, dataset in SOURCES.items():
        if has_files(lake, dataset):
            _view(connection, name, dataset.glob(lake), COLUMNS[dataset])
    return connection


def _view(connection: duckdb.DuckDBPyConnection, name: str, files: str, promised: pa.Schema) -> None:
    """Define the view; a promised column that no file has, since it came later, is null."""
    read = (
        f"read_parquet({literal(files)}, hive_partitioning = true, union_by_name = true, "
        "hive_types = {'day': DATE, 'market': VARCHAR})"
    )
    try:
        there = {column for column, *_ in connection.execute(f"DESCRIBE SELECT * FROM {read}").fetchall()}
        described = connection.from_arrow(promised.empty_table())
        types = dict(zip(described.columns, described.types, strict=True))
        later = "".join(f', CAST(NULL AS {types[column]}) AS "{column}"' for column in types if column not in there)
        connection.execute(f"CREATE VIEW lake.{name} AS SELECT *{later} FROM {read}")
    except duckdb.Error as broken:
        raise DamagedFile(
            f"lake.{name} cannot be read: {str(broken).splitlines()[0]}",
            hint="Remove that file and run `lodestay pipeline`, which writes it again.",
        ) from broken


def confine(connection: duckdb.DuckDBPyConnection, lake: str) -> None:
    """Let the connection reach the lake's folder and nothing else, for good: queries come from people."""
    connection.execute("SET temp_directory = ''")  # else DuckDB allows one below the working folder by itself
    connection.execute(f"SET allowed_directories = [{literal(lake + '/')}]")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")


def has_files(lake: str, dataset: Dataset) -> bool:
    """Whether a dataset has a file; :class:`SetupIncomplete` where the lake is no local folder."""
    folder = Path(dataset.path(str(local_folder(lake, asker="The warehouse"))))
    return folder.is_dir() and next(folder.rglob("*.parquet"), None) is not None


def literal(text: str) -> str:
    """A SQL string literal."""
    return "'" + text.replace("'", "''") + "'"
