"""What is asked for and answered of similar listings."""

from __future__ import annotations

from datetime import date
from typing import Self

from pydantic import BaseModel, Field, model_validator

from lodestay.stay import Stay
from serving.schemas import Day, Guests, Query, example
from serving.search.answer import RESULT, FoundOut, ReasonOut


class SimilarQuery(Query):
    """For which stay, in which money."""

    check_in: Day | None = Field(None, examples=["2027-05-07"])
    check_out: Day | None = Field(None, description="Day of departure.", examples=["2027-05-11"])
    guests: Guests = 1
    currency: str | None = Field(
        None, pattern=r"^[A-Z]{3}$", description="Of prices; default: the market's.", examples=["EUR"]
    )
    size: int = Field(10, ge=1, le=20)

    @model_validator(mode="after")
    def _whole_stay(self) -> Self:
        if (self.check_in is None) != (self.check_out is None):
            raise ValueError("check_in and check_out go together")
        return self

    @property
    def stay(self) -> Stay | None:
        """The stay; None without dates."""
        return Stay(self.check_in, self.check_out) if self.check_in and self.check_out else None


_WHY = [ReasonOut(code="meaning", sentence="83 % alike in what it says of itself", contribution=0.332)]


class SimilarOut(BaseModel):
    """Listings like another, the most alike first; `score` says how much, from 0 to 1, and `reasons` in what."""

    model_config = example(
        listing_id=7,
        check_in="2027-05-07",
        check_out="2027-05-11",
        nights=4,
        currency="EUR",
        degraded=[],
        results=[{name: RESULT[name] for name in FoundOut.model_fields} | {"score": 0.7124, "reasons": _WHY}],
    )

    listing_id: int = Field(description="That they are like.")
    check_in: date | None
    check_out: date | None
    nights: int | None
    currency: str
    degraded: list[str] = Field(description="What had to be left out; empty when all is well.")
    results: list[FoundOut] = Field(description="Free for the stay, at its total, as the database has it now.")
