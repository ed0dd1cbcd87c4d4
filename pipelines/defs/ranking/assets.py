"""The ranker: trained, judged, and champion only if the gate says so."""

from datetime import UTC, datetime
from typing import Any

import dagster as dg
from dagster import AssetExecutionContext

from lodestay.lake import RANKING_EXAMPLES
from lodestay.settings import get_settings
from ml.ranking.features import FEATURES
from pipelines.model_assets import OWNERS, metadata, registry
from pipelines.partitioning import run_day
from pipelines.spark_assets import columns, key_of


@dg.asset(
    key=["models", "ranking"],
    deps=[key_of(RANKING_EXAMPLES)],
    group_name="ranking",
    owners=OWNERS,
    kinds={"lightgbm", "mlflow"},
    code_version="1",
    metadata=columns(dict.fromkeys(FEATURES, "double")),
)
def ranking_model(context: AssetExecutionContext) -> dg.MaterializeResult[Any]:
    """LambdaMART over eight weeks of searches, in MLflow as `ranking`; alias `champion` moves by a gate."""
    from ml.ranking.dataset import NoExamples  # noqa: PLC0415 - LightGBM and MLflow take seconds to import
    from ml.ranking.run import train_ranking  # noqa: PLC0415

    day = run_day(context, otherwise=datetime.now(UTC).date())
    try:
        report = train_ranking(get_settings().lake, day, registry())
    except NoExamples as nothing:
        # A marketplace without guests yet: searches are ranked by the baseline until there are some.
        context.log.warning(nothing.detail)
        return dg.MaterializeResult(metadata={"dagster/row_count": 0, "trained": False, "why": nothing.detail})
    return dg.MaterializeResult(metadata=metadata((report,)))
