"""The price models' card."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ml.gate import Decision
from ml.pricing.evaluate import PriceQuality
from ml.report import table, verdict
from ml.supply import Supply, supply_list

FLAT = 0.01
"""Variation of a calendar under which it is called flat."""


@dataclass(frozen=True)
class CardFacts:
    """Everything the card says.

    Attributes
    ----------
    task, rule
        What is priced, and the one-line rule, in words.
    champion_is_rule
        Nothing trained was better: the rule itself is the model.
    supply
        Of each market it was trained or judged on.
    parameters
        How its trees were grown, in words.
    flat_share
        Market → share of judged nights whose listing asks the same price all year.
    """

    task: str
    rule: str
    split: str
    champion_is_rule: bool
    day: str
    trained_rows: int
    trained_listings: int
    judged_listings: int
    supply: tuple[Supply, ...]
    parameters: str
    flat_share: Mapping[str, float]
    quality: Mapping[str, PriceQuality]
    decision: Decision


def pricing_card(facts: CardFacts) -> str:
    """Write the card as Markdown."""
    kind = (
        f"**The rule itself**: {facts.rule}. A LightGBM model was trained and was not surely better, so it is not used."
        if facts.champion_is_rule
        else f"Three LightGBM quantile models (10, 50, 90 %) of the price relative to {facts.rule}."
    )
    chosen = facts.quality["rule" if facts.champion_is_rule else "model"]
    groups = [(name, f"{chosen.mae_by[name]:.3f}", f"{share:.0%}") for name, share in chosen.coverage_by.items()]
    sections = [
        f"# Price model: {facts.task}",
        kind + " The interval is widened on listings set apart until it holds 80 % (conformal).",
        "## Data",
        f"{facts.trained_rows:,} nights of {facts.trained_listings:,} listings, asked on {facts.day}. {facts.split}",
        supply_list(facts.supply),
        *_flat(facts.flat_share),
        "## How it was trained",
        facts.parameters,
        "## How it was judged",
        f"On {facts.judged_listings:,} listings. Errors are shares of the mean price of the market.",
        table(("", "error", "interval holds"), _overall(facts.quality)),
        table(("market", *facts.quality), _by_market(facts.quality)) + "\n\nMean absolute error, minor units.",
        table(("group", "error", "interval holds"), groups),
        verdict(facts.decision),
        "## Limits",
        _LIMITS,
    ]
    return "\n\n".join(sections) + "\n"


_LIMITS = (
    "- It learned what hosts **ask**, not what guests pay or what would earn most: a comparison, not an optimum.\n"
    "- A night that is taken counts with the price it was listed at.\n"
    "- Events and public holidays are unknown to it."
)


def _overall(quality: Mapping[str, PriceQuality]) -> list[tuple[str, str, str]]:
    return [(name, f"{q.relative_mae:.4f}", f"{q.coverage:.0%}") for name, q in quality.items()]


def _by_market(quality: Mapping[str, PriceQuality]) -> list[tuple[str, ...]]:
    markets = next(iter(quality.values())).mae_minor
    return [(market, *(f"{q.mae_minor[market]:,.0f}" for q in quality.values())) for market in markets]


def _flat(shares: Mapping[str, float]) -> list[str]:
    """A sentence for each market whose calendars mostly do not vary."""
    return [
        f"In {market} {share:.0%} of the nights are of listings with **one flat price** all year: seasons and weekends "
        "cannot be learned there, and an own earlier price predicts the next perfectly."
        for market, share in shares.items()
        if share > _MOSTLY
    ]


_MOSTLY = 0.9
