"""Staged → features/listings: what `ml.listing_features` says of each market's listings on a day.

Nights, reviews and bookings are summed up listing by listing in groups of a bounded size; then each
market comes together in one task, because a listing is compared with the others of its city.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812 - as everybody calls it
from pyspark.sql.pandas.types import from_arrow_schema
from pyspark.sql.types import DateType, StringType, StructField, StructType

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
from pipelines.partitions import read
from pipelines.spark_jobs.job import Scope, running, start
from pipelines.writing import Written, write

BUCKETS = 16
"""Groups that a market's listings are summed up in: the most a task holds at once is a sixteenth of a city."""
NIGHT_COLUMNS = ("listing_id", "night", "price_minor", "is_free", "taken_at", "min_stay", "max_stay")
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
LABELS = (StructField("market", StringType()), StructField("as_of", DateType()))

Stats = Callable[..., pa.Table]


def features(
    listings: DataFrame, nights: DataFrame, reviews: DataFrame, bookings: DataFrame, *, as_of: Sequence[date]
) -> DataFrame:
    """Features of every listing as of some days: `market`, `as_of` and `ml.listing_features.SCHEMA`.

    For a day in the past a night counts as free that was booked later, as it did then.
    """
    keys = ["market", "listing_id", "as_of"]
    stats = (
        _summed(nights.select("market", *NIGHT_COLUMNS), _nights_then, NIGHT_STATS_SCHEMA, as_of)
        .join(
            _summed(reviews.select("market", *REVIEW_COLUMNS), review_stats, REVIEW_STATS_SCHEMA, as_of), keys, "full"
        )
        .join(
            _summed(bookings.select("market", *BOOKING_COLUMNS), booking_stats, BOOKING_STATS_SCHEMA, as_of),
            keys,
            "full",
        )
    )
    together = listings.groupBy("market").cogroup(stats.groupBy("market"))
    return together.applyInArrow(_market_features(as_of), _spark_schema(SCHEMA))


def bucket() -> Any:
    """Group of a listing inside its market."""
    return F.pmod(F.hash("listing_id"), F.lit(BUCKETS)).alias("bucket")


def _nights_then(nights: pa.Table, *, as_of: date) -> pa.Table:
    """Sum up the nights as they stood on the morning of a day."""
    later = pc.greater_equal(nights["taken_at"], pa.scalar(_midnight(as_of)))
    free = pc.or_(nights["is_free"], pc.fill_null(later, fill_value=False))
    return night_stats(nights.set_column(nights.schema.get_field_index("is_free"), "is_free", free), as_of=as_of)


def _summed(rows: DataFrame, stats: Stats, schema: pa.Schema, as_of: Sequence[date]) -> DataFrame:
    def sum_up(key: tuple[pa.Scalar, ...], group: pa.Table) -> pa.Table:
        return pa.concat_tables(_labelled(stats(group, as_of=day), key[0].as_py(), day) for day in as_of)

    return rows.groupBy("market", bucket()).applyInArrow(sum_up, _spark_schema(schema))


def _market_features(as_of: Sequence[date]) -> Callable[[tuple[pa.Scalar, ...], pa.Table, pa.Table], pa.Table]:
    schemas = (NIGHT_STATS_SCHEMA, REVIEW_STATS_SCHEMA, BOOKING_STATS_SCHEMA)

    def compute(key: tuple[pa.Scalar, ...], listings: pa.Table, stats: pa.Table) -> pa.Table:
        ordered = listings.sort_by("listing_id")
        tables = []
        for day in as_of:
            then = stats.filter(pc.equal(stats["as_of"], pa.scalar(day)))
            made = listing_features(ordered, *(then.select(schema.names) for schema in schemas), as_of=day)
            tables.append(_labelled(made, key[0].as_py(), day))
        return pa.concat_tables(tables)

    return compute


def _labelled(table: pa.Table, market: str, day: date) -> pa.Table:
    rows = table.num_rows
    dated = table.add_column(0, "as_of", pa.array([day] * rows, pa.date32()))
    return dated.add_column(0, "market", pa.array([market] * rows, pa.string()))


def _spark_schema(schema: pa.Schema) -> StructType:
    return StructType([*LABELS, *from_arrow_schema(schema).fields])


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)


def make_features(spark: SparkSession, scope: Scope) -> Written:
    """Write the features of the scope's markets."""
    staged = (STAGED_LISTINGS, STAGED_NIGHTS, STAGED_REVIEWS, STAGED_BOOKINGS)
    tables = (read(spark, dataset, scope.lake, scope.partitions).drop("day") for dataset in staged)
    made = features(*tables, as_of=[scope.day]).drop("as_of")
    return write(
        made.withColumn("day", F.lit(scope.day.isoformat())),
        LISTING_FEATURES,
        scope.lake,
        scope.partitions,
        order=("listing_id",),
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the job."""
    with running("listing_features", arguments) as job:
        job.report(make_features(job.spark, job.scope))


if __name__ == "__main__":
    start("pipelines.spark_jobs.listing_features")
