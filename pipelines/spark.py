"""The one place where a Spark session is made.

A running Spark Connect server (``LODESTAY_SPARK_REMOTE``, or the one `lodestay up` started) gives a
session in 1.5 s; without one, a JVM of our own takes 5 to 8 s and is as large as the server would be
(``LODESTAY_SPARK_THREADS``, ``LODESTAY_SPARK_MEMORY``). The jobs use only what both kinds offer: no RDD,
no ``_jdf``.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from pyspark.sql import SparkSession

from lodestay.errors import ServiceUnavailable
from lodestay.local.artifacts import postgresql_jdbc
from lodestay.local.java import find_java
from lodestay.local.options import local_options
from lodestay.local.spark_connect import SparkConnect
from lodestay.settings import get_settings

JDBC_DRIVER = "org.postgresql.Driver"

RUNTIME = {
    # Dates and instants mean the same on every machine.
    "spark.sql.session.timeZone": "UTC",
    # 200 shuffle tasks of a few rows each would take longer than the work.
    "spark.sql.shuffle.partitions": "4",
    # The default, INT96, is read as a timestamp by Spark alone.
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    # A market whose key is `2024` is not a number.
    "spark.sql.sources.partitionColumnTypeInference.enabled": "false",
    # Arrow batches that hand Python whole groups of listings.
    "spark.sql.execution.arrow.maxRecordsPerBatch": "20000",
}
"""Settings a session may choose for itself, on a server too."""


def spark_session(name: str) -> SparkSession:
    """Open a session: on the Spark Connect server that the settings name, else in a JVM of this process.

    Parameters
    ----------
    name
        What the session is for, shown by Spark.

    Raises
    ------
    ServiceUnavailable
        The server does not answer.
    """
    remote = get_settings().spark_remote
    with _quiet():
        session = _connected(name, remote) if remote else _local(name)
        for key, value in RUNTIME.items():
            session.conf.set(key, value)
    return session


def _connected(name: str, remote: str) -> SparkSession:
    # Asked here, because the client alone would try for minutes before it says so.
    if silence := SparkConnect().silence(remote):
        raise ServiceUnavailable(
            f"Cannot connect to Spark: {silence}.", hint="See `lodestay status`, or mend LODESTAY_SPARK_REMOTE."
        )
    return SparkSession.builder.appName(name).remote(remote).getOrCreate()


def _local(name: str) -> SparkSession:
    # Driver and workers run this very Python, whatever `python3` is on the path.
    os.environ["PYSPARK_PYTHON"] = os.environ["PYSPARK_DRIVER_PYTHON"] = sys.executable
    os.environ["JAVA_HOME"] = str(find_java(os.environ, usable=lambda _home: True).home)
    size = local_options()
    builder = SparkSession.builder.appName(name).master(f"local[{size.spark_threads}]")
    options = {
        "spark.ui.enabled": "false",
        "spark.driver.memory": size.spark_memory,
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.jars": str(postgresql_jdbc()),  # a Connect server has it on its own class path
        "spark.log.level": "WARN",
    }
    for key, value in options.items():
        builder = builder.config(key, value)
    return builder.getOrCreate()


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep PySpark's remark on pandas 3 out of every job's output: no job goes through pandas."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="PySpark does not yet fully support pandas", category=FutureWarning)
        yield
