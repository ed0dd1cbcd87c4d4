"""The marts, each under its contract."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import dagster as dg

from lodestay.lake import Dataset, mart
from lodestay.settings import get_settings
from pipelines.checks.contracts import CONTRACT
from pipelines.spark_assets import key_of
from warehouse.connection import SOURCES
from warehouse.errors import BrokenContract
from warehouse.models import Model, Schema, load_models
from warehouse.runner import build

MARTS = tuple(model for model in load_models() if model.schema is Schema.MARTS)


def sources_of(model: Model) -> list[Dataset]:
    """Datasets that a model is made of, itself or through others."""
    by_relation = {one.relation: one for one in load_models()}
    found: dict[str, Dataset] = {}
    for relation in sorted(model.reads):
        schema, _, name = relation.partition(".")
        if schema == Schema.LAKE:
            found[name] = SOURCES[name]
        else:
            found |= {dataset.name: dataset for dataset in sources_of(by_relation[relation])}
    return list(found.values())


def _spec(model: Model) -> dg.AssetSpec:
    columns = [dg.TableColumn(one.name, one.type, description=one.description) for one in model.contract.columns]
    return dg.AssetSpec(
        key_of(mart(model.name)),
        deps=[key_of(source) for source in sources_of(model)],
        description=f"{model.contract.description} Grain: {', '.join(model.contract.grain)}.",
        group_name="warehouse",
        owners=[f"team:{model.contract.owner}"],
        kinds={"duckdb", "parquet"},
        code_version="1",
        metadata={"dagster/column_schema": dg.TableSchema(columns=columns)},
    )


@dg.multi_asset(
    name="marts",
    specs=[_spec(model) for model in MARTS],
    check_specs=[
        dg.AssetCheckSpec(CONTRACT, asset=key_of(mart(model.name)), blocking=True, description="The model's contract")
        for model in MARTS
    ],
)
def marts() -> Iterator[dg.MaterializeResult[Any] | dg.AssetCheckResult]:
    """Build every mart; one that breaks its contract stops the build and all stay as they were."""
    try:
        results = build(get_settings().lake)
    except BrokenContract as broken:
        if key := _mart_key(broken.extensions["relation"]):
            yield dg.AssetCheckResult(asset_key=key, check_name=CONTRACT, passed=False, description=broken.detail)
        raise
    for result in results:
        if key := _mart_key(result.relation):
            yield dg.MaterializeResult(asset_key=key, metadata={"dagster/row_count": result.row_count})
            yield dg.AssetCheckResult(asset_key=key, check_name=CONTRACT, passed=True)


def _mart_key(relation: str) -> dg.AssetKey | None:
    schema, _, name = relation.partition(".")
    return key_of(mart(name)) if schema == Schema.MARTS else None
