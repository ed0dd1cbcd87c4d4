"""One Spark session for all tests, and tables of a few rows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from lodestay.settings import get_settings
from pipelines.spark import spark_session


@pytest.fixture(scope="session")
def spark(spark_remote: str) -> Iterator[SparkSession]:
    """A session on the tests' Spark Connect server, made as the jobs make theirs."""
    with pytest.MonkeyPatch.context() as environment:
        # Only while it opens: what stays in the environment would reach the jobs of a test that takes Spark away.
        environment.setenv("LODESTAY_SPARK_REMOTE", spark_remote)
        get_settings.cache_clear()
        session = spark_session("tests")
    get_settings.cache_clear()
    yield session
    session.stop()


@pytest.fixture
def lake(tmp_path: Path) -> str:
    """An empty lake."""
    return str(tmp_path / "lake")
