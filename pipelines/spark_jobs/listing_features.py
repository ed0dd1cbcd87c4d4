"""Staged → features/listings: what `ml.listing_features` says of each market's listings on a day.

Nights, reviews and bookings are summed up listing by listing in groups of a bounded size; then each
market comes together in one task, because a listing is compared with the others of its city.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812 - as everybody calls it
from pyspark.sql.pandas.types import from_arrow_schema
from pyspark.sql.types import StringType, StructField, StructType

from lodestay.lake import LISTING_FEATURES, STAGED_BOOKINGS, STAGED_LISTINGS, STAGED_NIGHTS, STAGED_REVIEWS
from ml.listing_features import (
    BOOKING_STATS_SCHEMA,
    NIGHT_STATS_SCHEMA,
    REVIEW_STATS_SCHEMA,
    SCHEMA,
    booking_stats,
    listing_features,
    night_stats,
    review_stats,
)
from pipelines.partitions import Written, read, write
from pipelines.spark_jobs.job import Scope, running, start

BUCKETS = 16
"""Groups that a market's listings are summed up in: the most a task holds at once is a sixteenth of a city."""
NIGHT_COLUMNS = ("listing_id", "night", "price_minor", "is_free", "min_stay", "max_stay")
REVIEW_COLUMNS = ("listing_id", "written_on", "rating")
BOOKING_COLUMNS = (
    "listing_id",
    "created_at",
    "confirmed_at",
    "cancelled_at",
    "nights",
    "lead_days",
    "nights_minor",
)
MARKET = StructField("market", StringType())

Stats = Callable[..., pa.Table]


def features(
    listings: DataFrame, nights: DataFrame, reviews: DataFrame, bookings: DataFrame, *, as_of: date
) -> DataFrame:
    """Features of every listing as of a day, with `market` beside `ml.listing_features.SCHEMA`."""
    stats = (
        _summed(nights.select("market", *NIGHT_COLUMNS), night_stats, NIGHT_STATS_SCHEMA, as_of)
        .join(
            _summed(reviews.select("market", *REVIEW_COLUMNS), review_stats, REVIEW_STATS_SCHEMA, as_of),
            ["market", "listing_id"],
            "full",
        )
        .join(
            _summed(bookings.select("market", *BOOKING_COLUMNS), booking_stats, BOOKING_STATS_SCHEMA, as_of),
            ["market", "listing_id"],
            "full",
        )
    )
    return (
        listings.groupBy("market")
        .cogroup(stats.groupBy("market"))
        .applyInArrow(_market_features(as_of), StructType([MARKET, *from_arrow_schema(SCHEMA).fields]))
    )


def bucket() -> Any:
    """Group of a listing inside its market."""
    return F.pmod(F.hash("listing_id"), F.lit(BUCKETS)).alias("bucket")


def _summed(rows: DataFrame, stats: Stats, schema: pa.Schema, as_of: date) -> DataFrame:
    def sum_up(key: tuple[pa.Scalar, ...], group: pa.Table) -> pa.Table:
        return _with_market(stats(group, as_of=as_of), key[0].as_py())

    return rows.groupBy("market", bucket()).applyInArrow(
        sum_up, StructType([MARKET, *from_arrow_schema(schema).fields])
    )


def _market_features(as_of: date) -> Callable[[tuple[pa.Scalar, ...], pa.Table, pa.Table], pa.Table]:
    def compute(key: tuple[pa.Scalar, ...], listings: pa.Table, stats: pa.Table) -> pa.Table:
        if not listings.num_rows:  # nights of a market without a listing in the export
            return _with_market(SCHEMA.empty_table(), key[0].as_py())
        ordered = listings.sort_by("listing_id")
        parts = (
            stats.select(schema.names) for schema in (NIGHT_STATS_SCHEMA, REVIEW_STATS_SCHEMA, BOOKING_STATS_SCHEMA)
        )
        return _with_market(listing_features(ordered, *parts, as_of=as_of), key[0].as_py())

    return compute


def _with_market(table: pa.Table, market: str) -> pa.Table:
    return table.add_column(0, "market", pa.array([market] * table.num_rows, pa.string()))


def make_features(spark: SparkSession, scope: Scope) -> Written:
    """Write the features of the scope's markets."""
    staged = (STAGED_LISTINGS, STAGED_NIGHTS, STAGED_REVIEWS, STAGED_BOOKINGS)
    tables = (read(spark, dataset, scope.lake, scope.partitions).drop("day") for dataset in staged)
    made = features(*tables, as_of=scope.day).withColumn("day", F.lit(scope.day.isoformat()))
    return write(made, LISTING_FEATURES, scope.lake, scope.partitions, order=("listing_id",))


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the job."""
    with running("listing_features", arguments) as job:
        job.report(make_features(job.spark, job.scope))


if __name__ == "__main__":
    start("pipelines.spark_jobs.listing_features")
