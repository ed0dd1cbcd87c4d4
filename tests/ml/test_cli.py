"""The command that lists models."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import lightgbm as lgb
import numpy as np
import pytest
from typer.testing import CliRunner

from lodestay.settings import get_settings
from ml.cli import app
from ml.registry import MAIN, Candidate, Registry


@pytest.fixture
def champion(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A registry with one champion, which the settings point at."""
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    booster = lgb.train(
        {"verbosity": -1, "num_threads": 1}, lgb.Dataset(np.zeros((4, 1)), np.ones(4)), num_boost_round=1
    )
    registry = Registry(uri, artifacts=f"{tmp_path}/artifacts")
    candidate = Candidate(
        name="ranking",
        boosters={MAIN: booster},
        features=("rating",),
        example=np.zeros((1, 1)),
        parameters={},
        metrics={"judged": 0.5},
        lineage=(),
        figures={},
        card="# Card",
    )
    registry.promote(registry.log(candidate), reasons=("First.",))
    monkeypatch.setenv("LODESTAY_MLFLOW_TRACKING_URI", uri)
    get_settings.cache_clear()
    yield
    get_settings.cache_clear()


@pytest.mark.usefixtures("champion")
def test_champions_are_listed() -> None:
    """Once as a table for people, once as JSON for programs."""
    runner = CliRunner()
    assert "ranking" in runner.invoke(app, ["models"]).stdout
    (row,) = json.loads(runner.invoke(app, ["models", "--json"]).stdout)
    assert row["champion"] == 1
    assert row["metrics"] == {"judged": 0.5}
