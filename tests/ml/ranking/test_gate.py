"""Who may take over: every row of the truth table."""

from __future__ import annotations

import pytest

from ml.intervals import Interval
from ml.ranking.gate import MIN_SEARCHES, decide

BETTER, TIED, WORSE = Interval(0.1, 0.05, 0.15), Interval(0.01, -0.05, 0.06), Interval(-0.1, -0.15, -0.05)
UNKNOWN = Interval(float("nan"), float("nan"), float("nan"))


@pytest.mark.parametrize(
    ("searches", "baseline", "champion", "promote"),
    [
        (MIN_SEARCHES, BETTER, None, True),
        (MIN_SEARCHES, BETTER, BETTER, True),
        (MIN_SEARCHES, BETTER, TIED, False),
        (MIN_SEARCHES, BETTER, WORSE, False),
        (MIN_SEARCHES, TIED, None, False),
        (MIN_SEARCHES, WORSE, BETTER, False),
        (MIN_SEARCHES - 1, BETTER, BETTER, False),
        (MIN_SEARCHES, UNKNOWN, None, False),
    ],
)
def test_a_challenger_must_win_for_sure(
    *, searches: int, baseline: Interval, champion: Interval | None, promote: bool
) -> None:
    """Promotion needs enough searches and a sure win over every baseline and the champion."""
    decision = decide(
        searches=searches,
        slice_name="randomised",
        over_baselines={"cheapest": baseline, "heuristic": BETTER},
        over_champion=champion,
    )
    assert decision.promote is promote
    assert decision.reasons


def test_reasons_name_every_rival() -> None:
    """A reader sees each comparison with its figures."""
    decision = decide(searches=500, slice_name="randomised", over_baselines={"cheapest": BETTER}, over_champion=WORSE)
    assert decision.reasons == (
        "Better than the baseline 'cheapest' on randomised searches: 0.1000 [0.0500, 0.1500].",
        "Worse than the champion on randomised searches: -0.1000 [-0.1500, -0.0500].",
    )
