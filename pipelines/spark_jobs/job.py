"""What every job shares: its arguments, its session, its report."""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from importlib import import_module
from typing import Any

import pyarrow as pa
from dagster_pipes import DagsterPipesWarning, PipesContext, PipesEnvVarParamsLoader, open_dagster_pipes
from pyspark.sql import SparkSession

from lodestay.errors import LodestayError
from lodestay.lake import Dataset
from lodestay.settings import get_settings
from pipelines.checks.contracts import CONTRACT
from pipelines.checks.gate import settle
from pipelines.partitions import Partition, day_partitions
from pipelines.spark import spark_session
from pipelines.writing import Written, sweep

PARTITIONS = "partitions"
"""Metadata that counts the rows of each partition written, by its values joined with ``|``."""
INCOMING = "incoming"
"""Metadata that says where the partitions wait to be published."""
LEFT_BEHIND = timedelta(days=1)
"""Age of what waits in the lake though nobody will publish it: no job works for so long."""


@dataclass(frozen=True)
class Scope:
    """What a job is asked to make.

    Attributes
    ----------
    day
        Day of the partitions written.
    markets
        Their markets, sorted.
    lake
        Address of the lake.
    """

    day: date
    markets: tuple[str, ...]
    lake: str

    @property
    def partitions(self) -> list[Partition]:
        """The partitions of a dataset by day and market."""
        return day_partitions(self.day, self.markets)


@dataclass(frozen=True)
class Job:
    """A job under way: its scope, and the way to report what it made.

    Attributes
    ----------
    by_hand
        Whether a person runs it rather than Dagster, which would check and publish what it wrote.
    """

    name: str
    scope: Scope
    pipes: PipesContext
    by_hand: bool

    @cached_property
    def spark(self) -> SparkSession:
        """The job's session, opened when it is first asked for."""
        return spark_session(f"lodestay {self.name}")

    def report(self, *written: Written, **metadata: Any) -> None:
        """Hand over everything that the job wrote: to Dagster, or by hand to the gate in this process.

        Raises
        ------
        RowsRefused
            By hand: the rows break their contract.
        """
        for one in written:
            self.materialized(
                asset_key(one.dataset),
                {
                    **row_metadata(one),
                    "dagster/column_schema": column_schema(one.schema),
                    INCOMING: one.incoming,
                    **metadata,
                },
            )
        if self.by_hand and (refusal := settle([one.waiting for one in written], self.scope.lake).refusal):
            raise refusal
        for one in written:
            print(f"{asset_key(one.dataset)}: {one.row_count:,} rows")

    def materialized(self, key: str, metadata: dict[str, Any]) -> None:
        """Report one asset with metadata of its own."""
        self.pipes.report_asset_materialization(metadata=metadata, asset_key=key)

    def checked(self, key: str, metadata: dict[str, Any]) -> None:
        """Report that an asset keeps its contract, which the job itself has asked."""
        self.pipes.report_asset_check(check_name=CONTRACT, passed=True, metadata=metadata, asset_key=key)


def asset_key(dataset: Dataset) -> str:
    """Key of the dataset's asset in Dagster."""
    return f"{dataset.layer}/{dataset.name}"


def row_metadata(written: Written) -> dict[str, Any]:
    """Row counts, in all and by partition."""
    by_partition = {"|".join(partition): rows for partition, rows in written.rows.items()}
    return {"dagster/row_count": written.row_count, PARTITIONS: {"type": "json", "raw_value": by_partition}}


def column_schema(schema: pa.Schema) -> dict[str, Any]:
    """Columns and types, as Dagster shows them."""
    columns = [{"name": field.name, "type": str(field.type)} for field in schema]
    return {"type": "table_schema", "raw_value": {"columns": columns}}


@contextmanager
def running(name: str, arguments: Sequence[str] | None) -> Iterator[Job]:
    """Run a job: read its arguments, report through Pipes where Dagster started it.

    An error that a person can mend ends the process with its sentence and hint instead of a stack; any
    other one says its first line, which is what the run is reported with.
    """
    scope = parse_scope(name, arguments)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DagsterPipesWarning)  # by hand there is nobody to report to
        pipes = open_dagster_pipes()
    by_hand = not PipesEnvVarParamsLoader().is_dagster_pipes_process()  # type: ignore[no-untyped-call]
    with pipes:
        try:
            sweep(scope.lake, before=datetime.now(UTC) - LEFT_BEHIND)
            yield Job(name, scope, pipes, by_hand)
        except LodestayError as error:
            said = " ".join(filter(None, (error.detail, error.hint)))
            pipes.log.error(said)  # noqa: TRY400 - the sentence is the message
            print(said, file=sys.stderr)
            raise SystemExit(error.exit_code) from error
        except Exception as error:
            first_line = str(error).strip().partition("\n")[0]
            pipes.log.error("%s: %s", type(error).__name__, first_line)  # noqa: TRY400 - the stack follows by itself
            raise


def parse_scope(name: str, arguments: Sequence[str] | None) -> Scope:
    """Read ``--day``, ``--market`` (once or more) and ``--lake``."""
    parser = argparse.ArgumentParser(prog=f"python -m pipelines.spark_jobs.{name}")
    parser.add_argument("--day", type=date.fromisoformat, required=True, help="day of the partitions, 2026-11-22")
    parser.add_argument("--market", action="append", required=True, dest="markets", help="a market's key; may repeat")
    parser.add_argument("--lake", default=get_settings().lake, help="address of the lake; default: the settings'")
    given = parser.parse_args(arguments)
    return Scope(given.day, tuple(sorted(set(given.markets))), given.lake.rstrip("/"))


def start(module: str) -> None:
    """Run a job's `main` from its module under its own name.

    What is defined in ``__main__`` is sent to Spark's workers by value, with a fresh copy of every global
    for each task: an embedding model would be loaded a hundred times. What is imported is sent by name.
    """
    import_module(module).main()
