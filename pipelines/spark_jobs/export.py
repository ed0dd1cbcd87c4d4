"""PostgreSQL → raw: the exported tables of some markets, as they stood at one moment.

Every connection that Spark opens joins one snapshot of the database, so that a booking and the nights
it took are both there or both not, however long the export takes and whoever books meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import unquote, urlsplit

import psycopg
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812 - as everybody calls it

from lodestay.errors import ServiceUnavailable
from lodestay.lake import EXPORTED_TABLES, RAW
from lodestay.settings import get_settings
from pipelines.spark import JDBC_DRIVER
from pipelines.spark_jobs.export_queries import bounds_query, export_query
from pipelines.spark_jobs.job import Scope, running, start
from pipelines.writing import Written, write
from transactional.kit.reaching import connected

ROWS_PER_READ = 200_000
"""Rows that one connection reads; more are read by several at once."""
MAX_READS = 16
FETCH_SIZE = 10_000
NEVER = 0
"""When the connection that holds the snapshot counts as stuck: it says nothing for as long as the others read."""
TABLES_AT_ONCE = 3
"""Small tables wait on round trips, not on cores."""
ORDER = {
    "markets": ("market_key",),
    "neighbourhoods": ("neighbourhood_id",),
    "host_profiles": ("user_id",),
    "listings": ("listing_id",),
    "rate_plans": ("listing_id",),
    "seasons": ("listing_id", "season_id"),
    "calendar_nights": ("listing_id", "night"),
    "occupancy": ("listing_id", "stay_from"),
    "bookings": ("listing_id", "created_at", "booking_id"),
    "reviews": ("listing_id", "written_on", "review_id"),
}


@dataclass(frozen=True)
class Source:
    """A snapshot of a database, open for reading as long as the connection that holds it.

    Attributes
    ----------
    taken_at
        The moment it shows; `raw/markets` keeps it as `exported_at`.
    sees
        Which transactions it sees (`pg_snapshot`); `raw/markets` keeps it as `export_sees`.
    """

    url: str
    snapshot: str
    taken_at: datetime
    sees: str
    connection: psycopg.Connection[tuple[Any, ...]]


@contextmanager
def snapshot_of(url: str) -> Iterator[Source]:
    """Take a snapshot that other connections can join until the block ends."""
    with connected(url, idle_in_transaction_ms=NEVER) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        row = connection.execute("SELECT pg_export_snapshot(), now(), CAST(pg_current_snapshot() AS text)").fetchone()
        if row is None:
            raise ServiceUnavailable("PostgreSQL gave no snapshot.", hint="Look at its log, then run the job again.")
        yield Source(url, row[0], row[1], row[2], connection)


def read_table(spark: SparkSession, source: Source, table: str, markets: Sequence[str]) -> DataFrame:
    """Rows of a table in some markets, read by as many connections as its size asks for."""
    reader = spark.read.format("jdbc").options(**jdbc_options(source))
    reader = reader.option("dbtable", f"({export_query(table, markets)}) AS exported")
    if query := bounds_query(table, markets):
        low, high, rows = source.connection.execute(query.encode()).fetchone() or (None, None, 0)
        if low is not None and high is not None and rows and rows > ROWS_PER_READ:
            reads = min(MAX_READS, -(-rows // ROWS_PER_READ))
            bounds: dict[str, str | int] = {
                "partitionColumn": "listing_id",
                "lowerBound": low,
                "upperBound": high,
                "numPartitions": reads,
            }
            reader = reader.options(**bounds)
    return reader.load()


def export(spark: SparkSession, source: Source, scope: Scope) -> list[Written]:
    """Write every exported table of the scope's markets."""

    def one(table: str) -> Written:
        rows = read_table(spark, source, table, scope.markets).withColumn("day", F.lit(scope.day.isoformat()))
        if table == "markets":
            rows = rows.withColumns({"exported_at": F.lit(source.taken_at), "export_sees": F.lit(source.sees)})
        return write(rows, RAW[table], scope.lake, scope.partitions, order=ORDER[table])

    with ThreadPoolExecutor(TABLES_AT_ONCE) as pool:
        return list(pool.map(one, EXPORTED_TABLES))


def jdbc_options(source: Source) -> dict[str, str]:
    """How Spark reads the snapshot: the database's address, what it asks of the connection included."""
    parts = urlsplit(source.url)
    query = f"?{parts.query}" if parts.query else ""
    return {
        "url": f"jdbc:postgresql://{parts.netloc.rpartition('@')[2]}{parts.path}{query}",
        "user": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
        "driver": JDBC_DRIVER,
        "fetchsize": str(FETCH_SIZE),
        "sessionInitStatement": "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY; "
        f"SET TRANSACTION SNAPSHOT '{source.snapshot}'",
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the job."""
    with running("export", arguments) as job, snapshot_of(get_settings().require_database_url()) as source:
        job.report(*export(job.spark, source, job.scope))


if __name__ == "__main__":
    start("pipelines.spark_jobs.export")
