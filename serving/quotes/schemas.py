"""What a quote is asked for and answered with."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Self
from uuid import UUID

from pydantic import BaseModel, Field

from lodestay.pricing import Component
from serving.schemas import Body, CurrencyCode, Day, Guests, ListingId, MoneyOut, Pets, SearchId, example
from transactional.quotes.explanation import Explanation, Rule, explain
from transactional.quotes.records import QuoteRecord


class QuoteIn(Body):
    """A stay to be priced."""

    model_config = example(
        listing_id=42,
        check_in="2027-05-07",
        check_out="2027-05-11",
        guests=2,
        pets=0,
        currency="SGD",
        search_id="01930f6e-1f00-7b0a-9d5e-5b7e7f8f2a10",
    )

    listing_id: ListingId
    check_in: Day = Field(examples=["2027-05-07"])
    check_out: Day = Field(description="Day of departure; its night is not part of the stay.", examples=["2027-05-11"])
    guests: Guests = Field(examples=[2])
    pets: Pets = 0
    currency: CurrencyCode | None = Field(
        None, description="What the guest pays in; default: the listing's currency.", examples=["SGD"]
    )
    search_id: SearchId = None


class PriceLineOut(BaseModel):
    """A component of a price; discounts are negative."""

    component: Component
    price: MoneyOut

    @classmethod
    def all_of(cls, lines: list[dict[str, Any]], currency: str) -> list[Self]:
        """Write stored lines down."""
        return [cls(component=line["component"], price=MoneyOut.of(line["minor"], currency)) for line in lines]


class NightPriceOut(BaseModel):
    """A night and what it costs."""

    night: Day
    price: MoneyOut


class ExplanationOut(BaseModel):
    """How a line comes about: of the fields below, those of its `rule` are there."""

    component: Component
    price: MoneyOut
    rule: Rule = Field(
        description="`sum`: of `nights`. `share`: `bps` ten-thousandths of `base`, half up. `product`: of `factors`."
    )
    nights: list[NightPriceOut] | None
    of: list[Component] | None = Field(description="The lines that add up to `base`.")
    base: MoneyOut | None
    bps: int | None = Field(description="Negative for a discount.")
    factors: dict[str, int] | None = Field(description="`fee_minor` is in the minor unit of the currency.")

    @classmethod
    def of_line(cls, line: Explanation, currency: str) -> Self:
        """Write an explanation down."""
        nights = [NightPriceOut(night=night, price=MoneyOut.of(minor, currency)) for night, minor in line.nights]
        return cls(
            component=line.component,
            price=MoneyOut.of(line.minor, currency),
            rule=line.rule,
            nights=nights or None,
            of=list(line.of) or None,
            base=None if line.base_minor is None else MoneyOut.of(line.base_minor, currency),
            bps=line.bps,
            factors=None if line.factors is None else dict(line.factors),
        )


LINES = (
    PriceLineOut(component=Component.NIGHTS, price=MoneyOut.of(48000, "EUR")),
    PriceLineOut(component=Component.CLEANING, price=MoneyOut.of(3500, "EUR")),
)
"""Of the examples."""
CHARGE_LINES = (
    PriceLineOut(component=Component.NIGHTS, price=MoneyOut.of(72000, "SGD")),
    PriceLineOut(component=Component.CLEANING, price=MoneyOut.of(5250, "SGD")),
)
"""The same in another currency."""
_NIGHTS = tuple(
    NightPriceOut.model_validate({"night": f"2027-05-{day:02}", "price": MoneyOut.of(12000, "EUR")})
    for day in range(7, 11)
)
EXPLANATION = (
    ExplanationOut(
        component=Component.NIGHTS,
        price=MoneyOut.of(48000, "EUR"),
        rule=Rule.SUM,
        nights=list(_NIGHTS),
        of=None,
        base=None,
        bps=None,
        factors=None,
    ),
    ExplanationOut(
        component=Component.CLEANING,
        price=MoneyOut.of(3500, "EUR"),
        rule=Rule.PRODUCT,
        nights=None,
        of=None,
        base=None,
        bps=None,
        factors={"fee_minor": 3500},
    ),
)


class QuoteOut(BaseModel):
    """A price that can be booked until `expires_at`."""

    model_config = example(
        quote_id="01930f6e-3c52-7d3b-8f1e-0c8c2f0a9d11",
        signature="7d5e0c9bb9a4e1a1f35f4bd2bb2d0a4f6a4e5c5b0f2d7c1e93f8a6b4c2d1e0f9",
        listing_id=42,
        check_in="2027-05-07",
        check_out="2027-05-11",
        nights=4,
        guests=2,
        pets=0,
        lines=LINES,
        total=MoneyOut.of(51500, "EUR"),
        explanation=EXPLANATION,
        charge_lines=CHARGE_LINES,
        charge_total=MoneyOut.of(77250, "SGD"),
        exchange_rate="1.5",
        exchange_day="2027-01-01",
        created_at="2027-01-02T09:30:00Z",
        expires_at="2027-01-02T10:00:00Z",
    )

    quote_id: UUID
    signature: str = Field(description="Sent along when the quote is booked: it stands for everything here.")
    listing_id: int
    check_in: Day
    check_out: Day
    nights: int
    guests: int
    pets: int
    lines: list[PriceLineOut] = Field(description="They add up to `total`.")
    total: MoneyOut = Field(description="In the listing's currency.")
    explanation: list[ExplanationOut] = Field(description="Each of `lines` in the numbers that make it.")
    charge_lines: list[PriceLineOut] = Field(description="They add up to `charge_total`.")
    charge_total: MoneyOut = Field(description="What the guest pays: `total` at `exchange_rate`, half up.")
    exchange_rate: str = Field(description="Units of the charge's currency for one of the listing's, fixed here.")
    exchange_day: Day | None = Field(description="Of the rate; null where nothing is exchanged.")
    created_at: datetime
    expires_at: datetime

    @classmethod
    def of(cls, quote: QuoteRecord, signature: str) -> Self:
        """Write a quote down."""
        explained = explain(quote.lines, quote.stay)
        return cls(
            quote_id=quote.quote_id,
            signature=signature,
            listing_id=quote.listing_id,
            check_in=quote.stay.check_in,
            check_out=quote.stay.check_out,
            nights=quote.stay.nights,
            guests=quote.guests,
            pets=quote.pets,
            lines=PriceLineOut.all_of(quote.lines, quote.currency),
            total=MoneyOut.of(quote.total_minor, quote.currency),
            explanation=[ExplanationOut.of_line(line, quote.currency) for line in explained],
            charge_lines=PriceLineOut.all_of(quote.charge_lines, quote.charge_currency),
            charge_total=MoneyOut.of(quote.charge_total_minor, quote.charge_currency),
            exchange_rate=format(quote.exchange_rate, "f"),
            exchange_day=quote.exchange_day,
            created_at=quote.created_at,
            expires_at=quote.expires_at,
        )
