"""When a price model may replace the rule, and the finalist the champion."""

from __future__ import annotations

import pytest

from ml.intervals import Interval
from ml.pricing.gate import MIN_LISTINGS, beats_champion, beats_rule

BETTER, TIED, WORSE = Interval(0.1, 0.05, 0.15), Interval(0.01, -0.05, 0.06), Interval(-0.1, -0.15, -0.05)


@pytest.mark.parametrize(
    ("listings", "gap", "coverage", "rule_coverage", "promote"),
    [
        (MIN_LISTINGS, BETTER, 0.8, 0.8, True),
        (MIN_LISTINGS, TIED, 0.8, 0.8, False),
        (MIN_LISTINGS, WORSE, 0.8, 0.8, False),
        (MIN_LISTINGS - 1, BETTER, 0.8, 0.8, False),
        (MIN_LISTINGS, BETTER, 0.5, 0.8, False),
        (MIN_LISTINGS, BETTER, 0.61, 0.60, True),
    ],
)
def test_a_model_worse_than_the_rule_never_ships(
    *, listings: int, gap: Interval, coverage: float, rule_coverage: float, promote: bool
) -> None:
    """A sure gain, enough listings and an interval that holds are all needed."""
    decision = beats_rule(
        listings=listings, over_rule=gap, coverage=coverage, rule_coverage=rule_coverage, rule="the rule"
    )
    assert decision.promote is promote
    assert "the rule" in decision.reasons[0]


@pytest.mark.parametrize(("gap", "promote"), [(None, True), (BETTER, True), (TIED, False), (WORSE, False)])
def test_a_tie_keeps_the_champion(*, gap: Interval | None, promote: bool) -> None:
    """The first finalist is taken; later ones must win for sure."""
    assert beats_champion(gap).promote is promote
