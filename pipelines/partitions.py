"""Partitions of the lake: which there are, and reading them, with Spark and without.

A partition is one Parquet file, ``part-0.parquet``, and is replaced by one rename: a reader sees the old
rows or the new ones, whatever breaks in between, on a disk as on an object store (where a rename is a
copy of one object, which appears whole). A partition without rows is a file without rows, so that
"nothing there" and "not made yet" differ and every reader finds the columns.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyarrow.fs import FileSystem, FileType
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812 - as everybody calls it

from lodestay.lake import Dataset, partition_files

FILE = "part-0.parquet"
Partition = tuple[str, ...]
"""Values of a dataset's partition columns, in order."""


def day_partitions(day: date, markets: Iterable[str]) -> list[Partition]:
    """Partitions of a dataset by day and market, for one day."""
    return [(day.isoformat(), market) for market in markets]


def folder(dataset: Dataset, lake: str, partition: Partition) -> str:
    """Folder of a partition."""
    steps = "/".join(f"{name}={value}" for name, value in zip(dataset.partitions, partition, strict=True))
    return f"{dataset.path(lake)}/{steps}"


def exists(dataset: Dataset, lake: str, partition: Partition) -> bool:
    """Whether a partition has been written."""
    filesystem, path = filesystem_of(f"{folder(dataset, lake, partition)}/{FILE}")
    return bool(filesystem.get_file_info(path).type is FileType.File)


def newest(dataset: Dataset, lake: str, *, until: date) -> list[Partition]:
    """Newest partition of each market of a dataset by day and market, none later than a day."""
    by_market: dict[str, str] = {}
    for day, market in written_at(dataset, lake):
        if day <= until.isoformat():
            by_market[market] = max(day, by_market.get(market, day))
    return sorted((day, market) for market, day in by_market.items())


def outdated(target: Dataset, source: Dataset, lake: str) -> set[Partition]:
    """Partitions of `source` that `target`, partitioned alike, lacks or was written before."""
    made, there = written_at(target, lake), written_at(source, lake)
    return {partition for partition, at in there.items() if partition not in made or made[partition] <= at}


def written_at(dataset: Dataset, lake: str) -> dict[Partition, datetime]:
    """When each partition of a dataset was swapped in."""
    return {
        tuple(file.partition[name] for name in dataset.partitions): file.modified_at
        for file in partition_files(dataset, lake)
    }


def read_table(dataset: Dataset, lake: str, partition: Partition, *, columns: Sequence[str]) -> pa.Table:
    """Read some columns of one partition without Spark."""
    filesystem, path = filesystem_of(f"{folder(dataset, lake, partition)}/{FILE}")
    return pq.read_table(path, columns=list(columns), filesystem=filesystem, partitioning=None)


def read_rows(dataset: Dataset, lake: str, partition: Partition, condition: pc.Expression) -> pa.Table:
    """Read the rows of one partition that meet a condition, without Spark."""
    filesystem, path = filesystem_of(f"{folder(dataset, lake, partition)}/{FILE}")
    return pq.read_table(path, filters=condition, filesystem=filesystem, partitioning=None)


def read(spark: SparkSession, dataset: Dataset, lake: str, partitions: Sequence[Partition]) -> DataFrame:
    """Read partitions that have been written; `day` comes as a date, the other partition columns as text."""
    files = [spark_address(f"{folder(dataset, lake, partition)}/{FILE}") for partition in partitions]
    frame = spark.read.option("basePath", spark_address(dataset.path(lake))).parquet(*files)
    return frame.withColumn("day", F.col("day").cast("date")) if "day" in dataset.partitions else frame


def spark_address(path: str) -> str:
    """The address as Hadoop writes it."""
    return path.replace("s3://", "s3a://", 1)


def filesystem_of(path: str) -> tuple[FileSystem, str]:
    """The file system of an address, and the path in it."""
    filesystem, inner = FileSystem.from_uri(path)
    return filesystem, inner


def values_of(path: str, root: str) -> Partition:
    """Values of the partition columns in a file's path."""
    return tuple(step.partition("=")[2] for step in path.removeprefix(f"{root}/").split("/")[:-1])
