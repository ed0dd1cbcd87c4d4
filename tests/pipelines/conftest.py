"""One Spark session for all tests, and tables of a few rows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from pipelines.spark import spark_session


@pytest.fixture(scope="session")
def spark(spark_remote: str) -> Iterator[SparkSession]:
    """A session on the tests' Spark Connect server, made as the jobs make theirs."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("SPARK_REMOTE", spark_remote)
        session = spark_session("tests")
        yield session
        session.stop()


@pytest.fixture
def lake(tmp_path: Path) -> str:
    """An empty lake."""
    return str(tmp_path / "lake")
