"""What price suggestions are asked for and answered with."""

from __future__ import annotations

from datetime import date
from typing import Self

from pydantic import BaseModel, Field

from ml.pricing.pricer import NightSuggestion
from serving.schemas import MoneyOut, NightsQuery, example


class SuggestionsQuery(NightsQuery):
    """Nights to be priced, from today on (at most 366)."""


class PriceReasonOut(BaseModel):
    """Why a price is suggested."""

    code: str = Field(examples=["comparables"])
    sentence: str = Field(examples=["12% above what 23 comparable listings ask, by neighbourhood"])
    effect: float = Field(description="Share of the price that it speaks of.")


class NightPriceOut(BaseModel):
    """What could be asked for a night."""

    night: date
    available: bool = Field(description="Nobody has the night.")
    current: MoneyOut | None = Field(description="What is asked now; null where the calendar does not know.")
    low: MoneyOut = Field(description="About 80 % of such nights are asked for between `low` and `high`.")
    suggested: MoneyOut
    high: MoneyOut
    market: MoneyOut | None = Field(description="What a listing like this without a history would ask.")
    reasons: list[PriceReasonOut]

    @classmethod
    def of(cls, suggestion: NightSuggestion, *, currency: str, current_minor: int | None, available: bool) -> Self:
        """Write a suggestion down."""
        market = suggestion.market_minor
        return cls(
            night=suggestion.night,
            available=available,
            current=None if current_minor is None else MoneyOut.of(current_minor, currency),
            low=MoneyOut.of(suggestion.low_minor, currency),
            suggested=MoneyOut.of(suggestion.suggested_minor, currency),
            high=MoneyOut.of(suggestion.high_minor, currency),
            market=None if market is None else MoneyOut.of(market, currency),
            reasons=[
                PriceReasonOut(code=reason.code, sentence=reason.sentence, effect=round(reason.effect, 4))
                for reason in suggestion.reasons
            ],
        )


class PriceSuggestionsOut(BaseModel):
    """Suggestions for a listing's nights."""

    model_config = example(
        listing_id=42,
        title="Loft by the river",
        currency="EUR",
        model="pricing-known@2",
        degraded=[],
        nights=[
            NightPriceOut(
                night=date(2027, 5, 7),
                available=True,
                current=MoneyOut.of(12000, "EUR"),
                low=MoneyOut.of(11400, "EUR"),
                suggested=MoneyOut.of(12900, "EUR"),
                high=MoneyOut.of(14600, "EUR"),
                market=MoneyOut.of(13200, "EUR"),
                reasons=[
                    PriceReasonOut(
                        code="comparables",
                        sentence="12% above what 23 comparable listings ask, by neighbourhood",
                        effect=0.12,
                    )
                ],
            )
        ],
    )

    listing_id: int
    title: str
    currency: str
    model: str = Field(description="What made them.", examples=["pricing-known@2"])
    degraded: list[str] = Field(description="What had to be left out; empty when all is well.")
    nights: list[NightPriceOut]
