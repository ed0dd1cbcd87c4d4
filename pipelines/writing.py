"""Writing partitions with Spark: rows wait where nobody reads, and are published by one rename a partition.

What is written waits in a small lake of its own until it was held against its contract
(:mod:`pipelines.checks.gate`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow.fs import FileSelector, FileSystem
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F  # noqa: N812 - as everybody calls it
from pyspark.sql.pandas.types import to_arrow_schema

from lodestay.lake import Dataset
from pipelines.partitions import FILE, Partition, filesystem_of, folder, spark_address, values_of

INCOMING = "_incoming"
"""Folder of the lake in which Spark writes before the swap; the underscore hides it from every reader."""
REFUSED = "_refused"
"""Folder of the lake for the last rows of a partition that broke their contract, laid out as the lake is."""

PLACE = "_place"
"""Column that says, while writing, which partition a row goes to."""


@dataclass(frozen=True)
class Waiting:
    """Partitions that were written and that nobody reads yet.

    Attributes
    ----------
    incoming
        Address of the small lake in which they lie, which holds nothing else.
    """

    dataset: Dataset
    partitions: tuple[Partition, ...]
    incoming: str


@dataclass(frozen=True)
class Written:
    """What a write left, waiting to be published.

    Attributes
    ----------
    rows
        Number of rows of each partition, by its values.
    schema
        Columns, the partitions' own without.
    incoming
        As in :class:`Waiting`.
    """

    dataset: Dataset
    rows: dict[Partition, int]
    schema: pa.Schema
    incoming: str

    @property
    def row_count(self) -> int:
        """Rows over all partitions written."""
        return sum(self.rows.values())

    @property
    def waiting(self) -> Waiting:
        """The partitions, to be published."""
        return Waiting(self.dataset, tuple(self.rows), self.incoming)


def write(
    frame: DataFrame, dataset: Dataset, lake: str, partitions: Sequence[Partition], *, order: Sequence[str]
) -> Written:
    """Write partitions whole, each to a file that waits to be published.

    Parameters
    ----------
    frame
        The rows, partition columns included.
    partitions
        Which partitions are to be replaced; rows of another one are an error.
    order
        Columns by which the rows of a file are sorted: same input, same file, and small ones.

    Raises
    ------
    ValueError
        Where `frame` has rows of a partition that was not named.
    """
    incoming = f"{lake}/{INCOMING}/{uuid4().hex}"
    try:
        return _write(frame, dataset, incoming, partitions, order)
    except BaseException:
        discard(incoming)
        raise


def _write(
    frame: DataFrame, dataset: Dataset, incoming: str, partitions: Sequence[Partition], order: Sequence[str]
) -> Written:
    keys = list(dataset.partitions)
    filesystem, root = filesystem_of(incoming)
    schema = to_arrow_schema(frame.drop(*keys).schema, timezone="UTC")
    # One folder a place in `partitions`. By the columns themselves Spark would lose the order of the rows:
    # `day` is a constant, which it leaves out of sorts, and then sorts again to write.
    placed = frame.withColumn(PLACE, _place(keys, partitions)).drop(*keys)
    shuffled = placed.repartition(PLACE).sortWithinPartitions(PLACE, *order)
    shuffled.write.partitionBy(PLACE).parquet(spark_address(incoming))
    fresh = _fresh_files(filesystem, root)
    if fresh.keys() - {str(place) for place in range(len(partitions))}:
        raise ValueError(f"{dataset.layer}/{dataset.name}: rows of partitions that were not named.")
    rows = {}
    for place, partition in enumerate(partitions):
        source = fresh.get(str(place)) or _empty_file(filesystem, root, schema)
        rows[partition] = pq.read_metadata(source, filesystem=filesystem).num_rows
        swap(filesystem, source, filesystem_of(folder(dataset, incoming, partition))[1])
    return Written(dataset, rows, schema, incoming)


def publish(waiting: Waiting, lake: str) -> None:
    """Put partitions that wait in the place of the lake's own, one after the other."""
    for partition in waiting.partitions:
        filesystem, source = filesystem_of(f"{folder(waiting.dataset, waiting.incoming, partition)}/{FILE}")
        swap(filesystem, source, filesystem_of(folder(waiting.dataset, lake, partition))[1])
    discard(waiting.incoming)


def discard(incoming: str) -> None:
    """Remove what waits."""
    filesystem, root = filesystem_of(incoming)
    with suppress(FileNotFoundError):
        filesystem.delete_dir(root)


def sweep(lake: str, *, before: datetime) -> None:
    """Remove what processes that died have left waiting, as far as nothing of it is younger than an instant."""
    filesystem, root = filesystem_of(f"{lake}/{INCOMING}")
    infos = filesystem.get_file_info(FileSelector(root, recursive=True, allow_not_found=True))
    newest_of: dict[str, datetime] = {}
    for info in infos:
        if info.mtime is not None:
            name = info.path.removeprefix(f"{root}/").partition("/")[0]
            newest_of[name] = max(info.mtime, newest_of.get(name, info.mtime))
    for name, changed_at in newest_of.items():
        if changed_at < before:
            discard(f"{lake}/{INCOMING}/{name}")


@contextmanager
def spilled(frame: DataFrame, lake: str) -> Iterator[DataFrame]:
    """Compute a frame once for several readers, in a folder that goes with the block.

    Never `DataFrame.cache`: every session of a Spark Connect server shares one cache, which knows a plan by
    the names of its files, and would hand the next run the rows of files that have been replaced since.
    """
    path = f"{lake}/{INCOMING}/{uuid4().hex}"
    try:
        frame.write.parquet(spark_address(path))
        yield frame.sparkSession.read.parquet(spark_address(path))
    finally:
        discard(path)


def swap(filesystem: FileSystem, source: str, target_folder: str) -> None:
    """Put a finished file in the place of a partition's, in one rename."""
    filesystem.create_dir(target_folder, recursive=True)
    filesystem.move(source, f"{target_folder}/{FILE}")


def _place(keys: Sequence[str], partitions: Sequence[Partition]) -> Column:
    """Place of a row's partition in `partitions`, null for another one's."""
    entries = [F.lit(word) for place, partition in enumerate(partitions) for word in ("|".join(partition), str(place))]
    return F.create_map(*entries)[F.concat_ws("|", *(F.col(key).cast("string") for key in keys))]


def _fresh_files(filesystem: FileSystem, root: str) -> dict[str, str]:
    """Files that Spark wrote, by place."""
    infos = filesystem.get_file_info(FileSelector(root, recursive=True, allow_not_found=True))
    return {values_of(info.path, root)[0]: info.path for info in infos if info.path.endswith(".parquet")}


def _empty_file(filesystem: FileSystem, root: str, schema: pa.Schema) -> str:
    filesystem.create_dir(root, recursive=True)
    path = f"{root}/{uuid4().hex}.parquet"
    pq.write_table(schema.empty_table(), path, filesystem=filesystem)
    return path
