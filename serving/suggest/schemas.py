"""What suggestions are asked for and answered with."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, Field, model_validator

from search.suggest import Suggestion, SuggestionKind
from serving.schemas import MarketKey, Query, example


class SuggestQuery(Query):
    """What was typed so far, and where the guest looks."""

    q: str = Field(min_length=1, max_length=100, examples=["lis"])
    market: MarketKey | None = Field(
        None, description="Of what fits the letters alike, what lies there comes first; a whole name stands before it."
    )
    latitude: float | None = Field(
        None, ge=-90, le=90, description="Of where the guest looks: what lies around comes first.", examples=[38.72]
    )
    longitude: float | None = Field(None, ge=-180, le=180, description="With `latitude`.", examples=[-9.14])
    limit: int = Field(8, ge=1, le=20)

    @model_validator(mode="after")
    def _one_point(self) -> Self:
        if (self.latitude is None) != (self.longitude is None):
            raise ValueError("latitude and longitude go together")
        return self


class SuggestionOut(BaseModel):
    """A place, what others asked for, or a listing."""

    kind: SuggestionKind = Field(description="`search`: what others asked for; send it as the `text` of a search.")
    text: str = Field(examples=["Lisbon"])
    matched: str | None = Field(
        description="Of a place whose shown name has no word that begins as typed: the name that does, in another "
        "language (`Wien` for Vienna), to be shown beside `text`. Else null.",
        examples=["Lisboa"],
    )
    country: str | None = Field(description="ISO 3166-1, of a place.")
    latitude: float | None
    longitude: float | None
    radius_km: float | None
    listing_id: int | None
    market: str | None

    @classmethod
    def of(cls, suggestion: Suggestion) -> Self:
        """Write a suggestion down."""
        place = suggestion.place
        return cls(
            kind=suggestion.kind,
            text=suggestion.text,
            matched=suggestion.matched,
            country=None if place is None else place.country,
            latitude=None if place is None else place.location.latitude,
            longitude=None if place is None else place.location.longitude,
            radius_km=None if place is None else place.radius_km,
            listing_id=suggestion.listing_id,
            market=suggestion.market,
        )


class SuggestionsOut(BaseModel):
    """Suggestions, the likeliest first."""

    model_config = example(
        items=[
            SuggestionOut(
                kind=SuggestionKind.MARKET,
                text="Lisbon",
                matched=None,
                country="PT",
                latitude=38.7223,
                longitude=-9.1393,
                radius_km=9.1,
                listing_id=None,
                market="lisbon",
            )
        ],
        degraded=[],
    )

    items: list[SuggestionOut]
    degraded: list[str] = Field(description="What had to be left out; empty when all is well.")
