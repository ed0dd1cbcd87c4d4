"""Event files → staged searches and impressions, day by day on which they happened.

A run stages every day whose files are newer than what was staged of it, so one run catches up on a
whole history and the daily run on a day. It stages what lies there, whichever markets it is run for: a
search that names no market and finds nothing lies in a folder of its own, and a click may lie under
another market than its search.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812 - as everybody calls it

from lodestay.lake import RAW_EVENTS, REJECTED_EVENTS, STAGED_IMPRESSIONS, STAGED_SEARCHES
from pipelines.event_files import EventFile, event_files, outdated
from pipelines.partitions import Partition, spark_address, written_at
from pipelines.spark_jobs import event_lines
from pipelines.spark_jobs.job import Scope, running, start
from pipelines.writing import Written, spilled, write

DATASETS = (
    (STAGED_SEARCHES, ("occurred_at", "search_id")),
    (STAGED_IMPRESSIONS, ("search_id", "position", "listing_id")),
    (REJECTED_EVENTS, ("file", "line")),
)


@dataclass(frozen=True)
class Staged:
    """What was staged.

    Attributes
    ----------
    files, lines
        How many were read for it; a line that was there twice counts once.
    """

    written: list[Written]
    files: int
    lines: int


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


def stage_events(spark: SparkSession, scope: Scope) -> Staged:
    """Write searches, impressions and rejects of the scope's day and of every day that is out of date.

    Of every market: events lie in folders of markets that the scope does not name, and of none.
    """
    files = event_files(scope.lake)
    wanted = outdated(
        files, written_at(STAGED_IMPRESSIONS, scope.lake), day=scope.day, attribution=event_lines.ATTRIBUTION_DAYS
    )
    wanted |= set(scope.partitions)  # staged even without events: nothing happened is known, too
    days = _read_for(wanted)
    files = [file for file in files if file.partition[0] in days]
    named = spark.createDataFrame(sorted(wanted), "day string, market string")
    with spilled(event_lines.parse(read_lines(spark, files)), scope.lake) as parsed:
        events = event_lines.events(parsed)
        frames = (event_lines.searches(events), event_lines.impressions(events), event_lines.rejects(parsed))
        written = [
            write(
                frame.join(F.broadcast(named), ["day", "market"], "left_semi"),
                dataset,
                scope.lake,
                sorted(wanted),
                order=order,
            )
            for (dataset, order), frame in zip(DATASETS, frames, strict=True)
        ]
        return Staged(written, len(files), parsed.count())


def _read_for(wanted: set[Partition]) -> set[str]:
    """Days that must be read to stage these: their own and those whose clicks still count for them."""
    return {
        (date.fromisoformat(day) + timedelta(days=ahead)).isoformat()
        for day, _ in wanted
        for ahead in range(event_lines.ATTRIBUTION_DAYS + 1)
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the job."""
    with running("stage_events", arguments) as job:
        staged = stage_events(job.spark, job.scope)
        job.report(
            *staged.written,
            source=RAW_EVENTS.path(job.scope.lake),
            source_files=staged.files,
            source_lines=staged.lines,
        )


if __name__ == "__main__":
    start("pipelines.spark_jobs.stage_events")
