"""What is really under test: a partition is the old one or the new one, whatever happens in between."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812 - as everybody calls it

from lodestay.lake import Dataset, Layer
from pipelines import writing
from pipelines.partitions import Partition, day_partitions, newest, outdated, read, read_table, written_at
from pipelines.writing import INCOMING, Written, publish, sweep, write

pytestmark = pytest.mark.spark

DATASET = Dataset(Layer.STAGED, "things")
DAY = date(2026, 3, 1)
BOTH = day_partitions(DAY, ["a", "b"])


def _things(spark: SparkSession, **by_market: list[int]) -> DataFrame:
    rows = [(DAY.isoformat(), market, number) for market, numbers in by_market.items() for number in numbers]
    return spark.createDataFrame(rows, "day string, market string, number bigint")


def _put(frame: DataFrame, lake: str, named: Sequence[Partition], *, dataset: Dataset = DATASET) -> Written:
    """Write and publish."""
    written = write(frame, dataset, lake, named, order=["number"])
    publish(written.waiting, lake)
    return written


def _numbers(lake: str, market: str) -> list[int]:
    return list(read_table(DATASET, lake, (DAY.isoformat(), market), columns=["number"])["number"].to_pylist())


def test_write_then_read(spark: SparkSession, lake: str) -> None:
    """Rows come back with their partition, the day as a date; counts are those of the files."""
    written = _put(_things(spark, a=[2, 1], b=[3]), lake, BOTH)
    assert written.rows == {("2026-03-01", "a"): 2, ("2026-03-01", "b"): 1}
    rows = read(spark, DATASET, lake, BOTH).orderBy("number").collect()
    assert [(row.day, row.market, row.number) for row in rows] == [(DAY, "a", 1), (DAY, "a", 2), (DAY, "b", 3)]


def test_rerun_replaces(spark: SparkSession, lake: str) -> None:
    """The same run again leaves the same rows, another one only its own: nothing is added."""
    for _ in range(2):
        _put(_things(spark, a=[1, 2], b=[3]), lake, BOTH)
    assert _numbers(lake, "a") == [1, 2]
    _put(_things(spark, a=[9], b=[]), lake, BOTH)
    assert (_numbers(lake, "a"), _numbers(lake, "b")) == ([9], [])
    assert not list(Path(lake, INCOMING).iterdir())


def test_rows_lie_in_order(spark: SparkSession, lake: str) -> None:
    """Rows of a file are in the order asked for, though its day is a constant: the same rows give the same file."""
    frame = spark.range(0, 5000, 1, 8).selectExpr("id * 7919 % 5000 AS number", "if(id % 2 = 0, 'a', 'b') AS market")
    _put(frame.withColumn("day", F.lit(DAY.isoformat())), lake, BOTH)
    for market in "ab":
        numbers = _numbers(lake, market)
        assert len(numbers) == 2500
        assert numbers == sorted(numbers)


def test_partition_without_rows_has_columns(spark: SparkSession, lake: str) -> None:
    """A market with nothing to tell has a file with the columns, so that it differs from one not made yet."""
    _put(_things(spark, a=[1]), lake, BOTH)
    empty, full = (pq.read_schema(f"{DATASET.partition(lake, day=DAY, market=m)}/part-0.parquet") for m in "ba")
    assert empty.names == full.names == ["number"]
    assert empty.field("number").type == full.field("number").type


def test_rows_of_another_partition_are_refused(spark: SparkSession, lake: str) -> None:
    """A job that makes rows for a market it was not asked for writes nothing at all."""
    with pytest.raises(ValueError, match="not named"):
        write(_things(spark, a=[1], c=[2]), DATASET, lake, BOTH, order=["number"])
    assert not Path(DATASET.path(lake)).exists()
    assert not list(Path(lake, INCOMING).iterdir())


def test_what_waits_is_not_read(spark: SparkSession, lake: str) -> None:
    """Until it is published, a new partition is nowhere among those that there are, and the old one is read."""
    _put(_things(spark, a=[1]), lake, BOTH)
    before = written_at(DATASET, lake)
    written = write(_things(spark, a=[2]), DATASET, lake, BOTH, order=["number"])
    assert (_numbers(lake, "a"), written_at(DATASET, lake)) == ([1], before)
    publish(written.waiting, lake)
    assert _numbers(lake, "a") == [2]


def test_crash_while_publishing(spark: SparkSession, lake: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed after the first of two swaps: the first partition is new, the second old, neither is half."""
    _put(_things(spark, a=[1], b=[2]), lake, BOTH)
    written = write(_things(spark, a=[10, 11], b=[20, 21]), DATASET, lake, BOTH, order=["number"])
    swap = writing.swap
    swapped: list[object] = []

    def crash(*arguments: object) -> None:
        if swapped:
            raise OSError("killed")
        swapped.append(arguments)
        swap(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(writing, "swap", crash)
    with pytest.raises(OSError, match="killed"):
        publish(written.waiting, lake)
    assert (_numbers(lake, "a"), _numbers(lake, "b")) == ([10, 11], [2])
    monkeypatch.undo()
    _put(_things(spark, a=[10, 11], b=[20, 21]), lake, BOTH)
    assert (_numbers(lake, "a"), _numbers(lake, "b")) == ([10, 11], [20, 21])


def test_newest_and_outdated(spark: SparkSession, lake: str) -> None:
    """The newest day of each market is found, none after the day asked; a source written later outdates."""
    later = Dataset(Layer.TRAINING, "things")
    _put(_things(spark, a=[1], b=[2]), lake, BOTH)
    assert newest(DATASET, lake, until=DAY) == BOTH
    assert newest(DATASET, lake, until=date(2026, 2, 1)) == []
    assert outdated(later, DATASET, lake) == set(BOTH)
    _put(_things(spark, a=[1]), lake, BOTH[:1], dataset=later)
    assert outdated(later, DATASET, lake) == {BOTH[1]}


def test_what_dead_jobs_left_is_swept(lake: str) -> None:
    """What waits for longer than any job works is removed; what is younger is another's and stays."""
    now = datetime.now(UTC)
    for name, age in (("dead", timedelta(days=2)), ("at_work", timedelta(minutes=1))):
        file = Path(lake, INCOMING, name, "a", "b.parquet")
        file.parent.mkdir(parents=True)
        file.touch()
        for path in (file, file.parent, file.parents[1]):
            os.utime(path, ((now - age).timestamp(), (now - age).timestamp()))
    sweep(lake, before=now - timedelta(days=1))
    assert [path.name for path in Path(lake, INCOMING).iterdir()] == ["at_work"]
