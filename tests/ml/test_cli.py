"""The command that lists models."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
import pytest
from typer.testing import CliRunner

from lodestay.settings import get_settings
from ml.cli import app
from ml.registry import MAIN, Candidate, Registry, Version


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Registry]:
    """A registry that the settings point at."""
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    monkeypatch.setenv("LODESTAY_MLFLOW_TRACKING_URI", uri)
    get_settings.cache_clear()
    yield Registry(uri, artifacts=f"{tmp_path}/artifacts")
    get_settings.cache_clear()


def _log(registry: Registry) -> Version:
    booster = lgb.train(
        {"verbosity": -1, "num_threads": 1}, lgb.Dataset(np.zeros((4, 1)), np.ones(4)), num_boost_round=1
    )
    return registry.log(
        Candidate(
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
    )


def _listed() -> dict[str, dict[str, Any]]:
    """What programs are told, by model."""
    rows = json.loads(CliRunner().invoke(app, ["models", "--json"]).stdout)
    return {row["model"]: row for row in rows}


def test_champions_are_listed(registry: Registry) -> None:
    """Once as a table for people, once as JSON for programs."""
    registry.promote(_log(registry), reasons=("First.",))
    runner = CliRunner()
    assert "ranking" in runner.invoke(app, ["models"]).stdout
    row = _listed()["ranking"]
    assert (row["champion"], row["why"]) == (1, "First.")
    assert row["metrics"] == {"judged": 0.5}


def test_where_there_is_no_champion_the_refusal_is_told(registry: Registry) -> None:
    """Whoever wonders why the baseline ranks finds the gate's reasons."""
    registry.refuse(_log(registry), reasons=("Not surely better.",))
    row = _listed()["ranking"]
    assert (row["champion"], row["why"]) == (None, "Version 1 was refused. Not surely better.")


def test_models_that_were_never_trained_are_listed_with_why(registry: Registry) -> None:
    """An empty registry is no empty answer: each model says what it would have learned from."""
    assert {name: row["champion"] for name, row in _listed().items()} == {"pricing": None, "ranking": None}
    assert all("None was ever trained" in row["why"] for row in _listed().values())
    registry.promote(_log(registry), reasons=("First.",))
    assert (_listed()["ranking"]["why"], _listed()["pricing"]["champion"]) == ("First.", None)
