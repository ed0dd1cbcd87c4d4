"""The price models: one for listings nobody has seen, one for later nights of known ones."""

from datetime import UTC, datetime
from typing import Any

import dagster as dg
from dagster import AssetExecutionContext

from lodestay.lake import LISTING_FEATURES, PRICING_EXAMPLES
from lodestay.settings import get_settings
from ml.pricing.features import FEATURES
from pipelines.model_assets import OWNERS, metadata, registry
from pipelines.partitioning import run_day
from pipelines.spark_assets import columns, key_of


@dg.asset(
    key=["models", "pricing"],
    deps=[key_of(PRICING_EXAMPLES), key_of(LISTING_FEATURES)],
    group_name="pricing",
    owners=OWNERS,
    kinds={"lightgbm", "mlflow"},
    code_version="1",
    metadata=columns(dict.fromkeys(FEATURES, "double")),
)
def pricing_model(context: AssetExecutionContext) -> dg.MaterializeResult[Any]:
    """Quantiles of a night's price over its anchor, in MLflow; a rule stays champion unless a model is better."""
    from ml.pricing.dataset import NoPrices  # noqa: PLC0415 - LightGBM and MLflow take seconds to import
    from ml.pricing.run import train_pricing  # noqa: PLC0415

    day = run_day(context, otherwise=datetime.now(UTC).date())
    try:
        reports = train_pricing(get_settings().lake, day, registry())
    except NoPrices as nothing:
        # A city whose calendar has no prices teaches none; its hosts get comparables.
        context.log.warning(nothing.detail)
        return dg.MaterializeResult(metadata={"dagster/row_count": 0, "trained": False, "why": nothing.detail})
    return dg.MaterializeResult(metadata=metadata(reports))
