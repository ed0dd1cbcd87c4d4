"""Raw → staged: listings, nights, bookings and reviews of one day."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812 - as everybody calls it

from lodestay.lake import RAW, STAGED_BOOKINGS, STAGED_LISTINGS, STAGED_NIGHTS, STAGED_REVIEWS
from pipelines.partitions import read
from pipelines.spark_jobs.calendars import staged_nights
from pipelines.spark_jobs.job import Scope, running, start
from pipelines.spark_jobs.stage_tables import staged_bookings, staged_listings, staged_reviews
from pipelines.writing import Written, write
from transactional.calendars.rules import Window

NIGHTS_BACK = 180
"""Nights before the day that are kept, so that occupancy and prices of the past half year can be learnt from."""
NIGHTS_AHEAD = 366


def stage(spark: SparkSession, scope: Scope) -> list[Written]:
    """Write the staged tables of the scope's markets."""

    def raw(table: str) -> DataFrame:
        return read(spark, RAW[table], scope.lake, scope.partitions).drop("day")

    window = Window(scope.day - timedelta(days=NIGHTS_BACK), scope.day + timedelta(days=NIGHTS_AHEAD))
    booked = raw("bookings").select("booking_id", F.col("created_at").alias("taken_at"))
    exported = raw("markets").select("market", "exported_at")
    occupancy = raw("occupancy").join(booked, "booking_id", "left").join(F.broadcast(exported), "market")
    nights = staged_nights(raw("rate_plans"), raw("seasons"), raw("calendar_nights"), occupancy, window)
    listings = staged_listings(
        raw("listings"), raw("host_profiles"), raw("neighbourhoods"), raw("rate_plans"), raw("markets")
    )
    tables = (
        (STAGED_NIGHTS, nights, ("listing_id", "night")),
        (STAGED_LISTINGS, listings, ("listing_id",)),
        (STAGED_BOOKINGS, staged_bookings(raw("bookings"), raw("markets")), ("listing_id", "created_at", "booking_id")),
        (STAGED_REVIEWS, staged_reviews(raw("reviews")), ("listing_id", "written_on", "review_id")),
    )
    with ThreadPoolExecutor(2) as pool:
        written = [
            pool.submit(
                write,
                frame.withColumn("day", F.lit(scope.day.isoformat())),
                dataset,
                scope.lake,
                scope.partitions,
                order=order,
            )
            for dataset, frame, order in tables
        ]
        return [one.result() for one in written]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the job."""
    with running("stage", arguments) as job:
        job.report(*stage(job.spark, job.scope))


if __name__ == "__main__":
    start("pipelines.spark_jobs.stage")
