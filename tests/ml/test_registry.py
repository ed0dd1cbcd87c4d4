"""The model registry, on a real MLflow store."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import lightgbm as lgb
import mlflow
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from ml.registry import MAIN, Candidate, Lineage, Registry, RegistryUnavailable, Version

FEATURES = ("price", "rating")


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    """An empty store of this test's own."""
    return Registry(f"sqlite:///{tmp_path}/mlflow.db", artifacts=f"{tmp_path}/artifacts")


@pytest.fixture(scope="module")
def candidate(tmp_path_factory: pytest.TempPathFactory) -> Candidate:
    """A tiny model of two boosters."""
    generator = np.random.default_rng(1)
    matrix = generator.normal(size=(200, 2))
    boosters = {
        name: lgb.train(
            {"objective": "quantile", "alpha": alpha, "verbosity": -1, "num_threads": 1, "num_leaves": 4},
            lgb.Dataset(matrix, matrix[:, 0], feature_name=list(FEATURES)),
            num_boost_round=3,
        )
        for name, alpha in ((MAIN, 0.5), ("low", 0.1))
    }
    data = tmp_path_factory.mktemp("data")
    return Candidate(
        name="toy",
        boosters=boosters,
        features=FEATURES,
        example=matrix[:3],
        parameters={"num_leaves": 4},
        metrics={"mae": 0.5},
        lineage=(Lineage("examples", str(data), "training", "abc123"),),
        figures={"empty": Figure()},
        card="# Toy\nMade of noise.",
        facts={"widening": 0.25},
        tags={"kind": "lightgbm"},
    )


def test_a_promoted_model_comes_back_as_it_was(registry: Registry, candidate: Candidate) -> None:
    """Round trip: every booster predicts the same bits, and facts, features, metrics, card and tags return."""
    version = registry.log(candidate)
    assert version.version == 1
    registry.promote(version, reasons=("It is the first.",))

    model = registry.champion("toy")
    assert model is not None
    for name, booster in candidate.boosters.items():
        np.testing.assert_array_equal(
            model.boosters[name].predict(candidate.example), booster.predict(candidate.example)
        )
    assert model.features == FEATURES
    assert model.facts == {"widening": 0.25}
    assert model.version.metrics == {"mae": 0.5}
    assert model.version.card == candidate.card
    assert model.version.aliases == ("champion",)
    assert model.version.tags == {"kind": "lightgbm", "decision": "champion", "reasons": "It is the first."}


def test_a_promotion_while_loading_mixes_nothing(
    registry: Registry, candidate: Candidate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The alias moves on after the champion was named: the version, its facts and its boosters are still one."""
    first = registry.log(candidate)
    registry.promote(first, reasons=("First.",))
    main, low = candidate.boosters[MAIN], candidate.boosters["low"]
    second = registry.log(replace(candidate, boosters={MAIN: low, "low": main}, facts={"widening": 0.5}))
    find = Registry.champion_version

    def find_then_promote(self: Registry, name: str) -> Version | None:
        found = find(self, name)
        self.promote(second, reasons=("In between.",))
        return found

    monkeypatch.setattr(Registry, "champion_version", find_then_promote)
    model = registry.champion("toy")
    assert model is not None
    assert (model.version.version, model.facts) == (1, {"widening": 0.25})
    for name, booster in candidate.boosters.items():
        np.testing.assert_array_equal(
            model.boosters[name].predict(candidate.example), booster.predict(candidate.example)
        )
    monkeypatch.undo()
    now = registry.champion("toy")
    assert now is not None
    assert now.version.version == 2
    np.testing.assert_array_equal(now.boosters[MAIN].predict(candidate.example), low.predict(candidate.example))


def test_loading_leaves_nothing_behind(
    registry: Registry, candidate: Candidate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A service loads again and again: no temporary folder outlives the load."""
    registry.promote(registry.log(candidate), reasons=("First.",))
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    assert registry.champion("toy") is not None
    assert list(temporary.iterdir()) == []


def test_no_champion_is_no_error(registry: Registry, candidate: Candidate) -> None:
    """Neither an unknown model nor one that was only logged has a champion."""
    assert registry.champion("toy") is None
    registry.log(candidate)
    assert registry.champion("toy") is None
    assert registry.names() == ("toy",)


def test_a_refused_challenger_leaves_the_champion(registry: Registry, candidate: Candidate) -> None:
    """Two versions: the first stays champion, the second says why it lost, and can be promoted later."""
    first = registry.log(candidate)
    registry.promote(first, reasons=("First.",))
    second = registry.log(replace(candidate, metrics={"mae": 0.9}))
    registry.refuse(second, reasons=("Worse.",))
    champion = registry.champion_version("toy")
    assert champion is not None
    assert champion.version == 1
    registry.promote(second, reasons=("By hand.",))
    champion = registry.champion_version("toy")
    assert champion is not None
    assert champion.version == 2
    assert champion.tags["reasons"] == "By hand."


def test_mlflow_holds_what_a_reader_expects(registry: Registry, candidate: Candidate) -> None:
    """Signature, input example, parameters, figure, card and dataset lineage can be found with MLflow alone."""
    version = registry.log(candidate)
    client = mlflow.MlflowClient(registry.tracking_uri)
    run = client.get_run(version.run_id)
    assert run.data.params == {"num_leaves": "4"}
    assert [item.dataset.name for item in run.inputs.dataset_inputs] == ["examples"]
    assert {item.path for item in client.list_artifacts(version.run_id)} == {"figures", "model_card.md"}
    info = mlflow.models.get_model_info(f"models:/{version.model_id}")
    assert [column.name for column in info.signature.inputs.inputs] == list(FEATURES)
    assert info.saved_input_example_info is not None
    loaded = mlflow.pyfunc.load_model(f"models:/toy/{version.version}")
    assert loaded.predict(pd.DataFrame(candidate.example, columns=list(FEATURES))).shape == (3,)


def test_a_store_that_fails_is_named(tmp_path: Path) -> None:
    """A registry that cannot be opened is named in the error, with what to do."""
    (tmp_path / "mlflow.db").write_text("not a database", encoding="utf-8")
    with pytest.raises(RegistryUnavailable, match=r"mlflow\.db"):
        Registry(f"sqlite:///{tmp_path}/mlflow.db").champion("toy")
