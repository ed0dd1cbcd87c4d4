"""The ranker's forest as it is served, beside LightGBM: scores of all candidates, reasons of a page."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter

import numpy as np

from bench.engines.champion import drawn_examples
from bench.report import Figure, latency
from lodestay.errors import ServiceUnavailable
from ml.ranking.forest import forest_of, scores
from ml.ranking.shap import leaf_paths, shap_values
from ml.ranking.train import RankerParameters, train

CANDIDATES, PAGE = 500, 20
WARM_UP, TAKEN = 50, 1_000
SHARE_UNKNOWN = 0.1

NOTES = """
A ranker of the size that the project trains, its values drawn, a tenth of them not known. Both are asked the same rows,
in turns, on one thread; the scores are the same to the last bit and the SHAP values to 1e-9, or there would be no
figures here.
"""


def measure() -> list[Figure]:
    """Train, lay out, compare, and take the times."""
    data = drawn_examples()
    data.matrix[np.random.default_rng(11).random(data.matrix.shape) < SHARE_UNKNOWN] = np.nan
    booster = train(data, RankerParameters())
    forest, paths = forest_of(booster), leaf_paths(booster)
    if forest is None or paths is None:
        raise ServiceUnavailable("The forest cannot be laid out.", hint="Look at ml/ranking/forest.py.")
    candidates, page = data.matrix[:CANDIDATES].copy(), data.matrix[:PAGE].copy()

    def explained() -> np.ndarray:
        return np.asarray(booster.predict(page, pred_contrib=True, num_threads=1))[:, :-1]

    scored = _in_turns(lambda: scores(forest, candidates), lambda: booster.predict(candidates, num_threads=1), 0.0)
    reasoned = _in_turns(lambda: shap_values(paths, page), explained, 1e-9)
    return [
        Figure(f"{what}, {name}", "ms", getattr(latency(ours), name), getattr(latency(theirs), name), "LightGBM")
        for what, (ours, theirs) in {
            f"scores of {CANDIDATES} candidates": scored,
            f"SHAP values of {PAGE} results": reasoned,
        }.items()
        for name in ("p50", "p99")
    ]


def _in_turns(
    ours: Callable[[], object], theirs: Callable[[], object], tolerance: float
) -> tuple[list[float], list[float]]:
    """Seconds of each, one after the other, once they say the same."""
    np.testing.assert_allclose(np.asarray(ours()), np.asarray(theirs()), rtol=0, atol=tolerance)
    taken: tuple[list[float], list[float]] = ([], [])
    for _ in range(WARM_UP + TAKEN):
        for work, seconds in zip((ours, theirs), taken, strict=True):
            started = perf_counter()
            work()
            seconds.append(perf_counter() - started)
    return taken[0][WARM_UP:], taken[1][WARM_UP:]
