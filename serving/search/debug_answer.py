"""What a search says of itself when it is asked to."""

from __future__ import annotations

from datetime import date

from pydantic import BaseModel, Field


class StepOut(BaseModel):
    """A step of the search."""

    step: str = Field(examples=["scan"])
    milliseconds: float | None = Field(description="Null where it was not begun.")
    missing: str | None = Field(description="Why it gave nothing: late, busy, shut or failed; null where it did.")


class WeighedOut(BaseModel):
    """A result as the ranker saw it."""

    listing_id: int
    rank: int
    score: float | None
    features: dict[str, float] = Field(description="Those that are known.")
    contributions: dict[str, float] = Field(description="What each feature added to the score; none where not ranked.")
    confirmed: bool = Field(description="Whether PostgreSQL says that it can be had.")


class HindranceOut(BaseModel):
    """Something that keeps a listing out of the results."""

    rule: str = Field(examples=["min_stay"])
    sentence: str
    nights: list[date] = Field(description="That a rule of the stay speaks of.")
    limit: int | None = Field(description="The rule's number, where it has one.")


class WhyOut(BaseModel):
    """Why a listing is where it is in the results, or not in them."""

    listing_id: int
    rank: int | None = Field(description="Among the results that are ordered; null: it is not one of them.")
    hindrances: list[HindranceOut] = Field(description="Each would keep it out alone; none: nothing does.")


class DebugOut(BaseModel):
    """How an answer came about."""

    steps: list[StepOut]
    found: int = Field(description="Listings that fit.")
    ordered: int = Field(description="Of them, those that were ordered.")
    dropped: int = Field(description="Results that PostgreSQL took off the page.")
    results: list[WeighedOut] = Field(description="Of the page; for a host, of the listing asked about alone.")
    listing: WhyOut | None = Field(description="Null where `debug_listing` was not sent.")
