"""A ranker of the size that the project trains, so that ranking costs what it costs."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ml.gate import Decision
from ml.ranking.dataset import RankingData
from ml.ranking.features import FEATURES
from ml.ranking.ranker import MODEL
from ml.ranking.train import RankerParameters, train
from ml.registry import MAIN, Candidate, Registry

SEARCHES, SHOWN = 1_500, 20


def make_champion(home: Path) -> str:
    """Train a ranker on noise with a little sense, and put it into service; returns the registry's address."""
    address = f"sqlite:///{home / 'mlflow.db'}"
    registry = Registry(address, artifacts=str(home / "artifacts"))
    data = drawn_examples()
    parameters = RankerParameters()
    version = registry.log(
        Candidate(
            name=MODEL,
            boosters={MAIN: train(data, parameters)},
            features=FEATURES,
            example=data.matrix[:3],
            parameters={**parameters.for_lightgbm(), "rounds": parameters.rounds},
            metrics={},
            lineage=(),
            figures={},
            card="Trained for a benchmark: it ranks at the usual cost and to no purpose.",
            tags={"kind": "lightgbm"},
        )
    )
    registry.follow(Decision(promote=True, reasons=("The benchmark needs one.",)), version)
    return address


def drawn_examples() -> RankingData:
    """Noise with a little sense, as many rows as a ranker of a city is trained on."""
    rng = np.random.default_rng(7)
    rows = SEARCHES * SHOWN
    matrix = rng.random((rows, len(FEATURES)))
    wish = matrix[:, : len(FEATURES) // 2].sum(axis=1) + rng.normal(0, 1, rows)
    label = (wish > np.quantile(wish, 0.9)).astype(np.int64) + (wish > np.quantile(wish, 0.98))
    return RankingData(
        matrix=matrix,
        label=label,
        position=np.tile(np.arange(1, SHOWN + 1), SEARCHES),
        listing_id=np.arange(rows),
        groups=np.full(SEARCHES, SHOWN),
        search_id=np.array([str(n) for n in range(SEARCHES)], dtype=object),
        exploration=np.zeros(SEARCHES, np.bool_),
        day=np.full(SEARCHES, np.datetime64("2026-01-01")),
    )
