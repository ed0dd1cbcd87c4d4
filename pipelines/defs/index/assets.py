"""Search documents, and the index that searches read."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import dagster as dg
from dagster import AssetExecutionContext, PipesSubprocessClient

from lodestay.lake import (
    LANDMARKS,
    LISTING_FEATURES,
    LISTING_VECTORS,
    SEARCH_COLUMNS,
    SEARCH_DOCUMENTS,
    STAGED_LISTINGS,
    STAGED_NIGHTS,
    STAGED_REVIEWS,
)
from pipelines.checks.contracts import CONTRACT
from pipelines.partitioning import MARKETS, Slice, run_day
from pipelines.spark_assets import OWNERS, Table, columns, key_of, run_job, spark_assets
from pipelines.spark_jobs.index import ASSET
from search.columns.layout import arrays, empty_ordered
from search.document import index_body

documents = spark_assets(
    "documents",
    [
        Table(
            SEARCH_DOCUMENTS,
            "A row a listing: its document as JSON, availability and prices of the next year inside.",
            [STAGED_LISTINGS, STAGED_NIGHTS, STAGED_REVIEWS, LISTING_FEATURES, LISTING_VECTORS],
        ),
        Table(LANDMARKS, "A row a landmark that hosts say to be near, where their listings are.", [STAGED_LISTINGS]),
    ],
    group="index",
    code_version="2",
)

_COLUMNS = empty_ordered(0, coded=1, values=1)
_MAPPING = index_body(1, model="")["mappings"]["properties"]


@dg.multi_asset(
    name="index",
    specs=[
        dg.AssetSpec(
            key_of(ASSET),
            deps=[key_of(SEARCH_DOCUMENTS)],
            description="The newest documents of every market in OpenSearch, behind the alias that searches read. "
            "A new index goes into service only when it answers as the calendars do.",
            group_name="index",
            owners=OWNERS,
            kinds={"opensearch"},
            code_version="1",
            metadata=columns({name: field.get("type", "object") for name, field in _MAPPING.items()}),
        )
    ],
    check_specs=[
        dg.AssetCheckSpec(
            CONTRACT,
            asset=key_of(ASSET),
            blocking=True,
            description="Counts, sample searches and freshness; asked before the index goes into service.",
        )
    ],
)
def index(
    context: AssetExecutionContext, pipes: PipesSubprocessClient
) -> Iterator[dg.MaterializeResult[Any] | dg.AssetCheckResult]:
    """Build the index of every market."""
    yield from run_job(context, pipes, "index", _every_market(context))


@dg.multi_asset(
    name="columns",
    specs=[
        dg.AssetSpec(
            key_of(SEARCH_COLUMNS),
            deps=[key_of(SEARCH_DOCUMENTS)],
            description="The newest documents of every market as columns, a file each, which processes that answer "
            "searches map. They take up a new build within seconds, and refuse one that is not whole.",
            group_name="index",
            owners=OWNERS,
            kinds={"numpy"},
            code_version="1",
            metadata=columns({path: str(column.dtype) for path, column in arrays(_COLUMNS).items()}),
        )
    ],
    check_specs=[
        dg.AssetCheckSpec(
            CONTRACT,
            asset=key_of(SEARCH_COLUMNS),
            blocking=True,
            description="Every file is read again; asked before the build is put in its place.",
        )
    ],
)
def search_columns(
    context: AssetExecutionContext, pipes: PipesSubprocessClient
) -> Iterator[dg.MaterializeResult[Any] | dg.AssetCheckResult]:
    """Write the columns of every market."""
    yield from run_job(context, pipes, "columns", _every_market(context))


def _every_market(context: AssetExecutionContext) -> Slice:
    day = run_day(context, otherwise=datetime.now(UTC).date())
    return Slice(day, tuple(sorted(context.instance.get_dynamic_partitions(str(MARKETS.name)))))
