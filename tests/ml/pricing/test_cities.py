"""Prices of real cities: what the models add to the one-line rules."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from lodestay.lake import LISTING_FEATURES, PRICING_EXAMPLES
from ml.pricing.examples import pricing_examples
from ml.pricing.run import KNOWN, UNSEEN, train_pricing
from ml.registry import Registry
from ml.report import TrainingReport

CITIES = {
    "singapore": ("2023-09-23", "SGD"),
    "jersey-city": ("2019-04-27", "USD"),
    "antwerp": ("2024-06-29", "EUR"),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", CITIES)
def test_models_beat_the_rules_or_leave_them(name: str, city: Callable[..., Any], tmp_path: Path) -> None:
    """On a real calendar the unseen model beats the comparables; the known task is never worse than its rule."""
    day, currency = CITIES[name]
    place = city(name, day, currency)
    lake = str(tmp_path / "lake")
    examples = pricing_examples(place.nights, as_of=place.as_of, nights_per_listing=60, seed=1)
    for dataset, table in ((LISTING_FEATURES, place.features), (PRICING_EXAMPLES, examples)):
        folder = Path(dataset.partition(lake, day=place.as_of, market=name))
        folder.mkdir(parents=True)
        pq.write_table(table, folder / "part-0.parquet")
    registry = Registry(f"sqlite:///{tmp_path}/mlflow.db", artifacts=f"{tmp_path}/artifacts")
    trained = train_pricing(lake, place.as_of, registry, num_threads=1)
    reports = {report.model: report for report in trained if isinstance(report, TrainingReport)}
    unseen, known = reports[UNSEEN], reports[KNOWN]
    assert unseen.metrics["relative_mae_model"] < unseen.metrics["relative_mae_rule"]
    assert known.metrics["relative_mae"] <= known.metrics["relative_mae_rule"] + 1e-9
    assert unseen.metrics["coverage"] == pytest.approx(0.8, abs=0.08)
    champion = registry.champion(KNOWN)
    assert champion is not None
    flat = name == "antwerp"
    assert ("one flat price" in known.card) == flat
    if flat:
        assert champion.facts["rule"]
        np.testing.assert_allclose(known.metrics["relative_mae"], 0, atol=0.01)
