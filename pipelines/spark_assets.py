"""Assets that a Spark job makes: the job runs as a process of its own, as it runs by hand.

The process reports what it wrote through Pipes; then each table is held against its suite where it
waits, and published only if everything holds. A failed check stops what is downstream, and readers of
the lake find the rows that were there before.

Modules that define assets do without ``from __future__ import annotations``: Dagster reads the types of
`context` and of resources from the signature as it is.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import dagster as dg
from dagster import AssetExecutionContext, PipesSubprocessClient

from lodestay.lake import Dataset
from lodestay.settings import get_settings
from pipelines.checks.contracts import CONTRACT, has_contract
from pipelines.checks.gate import settle
from pipelines.checks.validate import Verdict
from pipelines.partitioning import DAY_MARKET, Slice, slices
from pipelines.spark_jobs.job import INCOMING, PARTITIONS, asset_key
from pipelines.writing import Waiting

OWNERS = ["team:data-platform"]


@dataclass(frozen=True)
class Table:
    """A dataset as an asset.

    Attributes
    ----------
    description
        What a row is, for a reader of the graph.
    deps
        Datasets, and keys of other assets, that it is made of.
    """

    dataset: Dataset
    description: str
    deps: Sequence[Dataset | str] = ()


def key_of(dependency: Dataset | str) -> dg.AssetKey:
    """Key of a dataset's asset, or of the asset written as ``group/name``."""
    return dg.AssetKey((dependency if isinstance(dependency, str) else asset_key(dependency)).split("/"))


def columns(types: Mapping[str, str]) -> dict[str, dg.TableSchema]:
    """Metadata of an asset whose columns are known before it is made."""
    return {"dagster/column_schema": dg.TableSchema([dg.TableColumn(name, kind) for name, kind in types.items()])}


def spark_assets(
    job: str, tables: Sequence[Table], *, group: str | Mapping[str, str], code_version: str
) -> dg.AssetsDefinition:
    """Assets that one job makes together.

    Parameters
    ----------
    job
        Module in `pipelines.spark_jobs`.
    group
        Group of them all, or by the dataset's name.
    code_version
        Raised when the job makes other rows of the same input.
    """

    @dg.multi_asset(
        name=job,
        specs=[_spec(table, group=group, code_version=code_version) for table in tables],
        check_specs=[
            dg.AssetCheckSpec(
                CONTRACT, asset=key_of(table.dataset), blocking=True, description="Great Expectations suite"
            )
            for table in tables
            if has_contract(table.dataset)
        ],
        partitions_def=DAY_MARKET,
        backfill_policy=dg.BackfillPolicy.single_run(),
    )
    def assets(
        context: AssetExecutionContext, pipes: PipesSubprocessClient
    ) -> Iterator[dg.MaterializeResult[Any] | dg.AssetCheckResult]:
        results: dict[dg.AssetKey, dg.MaterializeResult[Any]] = {}
        verdicts: dict[Dataset, Verdict] = {}
        for part in slices(context):
            reported = run_job(context, pipes, job, part)
            made = {_key(result): result for result in reported if isinstance(result, dg.MaterializeResult)}
            waiting = [_waiting(table.dataset, made[key_of(table.dataset)]) for table in tables]
            settled = settle(waiting, get_settings().lake)
            for dataset, verdict in settled.verdicts.items():
                verdicts[dataset] = verdicts[dataset] + verdict if dataset in verdicts else verdict
            if settled.refusal:
                context.log.error("%s %s", settled.refusal.detail, settled.refusal.hint)
                yield from (as_check_result(key_of(dataset), verdict) for dataset, verdict in verdicts.items())
                raise settled.refusal
            results |= made
        yield from (_published(result) for result in results.values())
        yield from (as_check_result(key_of(dataset), verdict) for dataset, verdict in verdicts.items())

    return assets


def run_job(
    context: AssetExecutionContext, pipes: PipesSubprocessClient, job: str, part: Slice
) -> Sequence[dg.MaterializeResult[Any] | dg.AssetCheckResult]:
    """Run a job as a process and hand back what it reported."""
    command = [sys.executable, "-m", f"pipelines.spark_jobs.{job}", *part.arguments, "--lake", get_settings().lake]
    reported = pipes.run(command=command, context=context).get_results()
    return [result for result in reported if isinstance(result, dg.MaterializeResult | dg.AssetCheckResult)]


def as_check_result(key: dg.AssetKey, verdict: Verdict) -> dg.AssetCheckResult:
    """What a suite found, as Dagster records it."""
    return dg.AssetCheckResult(
        asset_key=key,
        check_name=CONTRACT,
        passed=verdict.passed,
        description="; ".join(verdict.failures) or None,
        metadata={"rows": verdict.rows, "expectations": verdict.expectations, "failures": list(verdict.failures)},
    )


def _spec(table: Table, *, group: str | Mapping[str, str], code_version: str) -> dg.AssetSpec:
    return dg.AssetSpec(
        key_of(table.dataset),
        deps=[key_of(dependency) for dependency in table.deps],
        description=table.description,
        group_name=group if isinstance(group, str) else group[table.dataset.name],
        owners=OWNERS,
        kinds={"spark", "parquet"},
        code_version=code_version,
    )


def _key(result: dg.MaterializeResult[Any]) -> dg.AssetKey:
    if result.asset_key is None:
        raise ValueError("A job reported rows without saying of which asset.")
    return dg.AssetKey.from_coercible(result.asset_key)


def _waiting(dataset: Dataset, result: dg.MaterializeResult[Any]) -> Waiting:
    """What a job left to be published, by what it reported."""
    metadata = dict(result.metadata or {})
    counts, incoming = metadata[PARTITIONS], metadata[INCOMING]
    if not isinstance(counts, dg.JsonMetadataValue) or not isinstance(counts.value, dict):
        raise TypeError(f"{key_of(dataset).to_user_string()}: the job reported no rows by partition.")
    partitions = tuple(tuple(name.split("|")) for name in counts.value)
    return Waiting(dataset, partitions, str(incoming.value if isinstance(incoming, dg.TextMetadataValue) else incoming))


def _published(result: dg.MaterializeResult[Any]) -> dg.MaterializeResult[Any]:
    """The report without the place in which the rows waited."""
    kept = {name: value for name, value in (result.metadata or {}).items() if name != INCOMING}
    return dg.MaterializeResult(asset_key=result.asset_key, metadata=kept)
