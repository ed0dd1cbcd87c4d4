"""What a quote is asked for and answered with."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Self
from uuid import UUID

from pydantic import BaseModel, Field

from lodestay.pricing import Component
from serving.schemas import Body, Day, Guests, ListingId, MoneyOut, example
from transactional.quotes.repository import QuoteRecord


class QuoteIn(Body):
    """A stay to be priced."""

    model_config = example(listing_id=42, check_in="2027-05-07", check_out="2027-05-11", guests=2)

    listing_id: ListingId
    check_in: Day = Field(examples=["2027-05-07"])
    check_out: Day = Field(description="Day of departure; its night is not part of the stay.", examples=["2027-05-11"])
    guests: Guests = Field(examples=[2])


class PriceLineOut(BaseModel):
    """A component of a price; discounts are negative."""

    component: Component
    price: MoneyOut

    @classmethod
    def all_of(cls, lines: list[dict[str, Any]], currency: str) -> list[Self]:
        """Write stored lines down."""
        return [cls(component=line["component"], price=MoneyOut.of(line["minor"], currency)) for line in lines]


LINES = (
    PriceLineOut(component=Component.NIGHTS, price=MoneyOut.of(48000, "EUR")),
    PriceLineOut(component=Component.CLEANING, price=MoneyOut.of(3500, "EUR")),
)
"""Of the examples."""


class QuoteOut(BaseModel):
    """A price that can be booked until `expires_at`."""

    model_config = example(
        quote_id="01930f6e-3c52-7d3b-8f1e-0c8c2f0a9d11",
        listing_id=42,
        check_in="2027-05-07",
        check_out="2027-05-11",
        nights=4,
        guests=2,
        lines=LINES,
        total=MoneyOut.of(51500, "EUR"),
        created_at="2027-01-02T09:30:00Z",
        expires_at="2027-01-02T10:00:00Z",
    )

    quote_id: UUID
    listing_id: int
    check_in: Day
    check_out: Day
    nights: int
    guests: int
    lines: list[PriceLineOut] = Field(description="They add up to `total`.")
    total: MoneyOut
    created_at: datetime
    expires_at: datetime

    @classmethod
    def of(cls, quote: QuoteRecord) -> Self:
        """Write a quote down."""
        return cls(
            quote_id=quote.quote_id,
            listing_id=quote.listing_id,
            check_in=quote.stay.check_in,
            check_out=quote.stay.check_out,
            nights=quote.stay.nights,
            guests=quote.guests,
            lines=PriceLineOut.all_of(quote.lines, quote.currency),
            total=MoneyOut.of(quote.total_minor, quote.currency),
            created_at=quote.created_at,
            expires_at=quote.expires_at,
        )
