"""What is really under test: the staged datasets have the columns that `lodestay.staged` promises their readers."""

from __future__ import annotations

import psycopg
import pytest
from pyspark.sql import SparkSession

from lodestay.staged import COLUMNS
from pipelines.spark_jobs.export import export, snapshot_of
from pipelines.spark_jobs.job import Scope
from pipelines.spark_jobs.stage import stage
from pipelines.spark_jobs.stage_events import stage_events
from pipelines.writing import publish
from tests.pipelines.test_export import LISTING, MARKETS, PLAN, SCOPE_DAY


@pytest.mark.spark
def test_columns_are_written_as_promised(spark: SparkSession, database_url: str, lake: str) -> None:
    """Every staged dataset has exactly its columns, each of its type."""
    scope = Scope(SCOPE_DAY, ("antwerp",), lake)
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(MARKETS)
        connection.execute(PLAN, connection.execute(LISTING, {"market": "antwerp", "source_id": "1"}).fetchone())
    with snapshot_of(database_url) as source:
        for exported in export(spark, source, scope):
            publish(exported.waiting, lake)
    written = {one.dataset: one.schema for one in (*stage(spark, scope), *stage_events(spark, scope).written)}
    for dataset, promised in COLUMNS.items():
        assert dict(zip(written[dataset].names, written[dataset].types, strict=True)) == dict(
            zip(promised.names, promised.types, strict=True)
        )
