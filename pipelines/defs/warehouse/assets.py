"""The marts, each under its contract."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import dagster as dg

from lodestay.lake import (
    STAGED_BOOKINGS,
    STAGED_IMPRESSIONS,
    STAGED_LISTINGS,
    STAGED_NIGHTS,
    STAGED_SEARCHES,
    Dataset,
    mart,
)
from lodestay.settings import get_settings
from pipelines.spark_assets import key_of
from warehouse.models import Model, Schema, load_models
from warehouse.runner import build

SOURCES: tuple[Dataset, ...] = (
    STAGED_LISTINGS,
    STAGED_NIGHTS,
    STAGED_BOOKINGS,
    STAGED_SEARCHES,
    STAGED_IMPRESSIONS,
)


def _spec(model: Model) -> dg.AssetSpec:
    columns = [dg.TableColumn(one.name, one.type, description=one.description) for one in model.contract.columns]
    return dg.AssetSpec(
        key_of(mart(model.name)),
        deps=[key_of(source) for source in SOURCES],
        description=f"{model.contract.description} Grain: {', '.join(model.contract.grain)}.",
        group_name="warehouse",
        owners=[f"team:{model.contract.owner}"],
        kinds={"duckdb", "parquet"},
        code_version="1",
        metadata={"dagster/column_schema": dg.TableSchema(columns=columns)},
    )


@dg.multi_asset(name="marts", specs=[_spec(model) for model in load_models() if model.schema is Schema.MARTS])
def marts() -> Iterator[dg.MaterializeResult[Any]]:
    """Build every mart; one that breaks its contract stops the build and stays as it was."""
    for result in build(get_settings().lake):
        schema, _, name = result.relation.partition(".")
        if schema == Schema.MARTS:
            yield dg.MaterializeResult(asset_key=key_of(mart(name)), metadata={"dagster/row_count": result.row_count})
