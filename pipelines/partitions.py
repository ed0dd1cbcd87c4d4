"""Reading and writing partitions of the lake with Spark.

A partition is one Parquet file, ``part-0.parquet``, and is replaced by one rename: a reader sees the old
rows or the new ones, whatever breaks in between, on a disk as on an object store (where a rename is a
copy of one object, which appears whole). A partition without rows is a file without rows, so that
"nothing there" and "not made yet" differ and every reader finds the columns.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date, datetime
from uuid import uuid4

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyarrow.fs import FileSelector, FileSystem, FileType
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812 - as everybody calls it
from pyspark.sql.pandas.types import to_arrow_schema

from lodestay.lake import Dataset

FILE = "part-0.parquet"
INCOMING = "_incoming"
"""Folder of the lake in which Spark writes before the swap; the underscore hides it from every reader."""

PLACE = "_place"
"""Column that says, while writing, which partition a row goes to."""

Partition = tuple[str, ...]
"""Values of a dataset's partition columns, in order."""


@dataclass(frozen=True)
class Written:
    """What a write left in the lake.

    Attributes
    ----------
    rows
        Number of rows of each partition, by its values.
    schema
        Columns, the partitions' own without.
    """

    dataset: Dataset
    rows: dict[Partition, int]
    schema: pa.Schema

    @property
    def row_count(self) -> int:
        """Rows over all partitions written."""
        return sum(self.rows.values())


def day_partitions(day: date, markets: Iterable[str]) -> list[Partition]:
    """Partitions of a dataset by day and market, for one day."""
    return [(day.isoformat(), market) for market in markets]


def folder(dataset: Dataset, lake: str, partition: Partition) -> str:
    """Folder of a partition."""
    steps = "/".join(f"{name}={value}" for name, value in zip(dataset.partitions, partition, strict=True))
    return f"{dataset.path(lake)}/{steps}"


def exists(dataset: Dataset, lake: str, partition: Partition) -> bool:
    """Whether a partition has been written."""
    filesystem, path = _filesystem(f"{folder(dataset, lake, partition)}/{FILE}")
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
    filesystem, root = _filesystem(dataset.path(lake))
    infos = filesystem.get_file_info(FileSelector(root, recursive=True, allow_not_found=True))
    return {_values(info.path, root): info.mtime for info in infos if info.base_name == FILE}


def read_table(dataset: Dataset, lake: str, partition: Partition, *, columns: Sequence[str]) -> pa.Table:
    """Read some columns of one partition without Spark."""
    filesystem, path = _filesystem(f"{folder(dataset, lake, partition)}/{FILE}")
    return pq.read_table(path, columns=list(columns), filesystem=filesystem, partitioning=None)


def read_rows(dataset: Dataset, lake: str, partition: Partition, condition: pc.Expression) -> pa.Table:
    """Read the rows of one partition that meet a condition, without Spark."""
    filesystem, path = _filesystem(f"{folder(dataset, lake, partition)}/{FILE}")
    return pq.read_table(path, filters=condition, filesystem=filesystem, partitioning=None)


def read(spark: SparkSession, dataset: Dataset, lake: str, partitions: Sequence[Partition]) -> DataFrame:
    """Read partitions that have been written; `day` comes as a date, the other partition columns as text."""
    files = [spark_address(f"{folder(dataset, lake, partition)}/{FILE}") for partition in partitions]
    frame = spark.read.option("basePath", spark_address(dataset.path(lake))).parquet(*files)
    return frame.withColumn("day", F.col("day").cast("date")) if "day" in dataset.partitions else frame


def write(
    frame: DataFrame, dataset: Dataset, lake: str, partitions: Sequence[Partition], *, order: Sequence[str]
) -> Written:
    """Write partitions whole, then swap each in.

    Parameters
    ----------
    frame
        The rows, partition columns included.
    partitions
        Which partitions are replaced; rows of another one are an error.
    order
        Columns by which the rows of a file are sorted: same input, same file, and small ones.

    Raises
    ------
    ValueError
        Where `frame` has rows of a partition that was not named.
    """
    keys = list(dataset.partitions)
    incoming = f"{lake}/{INCOMING}/{uuid4().hex}"
    filesystem, root = _filesystem(incoming)
    schema = to_arrow_schema(frame.drop(*keys).schema, timezone="UTC")
    try:
        # One folder a place in `partitions`. By the columns themselves Spark would lose the order of the rows:
        # `day` is a constant, which it leaves out of sorts, and then sorts again to write.
        placed = frame.withColumn(PLACE, _place(keys, partitions)).drop(*keys)
        shuffled = placed.repartition(PLACE).sortWithinPartitions(PLACE, *order)
        shuffled.write.partitionBy(PLACE).parquet(spark_address(incoming))
        fresh = _fresh_files(filesystem, root)
        if fresh.keys() - {str(place) for place in range(len(partitions))}:
            raise ValueError(f"{dataset.path(lake)}: rows of partitions that were not named.")
        rows = {}
        for place, partition in enumerate(partitions):
            source = fresh.get(str(place)) or _empty_file(filesystem, root, schema)
            rows[partition] = pq.read_metadata(source, filesystem=filesystem).num_rows
            swap(filesystem, source, _filesystem(folder(dataset, lake, partition))[1])
    finally:
        with suppress(FileNotFoundError):
            filesystem.delete_dir(root)
    return Written(dataset, rows, schema)


@contextmanager
def spilled(frame: DataFrame, lake: str) -> Iterator[DataFrame]:
    """Compute a frame once for several readers, in a folder that goes with the block.

    Never `DataFrame.cache`: every session of a Spark Connect server shares one cache, which knows a plan by
    the names of its files, and would hand the next run the rows of files that have been replaced since.
    """
    path = f"{lake}/{INCOMING}/{uuid4().hex}"
    filesystem, root = _filesystem(path)
    try:
        frame.write.parquet(spark_address(path))
        yield frame.sparkSession.read.parquet(spark_address(path))
    finally:
        with suppress(FileNotFoundError):
            filesystem.delete_dir(root)


def swap(filesystem: FileSystem, source: str, target_folder: str) -> None:
    """Put a finished file in the place of a partition's, in one rename."""
    filesystem.create_dir(target_folder, recursive=True)
    filesystem.move(source, f"{target_folder}/{FILE}")


def spark_address(path: str) -> str:
    """The address as Hadoop writes it."""
    return path.replace("s3://", "s3a://", 1)


def _filesystem(path: str) -> tuple[FileSystem, str]:
    filesystem, inner = FileSystem.from_uri(path)
    return filesystem, inner


def _place(keys: Sequence[str], partitions: Sequence[Partition]) -> Column:
    """Place of a row's partition in `partitions`, null for another one's."""
    entries = [F.lit(word) for place, partition in enumerate(partitions) for word in ("|".join(partition), str(place))]
    return F.create_map(*entries)[F.concat_ws("|", *(F.col(key).cast("string") for key in keys))]


def _fresh_files(filesystem: FileSystem, root: str) -> dict[str, str]:
    """Files that Spark wrote, by place."""
    infos = filesystem.get_file_info(FileSelector(root, recursive=True, allow_not_found=True))
    return {_values(info.path, root)[0]: info.path for info in infos if info.path.endswith(".parquet")}


def _values(path: str, root: str) -> Partition:
    """Values of the partition columns in a file's path."""
    return tuple(step.partition("=")[2] for step in path.removeprefix(f"{root}/").split("/")[:-1])


def _empty_file(filesystem: FileSystem, root: str, schema: pa.Schema) -> str:
    filesystem.create_dir(root, recursive=True)
    path = f"{root}/{uuid4().hex}.parquet"
    pq.write_table(schema.empty_table(), path, filesystem=filesystem)
    return path
