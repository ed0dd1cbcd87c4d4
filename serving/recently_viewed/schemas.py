"""What is asked for and answered of what was viewed."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Self

from pydantic import BaseModel, Field

from serving.schemas import Query, example
from serving.search.answer import RESULT
from transactional.listing_views.repository import MAX_KEPT, Viewed


class ViewedQuery(Query):
    """How much is wanted."""

    size: int = Field(20, ge=1, le=MAX_KEPT)


class ViewedOut(BaseModel):
    """A listing that the caller looked at."""

    listing_id: int
    market: str
    title: str
    room_type: str
    property_type: str
    neighbourhood: str | None
    latitude: float
    longitude: float
    accommodates: int
    rating: Decimal | None
    review_count: int
    superhost: bool
    viewed_at: datetime = Field(description="The last time.")

    @classmethod
    def of(cls, viewed: Viewed) -> Self:
        """Write a listing down."""
        card = viewed.card
        names = set(cls.model_fields) - {"superhost", "viewed_at"}
        return cls(
            **{name: getattr(card, name) for name in names}, superhost=card.is_superhost, viewed_at=viewed.viewed_at
        )


VIEWED = {name: RESULT[name] for name in ViewedOut.model_fields if name in RESULT} | {
    "viewed_at": "2027-01-02T09:30:00Z"
}
"""Of the example."""


class RecentlyViewedOut(BaseModel):
    """Listings that the caller looked at and that are on the market, the last first."""

    model_config = example(items=[VIEWED])

    items: list[ViewedOut]
