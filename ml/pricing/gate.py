"""May a price model take over from the rule, and the better of the two from the champion? Pure."""

from __future__ import annotations

from ml.gate import Decision
from ml.intervals import Interval

MIN_LISTINGS = 30
"""Listings behind the figures below which the rule stands."""
MIN_COVERAGE = 0.7
"""An interval said to hold 80 % must hold at least this much on data not seen, or as much as the rule's."""


def beats_rule(*, listings: int, over_rule: Interval, coverage: float, rule_coverage: float, rule: str) -> Decision:
    """Whether the trained model is better than the one-line rule: never ship a model worse than the rule.

    Parameters
    ----------
    listings
        Listings judged on.
    over_rule
        Relative error of the rule minus the model's: above zero the model is better.
    coverage, rule_coverage
        Share of prices inside the model's and the rule's 80 % interval.
    rule
        What the rule is, for the reasons.
    """
    if listings < MIN_LISTINGS:
        few = f"Only {listings} listings to judge on, {MIN_LISTINGS} are needed: {rule} stands."
        return Decision(promote=False, reasons=(few,))
    if coverage < min(MIN_COVERAGE, rule_coverage):
        missed = f"The model's 80 % interval held only {coverage:.0%} of the prices: {rule} stands."
        return Decision(promote=False, reasons=(missed,))
    if over_rule.low > 0:
        return Decision(promote=True, reasons=(f"Better than {rule} by {over_rule} of the mean price.",))
    return Decision(
        promote=False, reasons=(f"Not surely better than {rule} ({over_rule} of the mean price): it stands.",)
    )


def beats_champion(over_champion: Interval | None) -> Decision:
    """Whether the finalist (model or rule) replaces the champion: with 95 % confidence, or where there is none.

    Parameters
    ----------
    over_champion
        Relative error of the champion minus the finalist's on the same nights.
    """
    if over_champion is None:
        return Decision(promote=True, reasons=("There was no champion before.",))
    if over_champion.low > 0:
        return Decision(promote=True, reasons=(f"Better than the champion by {over_champion} of the mean price.",))
    return Decision(promote=False, reasons=(f"Not surely better than the champion ({over_champion}): it stays.",))
