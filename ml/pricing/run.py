"""Train, judge and maybe promote the two price models: what the pipeline calls once a day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from lodestay.lake import LISTING_FEATURES, PRICING_EXAMPLES, content_digest, partition_files
from ml import plots
from ml.arrays import Floats
from ml.gate import Decision
from ml.intervals import difference
from ml.pricing.card import FLAT, CardFacts, pricing_card
from ml.pricing.dataset import TEST, TRAIN, Priced, read_tasks
from ml.pricing.evaluate import PriceQuality, quality, relative_error
from ml.pricing.features import KNOWN_FEATURES, UNSEEN_FEATURES
from ml.pricing.gate import beats_champion, beats_rule
from ml.pricing.train import COVERAGE, QUANTILES, PriceModel, PriceParameters, rule, train
from ml.registry import MAIN, Candidate, Lineage, Model, Registry
from ml.report import Skipped, TrainingReport, finite, trees_in_words
from ml.supply import read_supply

if TYPE_CHECKING:
    from matplotlib.figure import Figure

UNSEEN, KNOWN = "pricing-unseen", "pricing-known"
"""Registered names."""
_SEED = 20_261_122
_BINS = 10


@dataclass(frozen=True)
class Task:
    """One of the two questions: its name, columns, rule and split in words."""

    model: str
    features: tuple[str, ...]
    about: str
    rule: str
    split: str


TASKS = (
    Task(
        UNSEEN,
        UNSEEN_FEATURES,
        "a listing without a price history",
        "the median price of comparable listings",
        "Whole listings are held out, and the comparables know only those in training.",
    ),
    Task(
        KNOWN,
        KNOWN_FEATURES,
        "later nights of a listing that has asked prices before",
        "the listing's own earlier median",
        "Trained on nights 90 to 179 days ahead from the first 90, judged on those from day 180 from the first 180.",
    ),
)


def train_pricing(
    lake: str, day: date, registry: Registry, *, num_threads: int = 1
) -> tuple[TrainingReport | Skipped, ...]:
    """Train both tasks on the calendars of `day`; each keeps its rule as champion unless a model is surely better.

    A task without a night to learn from, or without one to judge on, is skipped: calendars that end before
    :data:`ml.pricing.examples.LATE` say nothing about later nights.

    Raises
    ------
    ml.pricing.dataset.NoPrices
        No market has a priced calendar that day.
    """
    parameters = PriceParameters(num_threads=num_threads)
    return tuple(
        _run(task, data, registry, lake=lake, day=day, parameters=parameters)
        for task, data in zip(TASKS, read_tasks(lake, day), strict=True)
    )


def as_price_model(model: Model) -> PriceModel:
    """A model of the registry, ready to predict."""
    return PriceModel(model.boosters, model.features, float(model.facts["widening"]))


def _run(
    task: Task, data: Priced, registry: Registry, *, lake: str, day: date, parameters: PriceParameters
) -> TrainingReport | Skipped:
    if (purpose := data.lacking) is not None:
        why = f"No night in the calendars of {day} is left to {purpose}, so nothing was trained."
        return Skipped(task.model, f"{why} {task.split}")
    generator = np.random.default_rng(_SEED)
    judged = data.keep(data.part == TEST)
    models = {"model": train(data, task.features, parameters), "rule": rule(data, task.features)}
    predicted = {name: model.predict(judged.matrix, judged.anchor_minor) for name, model in models.items()}
    found = {name: quality(judged, prices, QUANTILES) for name, prices in predicted.items()}
    errors = {name: relative_error(judged, prices[:, 1]) for name, prices in predicted.items()}
    listings = len(np.unique(judged.listing_id))
    over_rule = beats_rule(
        listings=listings,
        over_rule=difference(errors["rule"], errors["model"], generator),
        coverage=found["model"].coverage,
        rule_coverage=found["rule"].coverage,
        rule=task.rule,
    )
    finalist = "model" if over_rule.promote else "rule"
    champion = registry.champion(task.model)
    over_champion = None
    if champion is not None:
        theirs = as_price_model(champion).predict(judged.matrix, judged.anchor_minor)
        over_champion = difference(relative_error(judged, theirs[:, 1]), errors[finalist], generator)
    last = beats_champion(over_champion)
    decision = Decision(promote=last.promote, reasons=(*over_rule.reasons, *last.reasons))
    trained = data.keep(data.part == TRAIN)
    card = pricing_card(
        CardFacts(
            task=task.about,
            rule=task.rule,
            split=task.split,
            champion_is_rule=finalist == "rule",
            day=day.isoformat(),
            trained_rows=len(trained.price_minor),
            trained_listings=len(np.unique(trained.listing_id)),
            judged_listings=listings,
            supply=read_supply(lake, set(data.market), until=day),
            parameters=trees_in_words(parameters.rounds, parameters.num_leaves, parameters.learning_rate),
            flat_share=_flat_share(judged),
            quality=found,
            decision=decision,
        )
    )
    metrics = _metrics(found, finalist)
    version = registry.log(
        Candidate(
            name=task.model,
            boosters=models[finalist].boosters,
            features=task.features,
            example=judged.matrix[:3, : len(task.features)],
            parameters={**parameters.for_lightgbm(QUANTILES[MAIN]), "rounds": parameters.rounds, "kind": finalist},
            metrics=metrics,
            lineage=_lineage(lake, day),
            figures=_figures(models, judged, predicted[finalist]),
            card=card,
            facts={"widening": models[finalist].widening, "rule": finalist == "rule"},
            tags={"kind": finalist, "day": day.isoformat()},
        )
    )
    registry.follow(decision, version)
    return TrainingReport(task.model, version.version, decision, metrics, len(trained.price_minor), card)


def _lineage(lake: str, day: date) -> tuple[Lineage, ...]:
    """Both tasks cut one day's files into what is learned from and what is judged on: row by row, not by file."""
    examples, features = (
        content_digest(partition_files(dataset, lake, day=day)) for dataset in (PRICING_EXAMPLES, LISTING_FEATURES)
    )
    return (
        Lineage("price examples", PRICING_EXAMPLES.path(lake), "training", examples),
        Lineage("listing features", LISTING_FEATURES.path(lake), "training", features),
        Lineage("price examples held out", PRICING_EXAMPLES.path(lake), "evaluation", examples),
    )


def _metrics(found: dict[str, PriceQuality], finalist: str) -> dict[str, float]:
    chosen = found[finalist]
    metrics = {"relative_mae": chosen.relative_mae, "coverage": chosen.coverage}
    metrics |= {f"relative_mae_{name}": one.relative_mae for name, one in found.items()}
    metrics |= {f"pinball_{name}": loss for name, loss in chosen.pinball.items()}
    for name, one in found.items():
        metrics |= {f"mae_minor_{name}_{market}": error for market, error in one.mae_minor.items()}
    return finite(metrics)


def _flat_share(judged: Priced) -> dict[str, float]:
    flat = judged.variation < FLAT
    return {str(name): float(flat[judged.market == name].mean()) for name in np.unique(judged.market.astype(str))}


def _figures(models: dict[str, PriceModel], judged: Priced, predicted: np.ndarray) -> dict[str, Figure]:
    model = models["model"]
    gain: Floats = np.asarray(model.boosters[MAIN].feature_importance("gain"), np.float64)
    said, seen = plots.binned(np.log(predicted[:, 1]), np.log(judged.price_minor), bins=_BINS)
    inside = (judged.price_minor >= predicted[:, 0]) & (judged.price_minor <= predicted[:, 2])
    level, held = plots.binned(np.log(predicted[:, 1]), inside.astype(np.float64), bins=_BINS)
    return {
        "importance": plots.importance(model.features, gain),
        "calibration": plots.calibration(
            "Suggested against asked",
            said,
            seen,
            x_label="log of the suggested price",
            y_label="log of the price asked",
        ),
        "coverage": plots.lines(
            "Does the interval hold?",
            {"held": held, "promised": np.full(len(level), COVERAGE)},
            x=level,
            x_label="log of the suggested price",
            y_label="share inside",
        ),
    }
