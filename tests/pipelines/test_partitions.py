"""What is really under test: a partition is the old one or the new one, whatever happens in between."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812 - as everybody calls it

from lodestay.lake import Dataset, Layer
from pipelines import partitions
from pipelines.partitions import INCOMING, day_partitions, newest, outdated, read, read_table, write

pytestmark = pytest.mark.spark

DATASET = Dataset(Layer.STAGED, "things")
DAY = date(2026, 3, 1)
BOTH = day_partitions(DAY, ["a", "b"])


def _things(spark: SparkSession, **by_market: list[int]) -> DataFrame:
    rows = [(DAY.isoformat(), market, number) for market, numbers in by_market.items() for number in numbers]
    return spark.createDataFrame(rows, "day string, market string, number bigint")


def _numbers(lake: str, market: str) -> list[int]:
    return list(read_table(DATASET, lake, (DAY.isoformat(), market), columns=["number"])["number"].to_pylist())


def test_write_then_read(spark: SparkSession, lake: str) -> None:
    """Rows come back with their partition, the day as a date; counts are those of the files."""
    written = write(_things(spark, a=[2, 1], b=[3]), DATASET, lake, BOTH, order=["number"])
    assert written.rows == {("2026-03-01", "a"): 2, ("2026-03-01", "b"): 1}
    rows = read(spark, DATASET, lake, BOTH).orderBy("number").collect()
    assert [(row.day, row.market, row.number) for row in rows] == [(DAY, "a", 1), (DAY, "a", 2), (DAY, "b", 3)]


def test_rerun_replaces(spark: SparkSession, lake: str) -> None:
    """The same run again leaves the same rows, another one only its own: nothing is added."""
    for _ in range(2):
        write(_things(spark, a=[1, 2], b=[3]), DATASET, lake, BOTH, order=["number"])
    assert _numbers(lake, "a") == [1, 2]
    write(_things(spark, a=[9], b=[]), DATASET, lake, BOTH, order=["number"])
    assert (_numbers(lake, "a"), _numbers(lake, "b")) == ([9], [])
    assert not list(Path(lake, INCOMING).iterdir())


def test_rows_lie_in_order(spark: SparkSession, lake: str) -> None:
    """Rows of a file are in the order asked for, though its day is a constant: the same rows give the same file."""
    frame = spark.range(0, 5000, 1, 8).selectExpr("id * 7919 % 5000 AS number", "if(id % 2 = 0, 'a', 'b') AS market")
    write(frame.withColumn("day", F.lit(DAY.isoformat())), DATASET, lake, BOTH, order=["number"])
    for market in "ab":
        numbers = _numbers(lake, market)
        assert len(numbers) == 2500
        assert numbers == sorted(numbers)


def test_partition_without_rows_has_columns(spark: SparkSession, lake: str) -> None:
    """A market with nothing to tell has a file with the columns, so that it differs from one not made yet."""
    write(_things(spark, a=[1]), DATASET, lake, BOTH, order=["number"])
    empty, full = (pq.read_schema(f"{DATASET.partition(lake, day=DAY, market=m)}/part-0.parquet") for m in "ba")
    assert empty.names == full.names == ["number"]
    assert empty.field("number").type == full.field("number").type


def test_rows_of_another_partition_are_refused(spark: SparkSession, lake: str) -> None:
    """A job that makes rows for a market it was not asked for writes nothing at all."""
    with pytest.raises(ValueError, match="not named"):
        write(_things(spark, a=[1], c=[2]), DATASET, lake, BOTH, order=["number"])
    assert not Path(DATASET.path(lake)).exists()


def test_crash_between_write_and_swap(spark: SparkSession, lake: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed after the first of two swaps: the first partition is new, the second old, neither is half."""
    write(_things(spark, a=[1], b=[2]), DATASET, lake, BOTH, order=["number"])
    swap = partitions.swap
    swapped: list[object] = []

    def crash(*arguments: object) -> None:
        if swapped:
            raise OSError("killed")
        swapped.append(arguments)
        swap(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(partitions, "swap", crash)
    with pytest.raises(OSError, match="killed"):
        write(_things(spark, a=[10, 11], b=[20, 21]), DATASET, lake, BOTH, order=["number"])
    assert (_numbers(lake, "a"), _numbers(lake, "b")) == ([10, 11], [2])
    monkeypatch.undo()
    write(_things(spark, a=[10, 11], b=[20, 21]), DATASET, lake, BOTH, order=["number"])
    assert (_numbers(lake, "a"), _numbers(lake, "b")) == ([10, 11], [20, 21])


def test_newest_and_outdated(spark: SparkSession, lake: str) -> None:
    """The newest day of each market is found, none after the day asked; a source written later outdates."""
    later = Dataset(Layer.TRAINING, "things")
    write(_things(spark, a=[1], b=[2]), DATASET, lake, BOTH, order=["number"])
    assert newest(DATASET, lake, until=DAY) == BOTH
    assert newest(DATASET, lake, until=date(2026, 2, 1)) == []
    assert outdated(later, DATASET, lake) == set(BOTH)
    write(_things(spark, a=[1]), later, lake, BOTH[:1], order=["number"])
    assert outdated(later, DATASET, lake) == {BOTH[1]}
