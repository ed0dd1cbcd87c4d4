"""What is really under test: a mart that breaks its contract shows it as a failed check, and the others wait."""

from __future__ import annotations

import dagster as dg
import pytest

from lodestay.lake import mart
from pipelines.defs.warehouse import assets
from pipelines.spark_assets import key_of
from warehouse.errors import BrokenContract
from warehouse.models import load_models
from warehouse.runner import ModelResult


def _run(monkeypatch: pytest.MonkeyPatch, broken: str | None) -> dg.ExecuteInProcessResult:
    def build(_lake: str) -> list[ModelResult]:
        if broken:
            raise BrokenContract(f"{broken} breaks its contract.", relation=broken)
        return [ModelResult(model.relation, 3, {}) for model in load_models()]

    monkeypatch.setattr(assets, "build", build)
    return dg.materialize([assets.marts], raise_on_error=False)


def test_marts_that_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every mart is made, and says that it keeps its contract; staging models are no assets."""
    run = _run(monkeypatch, None)
    assert run.success
    marts = {key_of(mart(model.name)) for model in assets.MARTS}
    assert {one.asset_key for one in run.get_asset_check_evaluations() if one.passed} == marts
    assert len(run.get_asset_materialization_events()) == len(marts)


@pytest.mark.parametrize(
    ("broken", "shown"), [("marts.lead_time", [key_of(mart("lead_time"))]), ("staging.stg_bookings", [])]
)
def test_a_mart_that_breaks(broken: str, shown: list[dg.AssetKey], monkeypatch: pytest.MonkeyPatch) -> None:
    """The build fails, nothing counts as made, and where a mart is at fault its check says so."""
    run = _run(monkeypatch, broken)
    assert not run.success
    assert [one.asset_key for one in run.get_asset_check_evaluations() if not one.passed] == shown
    assert not run.get_asset_materialization_events()
