"""May a new ranker take over? Pure: figures in, a decision with its reasons out."""

from __future__ import annotations

from collections.abc import Mapping

from ml.gate import Decision
from ml.intervals import Interval

MIN_SEARCHES = 50
"""Searches with a click in the slice below which no decision is made on it."""


def decide(
    *, searches: int, slice_name: str, over_baselines: Mapping[str, Interval], over_champion: Interval | None
) -> Decision:
    """Compare a challenger with the baselines and, where there is one, with the champion.

    It must be better than every baseline and than the champion with 95 % confidence: the whole interval
    of each difference above zero. A tie keeps the champion.

    Parameters
    ----------
    searches
        Searches with a click behind the figures.
    slice_name
        What the searches are, for the reasons.
    over_baselines
        Challenger minus baseline, by the baseline's name.
    over_champion
        Challenger minus champion on the same searches; None where there is no champion.
    """
    if searches < MIN_SEARCHES:
        few = f"Only {searches} {slice_name} searches had a click; {MIN_SEARCHES} are needed to decide."
        return Decision(promote=False, reasons=(few,))
    rivals = {f"the baseline {name!r}": gap for name, gap in over_baselines.items()}
    if over_champion is not None:
        rivals["the champion"] = over_champion
    reasons = tuple(f"{_verdict(gap)} {rival} on {slice_name} searches: {gap}." for rival, gap in rivals.items())
    if over_champion is None:
        reasons += ("There was no champion before.",)
    return Decision(promote=all(gap.low > 0 for gap in rivals.values()), reasons=reasons)


def _verdict(gap: Interval) -> str:
    if gap.low > 0:
        return "Better than"
    return "Worse than" if gap.high < 0 else "Not surely better than"
