"""Bootstrap intervals hold what they promise."""

from __future__ import annotations

import numpy as np

from ml.intervals import PerUnit, difference, interval, mean_of


def test_the_interval_covers_the_truth() -> None:
    """Of 200 samples, the 95 % interval of the mean holds the true mean in 90 to 99 %."""
    generator = np.random.default_rng(3)
    held = [
        (found := interval(mean_of(generator.normal(2.0, 1.0, 60)), generator)).low <= 2.0 <= found.high
        for _ in range(200)
    ]
    assert 0.90 <= np.mean(held) <= 0.99


def test_a_pair_differs_by_exactly_what_was_added() -> None:
    """The comparison is paired: the same units with a constant more differ by it, without any spread."""
    values = np.random.default_rng(1).normal(size=50)
    found = difference(mean_of(values + 1), mean_of(values), np.random.default_rng(2))
    np.testing.assert_allclose([found.estimate, found.low, found.high], 1.0)


def test_nothing_measured_is_nan() -> None:
    """No units, or none that count: NaN, not an error and not zero."""
    empty = PerUnit(np.empty(0), np.empty(0))
    assert np.isnan(interval(empty, np.random.default_rng(1)).estimate)
    assert np.isnan(interval(mean_of(np.array([np.nan])), np.random.default_rng(1)).low)
