"""The ranker end to end: learning, judging, promoting, serving, explaining."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sklearn.datasets import load_svmlight_file

from lodestay.lake import RANKING_EXAMPLES, TRUTH_SESSIONS
from ml.ranking.baselines import BASELINES, HEURISTIC
from ml.ranking.dataset import NoExamples, from_table, read_examples, split_by_time
from ml.ranking.evaluate import ndcg
from ml.ranking.features import FEATURES, LISTING, QUERY
from ml.ranking.judge import truth_ndcg
from ml.ranking.ranker import MODEL, BaselineRanker, Ranker
from ml.ranking.reasons import GROUPS
from ml.ranking.run import BLIND, DEBIASED, train_ranking
from ml.ranking.train import MONOTONE, RankerParameters, train
from ml.registry import Registry
from tests.ml.runs import look_at_run

AFTER = date(2026, 9, 29)
QUICK = RankerParameters(rounds=60, num_threads=1)


def test_the_position_term_finds_what_guests_wanted(world: Callable[..., Any]) -> None:
    """On a confounded log with a known truth the debiased model is better, by NDCG@10 against that truth.

    Three seeds gave 0.955 against 0.927 on average, and 0.780 for the best baseline.
    """
    played = world(searches=4000, shown=15, days=10, eta=1.0, exploration=0.0, seed=1)
    fresh = world(searches=400, shown=15, days=1, eta=1.0, exploration=0.0, seed=2)
    data, judged = from_table(played.table), from_table(fresh.table)
    found = {}
    for debiased in (True, False):
        booster = train(data, RankerParameters(debiased=debiased, rounds=60, num_threads=1))
        found[debiased] = truth_ndcg(fresh.utility, np.asarray(booster.predict(judged.matrix)), judged.groups).value
    baselines = [truth_ndcg(fresh.utility, score(judged.matrix), judged.groups).value for score in BASELINES.values()]
    assert found[True] > found[False] + 0.02
    assert found[True] > max(baselines) + 0.05


def test_training_is_repeatable(world: Callable[..., Any]) -> None:
    """The same data and seed give the same trees, to the letter."""
    data = from_table(world(searches=300, shown=8, days=3, eta=1.0, exploration=0.0, seed=1).table)
    assert train(data, QUICK).model_to_string() == train(data, QUICK).model_to_string()


@pytest.mark.parametrize(("feature", "way"), [("price_rank", -1), ("distance_rank", -1), ("rating_shrunk", 1)])
def test_a_better_offer_never_scores_less(world: Callable[..., Any], feature: str, way: int) -> None:
    """All else equal, cheaper, nearer and better rated is at least as good; features without a known way may turn."""
    data = from_table(world(searches=300, shown=8, days=3, eta=1.0, exploration=0.0, seed=1).table)
    booster = train(data, QUICK)
    column = FEATURES.index(feature)
    assert set(MONOTONE) <= set(FEATURES)
    assert MONOTONE[feature] == way
    steps = np.linspace(*np.nanquantile(data.matrix[:, column], [0, 1]), num=30)
    for row in data.matrix[:40]:
        moved = np.repeat(row[None, :], len(steps), axis=0)
        moved[:, column] = steps
        assert (np.diff(np.asarray(booster.predict(moved))) * way >= 0).all()


def test_the_metric_and_the_learner_agree_with_lightgbm(shared_data: Path, tmp_path: Path) -> None:
    """On Microsoft's example our NDCG is the one LightGBM reports, and its LambdaMART beats no ranking at all."""
    folder, sets = shared_data / "lightgbm-examples" / "lambdarank", {}
    for part in ("train", "test"):
        text = tmp_path / part
        text.write_bytes(gzip.decompress((folder / f"rank.{part}.gz").read_bytes()))
        matrix, label = load_svmlight_file(str(text), n_features=300, zero_based=False)
        groups = np.loadtxt(folder / f"rank.{part}.query", dtype=np.int64)
        sets[part] = (matrix.toarray(), label, groups)
    matrix, label, groups = sets["train"]
    training = lgb.Dataset(matrix, label, group=groups)
    test_matrix, test_label, test_groups = sets["test"]
    curve: dict[str, Any] = {}
    booster = lgb.train(
        {"objective": "lambdarank", "metric": "ndcg", "eval_at": [5], "verbosity": -1, "num_threads": 1, "seed": 1},
        training,
        num_boost_round=30,
        valid_sets=[lgb.Dataset(test_matrix, test_label, group=test_groups, reference=training)],
        callbacks=[lgb.record_evaluation(curve)],
    )
    scores = np.asarray(booster.predict(test_matrix))
    ours = ndcg(2.0**test_label - 1, scores, test_groups, k=5)
    assert np.nan_to_num(ours, nan=1.0).mean() == pytest.approx(curve["valid_0"]["ndcg@5"][-1], abs=0.005)
    assert np.nanmean(ours) > np.nanmean(ndcg(2.0**test_label - 1, np.zeros(len(scores)), test_groups, k=5)) + 0.1


def test_days_are_never_cut(world: Callable[..., Any]) -> None:
    """Every search of a day is on one side of the split, and training is all before the test."""
    data = from_table(world(searches=500, shown=3, days=10, eta=1.0, exploration=0.1, seed=1).table)
    older, newest = split_by_time(data, test=0.25)
    assert older.day.max() < newest.day.min()
    assert len(older.groups) + len(newest.groups) == 500


@pytest.fixture(scope="module")
def lake(world: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory, write_market: Callable[..., None]) -> str:
    """Four weeks of examples of a synthetic market by day, with their truth."""
    folder = str(tmp_path_factory.mktemp("lake"))
    played = world(searches=4000, shown=10, days=28, eta=1.0, exploration=0.2, seed=5)
    days = played.table["occurred_at"].to_numpy().astype("datetime64[D]")
    for day in np.unique(days):
        part = Path(RANKING_EXAMPLES.partition(folder, day=day.item(), market="here"))
        part.mkdir(parents=True)
        pq.write_table(played.table.filter(pa.array(days == day)), part / "part-0.parquet")
    write_market(folder, "here", days.min().item(), sources="synthetic", snapshot=date(2026, 8, 31), shift=0)
    truth = Path(TRUTH_SESSIONS.partition(folder, day=AFTER, market="here"))
    truth.mkdir(parents=True)
    ids = played.table.select(["search_id", "listing_id"])
    pq.write_table(ids.append_column("utility", pa.array(played.utility)), truth / "part-0.parquet")
    return folder


def test_a_ranker_is_trained_judged_and_served(lake: str, tmp_path: Path) -> None:
    """From the lake to a champion; the same data again is no improvement and leaves it; the card tells the truth."""
    registry = Registry(f"sqlite:///{tmp_path}/mlflow.db", artifacts=f"{tmp_path}/artifacts")
    assert isinstance(Ranker.load_champion(registry), BaselineRanker)

    first = train_ranking(lake, AFTER, registry, num_threads=1)
    assert first.decision.promote, first.decision.reasons
    assert first.metrics["truth_ndcg_10"] > max(first.metrics["truth_ndcg_10_heuristic"], 0.8)
    for sentence in ("All guests were **simulated**", "random order", "## Limits", "position term"):
        assert sentence in first.card
    for sentence in ("**here**: **synthetic** listings", "2026-08-31", "100 trees of at most"):
        assert sentence in first.card

    second = train_ranking(lake, AFTER, registry, num_threads=1)
    assert not second.decision.promote
    assert any("champion" in reason for reason in second.decision.reasons)

    ranker = Ranker.load_champion(registry)
    assert ranker.name == "ranking@1"
    matrix = np.random.default_rng(1).random((20, len(FEATURES)))
    assert ranker.score(matrix).shape == (20,)
    assert ranker.score(matrix[:0]).shape == (0,)
    reasons = ranker.explain(matrix)
    assert len(reasons) == 20
    assert all(1 <= len(row) <= 3 for row in reasons)
    version = registry.champion_version(MODEL)
    assert version is not None
    assert version.tags["decision"] == "champion"

    logged = look_at_run(registry.tracking_uri, version)
    assert logged.figures == {
        "importance.png",
        "ndcg_by_position.png",
        "click_rate_by_position.png",
        "calibration.png",
    }
    assert logged.inputs == FEATURES
    assert logged.has_example
    assert logged.parameters["variant"] in {DEBIASED, BLIND}
    (learned, taught), (judged, judging) = logged.digests.items()
    assert (learned[1], judged[1]) == ("training", "evaluation")
    assert (
        len(taught) == len(judging) == 16
    )  # of the same days: what was shown in random order judges, and never teaches


def test_no_examples_say_what_to_do(tmp_path: Path) -> None:
    """An empty lake is an error with a hint."""
    with pytest.raises(NoExamples) as caught:
        read_examples(str(tmp_path), until=AFTER, days=7)
    assert "pipeline" in str(caught.value.hint)


def test_explanations_add_up(world: Callable[..., Any]) -> None:
    """Reasons with all groups, the query's own effect and the base value add up to the score."""
    data = from_table(world(searches=300, shown=8, days=3, eta=1.0, exploration=0.0, seed=1).table)
    booster = train(data, QUICK)
    shap = np.asarray(booster.predict(data.matrix[:5], pred_contrib=True))
    np.testing.assert_allclose(shap.sum(axis=1), booster.predict(data.matrix[:5]))
    reasons = Ranker(booster, name="test", features=FEATURES).explain(data.matrix[:5])
    strongest = [max(row, key=lambda reason: abs(reason.contribution)) for row in reasons]
    assert [row[0] for row in reasons] == strongest


def test_every_feature_of_a_candidate_has_words() -> None:
    """Groups of reasons are a partition of the features that differ between candidates."""
    grouped = [name for group in GROUPS for name in group.features]
    assert len(grouped) == len(set(grouped))
    assert set(grouped) == set(FEATURES) - set(QUERY)
    assert set(LISTING) <= set(grouped)


def test_the_baseline_prefers_the_better_place() -> None:
    """Rated higher, cheaper and nearer wins; a row of nothing known is scored as average, not as NaN."""
    matrix = np.full((3, len(FEATURES)), np.nan)
    for row, (rating, price, away) in enumerate([(4.9, 0.1, 0.1), (4.2, 0.9, 0.9)]):
        for name, value in (("rating_shrunk", rating), ("price_rank", price), ("distance_rank", away)):
            matrix[row, FEATURES.index(name)] = value
    ranker = BaselineRanker()
    scores = ranker.score(matrix)
    assert scores[0] > scores[2] > scores[1]
    assert np.isfinite(scores).all()
    assert {reason.code for reason in ranker.explain(matrix)[0]} == {"price", "distance", "rating"}
    assert {term.feature for term in HEURISTIC} <= set(FEATURES)
