"""Hold rows of the lake against a suite."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from lodestay.lake import Dataset
from pipelines.partitions import Partition, read_table

os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")  # read when the library is imported

if TYPE_CHECKING:
    from pipelines.checks.suites import Suite


@dataclass(frozen=True)
class Verdict:
    """What a suite found.

    Attributes
    ----------
    rows
        Rows that were looked at: all of them.
    expectations
        How many were asked.
    failures
        A line for each that does not hold; empty when the table is as it must be.
    """

    rows: int
    expectations: int
    failures: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether everything holds."""
        return not self.failures

    def __add__(self, other: Verdict) -> Verdict:
        """What the same suite found in both."""
        return Verdict(self.rows + other.rows, self.expectations, (*self.failures, *other.failures))


def validate(dataset: Dataset, lake: str, partitions: Sequence[Partition]) -> Verdict:
    """Hold partitions of a dataset against its suite."""
    suite = suite_of(dataset)
    tables = [read_table(dataset, lake, partition, columns=suite.columns) for partition in partitions]
    return verdict(pa.concat_tables(tables), suite)


def suite_of(dataset: Dataset) -> Suite:
    """The suite of a dataset that has one."""
    with _quiet():
        from pipelines.checks.suites import SUITES  # noqa: PLC0415 - the library takes seconds to import
    return SUITES[dataset]()


def verdict(rows: pa.Table, suite: Suite) -> Verdict:
    """Hold a table against a suite."""
    # Dates as datetime64 rather than Python objects: a hundred times faster to compare.
    frame = rows.to_pandas(date_as_object=False)
    with _quiet():
        from great_expectations import ExpectationSuite  # noqa: PLC0415

        found = (
            batches()
            .get_batch(batch_parameters={"dataframe": frame})
            .validate(ExpectationSuite(name="contract", expectations=list(suite.expectations)))
        )
    failures = tuple(_sentence(result) for result in found.results if not result.success)
    return Verdict(rows.num_rows, len(suite.expectations), failures)


@lru_cache(maxsize=1)
def batches() -> Any:
    """A place for data frames in a Great Expectations context that keeps nothing."""
    import great_expectations as gx  # noqa: PLC0415
    from great_expectations.data_context.types.base import ProgressBarsConfig  # noqa: PLC0415

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    return (
        context.data_sources.add_pandas("lake").add_dataframe_asset("rows").add_batch_definition_whole_dataframe("all")
    )


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the library's warnings about its own dependencies to itself."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _sentence(result: Any) -> str:
    """Name the expectation, its column and what broke it."""
    config = result.expectation_config
    pair = [config.kwargs[name] for name in ("column_A", "column_B") if name in config.kwargs]
    on = config.kwargs.get("column") or ", ".join(config.kwargs.get("column_list", pair))
    name = config.type.removeprefix("expect_").replace("_", " ")
    raised = next((info["exception_message"] for info in _exceptions(result)), None)
    if raised:
        return f"{name} ({on}): {raised}"
    facts = result.result
    if "unexpected_count" not in facts:
        return f"{name}: found {facts.get('observed_value')}"
    examples = ", ".join(str(value) for value in facts.get("partial_unexpected_list", [])[:3])
    return f"{name} ({on}): {facts['unexpected_count']:,} of {facts['element_count']:,} rows do not, as {examples}"


def _exceptions(result: Any) -> list[dict[str, Any]]:
    found = result.exception_info or {}
    each = [found] if "raised_exception" in found else list(found.values())
    return [one for one in each if isinstance(one, dict) and one.get("raised_exception")]
