"""The ranker's model card."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite

from ml.gate import Decision
from ml.intervals import Interval
from ml.report import table, verdict
from ml.supply import Supply, supply_list


@dataclass(frozen=True)
class CardFacts:
    """Everything the card says.

    Attributes
    ----------
    first_day, last_day
        Of the searches, ISO dates.
    simulated_share
        Share of the judged rows whose true utility a simulator knows.
    slice_name, slice_searches
        What it was judged on.
    supply
        Of each market that was searched.
    parameters
        How its trees were grown, in words.
    chosen
        The variant that became the model.
    judged
        Ranker → estimate on that slice.
    truth
        Ranker → NDCG@10 against the truth; empty where there is none.
    click_rates
        Share clicked of what was shown at positions 1, 2, … of that slice.
    """

    first_day: str
    last_day: str
    trained_rows: int
    trained_searches: int
    simulated_share: float
    slice_name: str
    slice_searches: int
    supply: tuple[Supply, ...]
    parameters: str
    chosen: str
    judged: Mapping[str, Interval]
    truth: Mapping[str, Interval]
    click_rates: tuple[float, ...]
    strongest: tuple[str, ...]
    decision: Decision


def ranking_card(facts: CardFacts) -> str:
    """Write the card as Markdown."""
    judged = [(name, f"{value.estimate:.3f}", _range(value)) for name, value in facts.judged.items()]
    truth = [(name, f"{value.estimate:.3f}", _range(value)) for name, value in facts.truth.items()]
    sections = [
        "# Ranking model",
        (
            "A LightGBM LambdaMART model that orders the listings that fit a search by how likely guests are to click "
            f"and book them. Variant: {facts.chosen}."
        ),
        "## Data",
        _data(facts),
        "Whose listings were searched:",
        supply_list(facts.supply),
        "## How it was trained",
        facts.parameters,
        "## How it was judged",
        _judged_on(facts),
        table(("ranker", "share of the page below what guests chose", "95 %"), judged),
    ]
    if truth:
        sections += ["Against the simulator's own truth (NDCG@10):", table(("ranker", "NDCG@10", "95 %"), truth)]
    sections += [
        verdict(facts.decision),
        "## What it looks at",
        (
            f"Most of its splits are on {', '.join(facts.strongest)}. No name, no text of reviews and no attribute of "
            "a guest beyond the search is among its features; no listing or host is known to it by number."
        ),
        "## Limits",
        "- It learned what was clicked and booked, which is not the same as what guests were happy with.\n"
        "- New listings have no reviews and no bookings: they are ranked by what they are and what they ask.\n"
        "- It orders one search at a time and knows nothing of diversity within a page.\n"
        + (_SIMULATED if facts.simulated_share else _REAL),
    ]
    return "\n\n".join(sections) + "\n"


_SIMULATED = (
    "- Its guests were simulated: their tastes are the simulator's formula, so figures here show that the method "
    "recovers a known truth, not that real guests behave so. Train on real events before serving real guests."
)
_REAL = "- No truth is known for these searches; the estimates above are all there is."


def _data(facts: CardFacts) -> str:
    origin = (
        "All guests were **simulated**: a program with known tastes searched, looked, clicked and booked."
        if facts.simulated_share >= 1
        else f"Of the judged rows {facts.simulated_share:.0%} come from **simulated** guests."
        if facts.simulated_share
        else "Searches were recorded from the platform's own answers."
    )
    return (
        f"{facts.trained_searches:,} searches with a click ({facts.trained_rows:,} listings shown) between "
        f"{facts.first_day} and {facts.last_day}. {origin} Each row holds the features that were served; "
        "where a search logged none, as a simulated one, they were computed afterwards, with bookings and the number "
        "of reviews as of the Monday of its week, but with the prices and ratings of today. Labels: 0 shown, "
        "1 clicked, 2 booked. Searches in random order were kept out of training."
    )


def _judged_on(facts: CardFacts) -> str:
    if facts.slice_name == "logged":
        return (
            f"On {facts.slice_searches:,} logged searches with a click. **These clicks favour what already stood on "
            "top**: there were too few searches in random order for an unbiased figure."
        )
    rates = ", ".join(f"{rate:.3f}" for rate in facts.click_rates[:10] if isfinite(rate))
    return (
        f"On {facts.slice_searches:,} searches with a click whose results were shown in random order "
        f"({facts.slice_name}): 1 means that everything guests clicked and booked stood first, 0.5 that the order was "
        "no better than lot. There every listing was as likely to stand in one place as in another, so no place needs "
        f"a weight. What a place alone does: clicks by showing at the first positions were {rates}."
    )


def _range(value: Interval) -> str:
    return f"{value.low:.3f} to {value.high:.3f}"
