"""Event files → staged searches and impressions, day by day on which they happened.

A run stages every day whose files are newer than what was staged of it, so one run catches up on a
whole history and the daily run on a day.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812 - as everybody calls it

from lodestay.lake import RAW_EVENTS, REJECTED_EVENTS, STAGED_IMPRESSIONS, STAGED_SEARCHES
from pipelines.event_files import EventFile, event_files, outdated
from pipelines.partitions import Partition, Written, spark_address, spilled, write, written_at
from pipelines.spark_jobs import event_lines
from pipelines.spark_jobs.job import Scope, running, start

DATASETS = (
    (STAGED_SEARCHES, ("occurred_at", "search_id")),
    (STAGED_IMPRESSIONS, ("search_id", "position", "listing_id")),
    (REJECTED_EVENTS, ("file", "line")),
)


def read_lines(spark: SparkSession, files: Sequence[EventFile]) -> DataFrame:
    """Lines of event files with the file and the partition they lie in."""
    if not files:
        return spark.createDataFrame([], "value string, file string, day string, market string")
    lines = spark.read.text([spark_address(file.path) for file in files])
    path = F.col("_metadata.file_path")
    return lines.select(
        "value",
        F.col("_metadata.file_name").alias("file"),
        F.regexp_extract(path, r"day=([^/]+)", 1).alias("day"),
        F.regexp_extract(path, r"market=([^/]+)", 1).alias("market"),
    )


def stage_events(spark: SparkSession, scope: Scope) -> list[Written]:
    """Write searches, impressions and rejects of the scope's day and of every day that is out of date."""
    files = [file for file in event_files(scope.lake) if file.partition[1] in scope.markets]
    wanted = outdated(
        files, written_at(STAGED_IMPRESSIONS, scope.lake), day=scope.day, attribution=event_lines.ATTRIBUTION_DAYS
    )
    wanted |= set(scope.partitions)  # staged even without events: nothing happened is known, too
    lines = read_lines(spark, [file for file in files if file.partition in _read_for(wanted)])
    named = spark.createDataFrame(sorted(wanted), "day string, market string")
    with spilled(event_lines.parse(lines), scope.lake) as parsed:
        events = event_lines.events(parsed)
        frames = (event_lines.searches(events), event_lines.impressions(events), event_lines.rejects(parsed))
        return [
            write(
                frame.join(F.broadcast(named), ["day", "market"], "left_semi"),
                dataset,
                scope.lake,
                sorted(wanted),
                order=order,
            )
            for (dataset, order), frame in zip(DATASETS, frames, strict=True)
        ]


def _read_for(wanted: set[Partition]) -> set[Partition]:
    """What must be read to stage these: themselves and the days whose clicks still count for them."""
    return wanted | {
        ((date.fromisoformat(day) + timedelta(days=ahead)).isoformat(), market)
        for day, market in wanted
        for ahead in range(1, event_lines.ATTRIBUTION_DAYS + 1)
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the job."""
    with running("stage_events", arguments) as job:
        job.report(*stage_events(job.spark, job.scope), source=RAW_EVENTS.path(job.scope.lake))


if __name__ == "__main__":
    start("pipelines.spark_jobs.stage_events")
