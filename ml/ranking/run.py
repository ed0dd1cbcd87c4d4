"""Train, judge and maybe promote a ranker: what the pipeline calls once a day."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

import lightgbm as lgb
import numpy as np

from lodestay.lake import RANKING_EXAMPLES, LakeFile, content_digest
from ml import plots
from ml.arrays import Floats
from ml.gate import Decision
from ml.intervals import Interval, difference, interval
from ml.ranking.baselines import BASELINES
from ml.ranking.card import CardFacts, ranking_card
from ml.ranking.dataset import RankingData, example_files, gains, read_examples, read_truth, split_by_time
from ml.ranking.evaluate import click_rate_by_position, ndcg
from ml.ranking.features import FEATURES
from ml.ranking.gate import decide
from ml.ranking.judge import Slice, choose_slice, log_metrics, prefer_debiased, truth_ndcg
from ml.ranking.ranker import MODEL, Ranker
from ml.ranking.train import RankerParameters, train
from ml.registry import MAIN, Candidate, Lineage, Registry
from ml.report import TrainingReport, finite, trees_in_words
from ml.supply import Supply, read_supply

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WINDOW_DAYS = 56
"""Days of searches that are learned from."""
TEST = 0.25
DEBIASED, BLIND = "position term", "position-blind"
DISPLAYED = "displayed order"
_SEED = 20_261_122
_POSITIONS = 20
_BINS = 10


@dataclass(frozen=True)
class _Trained:
    """Both variants, what they learned from and were judged on, and the better one's name."""

    boosters: dict[str, lgb.Booster]
    slice: Slice
    scores: dict[str, Floats]
    chosen: str
    searches: int
    rows: int
    learned_days: frozenset[str]


def train_ranking(lake: str, day: date, registry: Registry, *, num_threads: int = 1) -> TrainingReport:
    """Train both variants on the searches before `day`, log the better one, move the alias if the gate allows.

    Raises
    ------
    ml.ranking.dataset.NoExamples
        The lake holds no examples.
    """
    data = read_examples(lake, until=day, days=WINDOW_DAYS)
    generator = np.random.default_rng(_SEED)
    parameters = RankerParameters(num_threads=num_threads)
    trained = _train(data, parameters, generator)
    champion = registry.champion(MODEL)
    judged = {name: trained.slice.judge(scores) for name, scores in trained.scores.items()}
    rivals = {name: difference(judged[trained.chosen], judged[name], generator) for name in BASELINES}
    over_champion = None
    if champion is not None:
        theirs = trained.slice.judge(Ranker.of(champion).score(trained.slice.data.matrix))
        over_champion = difference(judged[trained.chosen], theirs, generator)
    decision = decide(
        searches=trained.slice.searches,
        slice_name=trained.slice.name,
        over_baselines=rivals,
        over_champion=over_champion,
    )
    utility = read_truth(lake, trained.slice.data)
    truth = {
        name: interval(truth_ndcg(utility, scores, trained.slice.data.groups), generator)
        for name, scores in trained.scores.items()
        if np.isfinite(utility).any()
    }
    estimates = {name: interval(metric, generator) for name, metric in judged.items()}
    files = example_files(lake, until=day, days=WINDOW_DAYS)
    facts = _facts(
        data,
        trained,
        estimates,
        truth,
        simulated=float(np.isfinite(utility).mean()),
        supply=read_supply(lake, {file.partition["market"] for file in files}, until=day),
        parameters=parameters,
        decision=decision,
    )
    metrics = _metrics(trained, estimates, truth)
    version = registry.log(
        Candidate(
            name=MODEL,
            boosters={MAIN: trained.boosters[trained.chosen]},
            features=FEATURES,
            example=trained.slice.data.matrix[:3],
            parameters={**parameters.for_lightgbm(), "rounds": parameters.rounds, "variant": trained.chosen},
            metrics=metrics,
            lineage=_lineage(lake, files, trained),
            figures=_figures(data, trained),
            card=ranking_card(facts),
            tags={"kind": "lightgbm", "variant": trained.chosen, "day": day.isoformat()},
        )
    )
    registry.follow(decision, version)
    return TrainingReport(MODEL, version.version, decision, metrics, trained.rows, version.card)


def _train(data: RankingData, parameters: RankerParameters, generator: np.random.Generator) -> _Trained:
    older, newest = split_by_time(data, test=TEST)
    sliced = choose_slice(newest, data.keep(data.exploration))
    taught = data if sliced.covers_all_days else older
    learned = taught.keep(~taught.exploration)  # searches in random order judge and never teach
    boosters = {
        name: train(learned, replace(parameters, debiased=debiased))
        for name, debiased in ((DEBIASED, True), (BLIND, False))
    }
    matrix = sliced.data.matrix
    scores = {name: _score(booster, matrix) for name, booster in boosters.items()}
    debiased = prefer_debiased(sliced.judge(scores[DEBIASED]), sliced.judge(scores[BLIND]), generator)
    chosen = DEBIASED if debiased else BLIND
    scores |= {name: baseline(matrix) for name, baseline in BASELINES.items()}
    if sliced.name == "logged":
        scores[DISPLAYED] = -sliced.data.position.astype(np.float64)
    rewarding = learned.rewarding
    rows = int(learned.groups[rewarding].sum())
    return _Trained(boosters, sliced, scores, chosen, int(rewarding.sum()), rows, _days(learned))


def _days(data: RankingData) -> frozenset[str]:
    return frozenset(np.unique(data.day).astype(str).tolist())


def _lineage(lake: str, files: list[LakeFile], trained: _Trained) -> tuple[Lineage, ...]:
    """The files of the days that were learned from, and of those that were judged on."""

    def part(name: str, context: str, days: frozenset[str]) -> Lineage:
        digest = content_digest([file for file in files if file.partition["day"] in days])
        return Lineage(name, RANKING_EXAMPLES.path(lake), context, digest)

    return (
        part("ranking examples", "training", trained.learned_days),
        part(f"{trained.slice.name} searches", "evaluation", _days(trained.slice.data)),
    )


def _score(booster: lgb.Booster, matrix: np.ndarray) -> Floats:
    return np.asarray(booster.predict(matrix, num_threads=1), dtype=np.float64)


def _metrics(trained: _Trained, estimates: dict[str, Interval], truth: dict[str, Interval]) -> dict[str, float]:
    chosen = trained.chosen
    data = trained.slice.data
    logged = log_metrics(data, {"model": trained.scores[chosen]})
    found = {
        "judged": estimates[chosen].estimate,
        "judged_low": estimates[chosen].low,
        "judged_high": estimates[chosen].high,
        "slice_searches": float(trained.slice.searches),
        "ndcg_10": logged["model.ndcg"].value,
        "mrr": logged["model.mrr"].value,
        **{f"judged_{_key(name)}": value.estimate for name, value in estimates.items() if name != chosen},
        **{f"truth_ndcg_10_{_key(name)}": value.estimate for name, value in truth.items() if name != chosen},
    }
    if truth:
        found["truth_ndcg_10"] = truth[chosen].estimate
    return finite(found)


def _key(name: str) -> str:
    return name.replace(" ", "_").replace("-", "_")


def _facts(
    data: RankingData,
    trained: _Trained,
    estimates: dict[str, Interval],
    truth: dict[str, Interval],
    *,
    simulated: float,
    supply: tuple[Supply, ...],
    parameters: RankerParameters,
    decision: Decision,
) -> CardFacts:
    gain = trained.boosters[trained.chosen].feature_importance("gain")
    return CardFacts(
        first_day=str(data.day[0]),
        last_day=str(data.day[-1]),
        trained_rows=trained.rows,
        trained_searches=trained.searches,
        simulated_share=simulated,
        slice_name=trained.slice.name,
        slice_searches=trained.slice.searches,
        supply=supply,
        parameters=trees_in_words(parameters.rounds, parameters.num_leaves, parameters.learning_rate),
        chosen=trained.chosen,
        judged=estimates,
        truth=truth,
        click_rates=tuple(_click_rates(trained.slice.data).tolist()),
        strongest=tuple(FEATURES[index] for index in np.argsort(-gain)[:6]),
        decision=decision,
    )


def _click_rates(data: RankingData) -> Floats:
    """Clicks by showing at positions 1 to :data:`_POSITIONS`."""
    return click_rate_by_position(data.label > 0, data.position, until=_POSITIONS)


def _figures(data: RankingData, trained: _Trained) -> dict[str, Figure]:
    judged, places = trained.slice.data, np.arange(1.0, _POSITIONS + 1)
    by_place = {
        name: np.array([np.nanmean(ndcg(gains(judged.label), scores, judged.groups, k=int(k))) for k in places])
        for name, scores in trained.scores.items()
    }
    rates = {"logged order": _click_rates(data.keep(~data.exploration))}
    if data.exploration.any():
        rates["random order"] = _click_rates(data.keep(data.exploration))
    done = judged.label.astype(np.float64)
    said, seen = plots.binned(trained.scores[trained.chosen], done, bins=_BINS)
    booster = trained.boosters[trained.chosen]
    return {
        "importance": plots.importance(FEATURES, np.asarray(booster.feature_importance("gain"), np.float64)),
        "ndcg_by_position": plots.lines(
            "NDCG of clicks by places counted", by_place, x=places, x_label="places counted", y_label="NDCG"
        ),
        "click_rate_by_position": plots.lines(
            "What a position does to a click", rates, x=places, x_label="position", y_label="click rate"
        ),
        "calibration": plots.calibration(
            "Score against what guests did", said, seen, x_label="score", y_label="clicks and bookings a showing"
        ),
    }
