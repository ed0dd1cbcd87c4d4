"""How sure a figure is: means and ratios over independent units, with bootstrap intervals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml.arrays import Floats, divide

RESAMPLES = 1000
CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure and where its true value lies with 95 % confidence; NaN where nothing was measured."""

    estimate: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.estimate:.4f} [{self.low:.4f}, {self.high:.4f}]"


@dataclass(frozen=True)
class PerUnit:
    """A metric taken apart into independent units (searches, listings): the sum of parts over the sum of weights.

    Attributes
    ----------
    parts, weights
        (n,) of each unit. A plain mean has weights of one; a unit that does not count has zero in both.
    """

    parts: Floats
    weights: Floats

    @property
    def value(self) -> float:
        """The metric over all units."""
        return float(divide(self.parts.sum(), self.weights.sum()))


def mean_of(values: Floats) -> PerUnit:
    """A mean over the values that are known."""
    known = np.isfinite(values)
    return PerUnit(np.where(known, values, 0.0), known.astype(np.float64))


def interval(metric: PerUnit, generator: np.random.Generator) -> Interval:
    """Percentile bootstrap over units."""
    return _summary(metric.value, _resampled([metric], generator)[0])


def difference(metric: PerUnit, other: PerUnit, generator: np.random.Generator) -> Interval:
    """Paired bootstrap of `metric` minus `other` over the same units."""
    ours, theirs = _resampled([metric, other], generator)
    return _summary(metric.value - other.value, ours - theirs)


def _resampled(metrics: list[PerUnit], generator: np.random.Generator) -> list[NDArray[np.float64]]:
    """Values of each metric over the same resamples of units."""
    units = len(metrics[0].parts)
    if not units:
        return [np.full(RESAMPLES, np.nan) for _ in metrics]
    draws = generator.multinomial(units, np.full(units, 1 / units), size=RESAMPLES).astype(np.float64)
    return [divide(draws @ metric.parts, draws @ metric.weights) for metric in metrics]


def _summary(estimate: float, values: NDArray[np.float64]) -> Interval:
    known = values[np.isfinite(values)]
    if not known.size:
        return Interval(estimate, np.nan, np.nan)
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(known, [tail, 1 - tail])
    return Interval(estimate, float(low), float(high))
