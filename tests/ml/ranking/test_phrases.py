"""What is said of a result's features."""

from __future__ import annotations

import numpy as np
import pytest

from ml.ranking import phrases


@pytest.mark.parametrize(
    ("rank", "effect", "said"),
    [
        (0.0, 1.0, "Costs the least of the results"),
        (0.002, 1.0, "Costs less than 99 % of the results"),
        (0.046, 1.0, "Costs less than 95 % of the results"),
        (0.71, -1.0, "Costs more than 71 % of the results"),
        (0.998, -1.0, "Costs more than 99 % of the results"),
        (1.0, -1.0, "Costs the most of the results"),
    ],
)
def test_a_share_of_the_results_is_never_said_too_high(rank: float, effect: float, said: str) -> None:
    """It is rounded down, and only the cheapest and the dearest are put before or behind all."""
    assert phrases.price({"price_rank": rank, "price_to_comparables": np.nan}, effect) == said


def test_no_share_loses_a_percent_as_a_float() -> None:
    """Of a hundred others exactly so many are said; 0.29 times a hundred is 28.999… to a machine."""
    for dearer in range(50, 100):
        said = phrases.price({"price_rank": 1 - dearer / 100, "price_to_comparables": np.nan}, 1.0)
        assert said == f"Costs less than {dearer} % of the results"
