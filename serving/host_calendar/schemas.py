"""What a host says of a range of nights, and of a listing."""

from __future__ import annotations

from pydantic import Field

from lodestay.stay import MAX_NIGHTS
from serving.schemas import Body, Day, Query, example
from transactional.calendars.rules import Window
from transactional.calendars.service import MAX_PRICE_MINOR

NIGHTS = {"from": "2027-07-01", "to": "2027-07-15"}
"""Of the examples."""


class NightsIn(Body):
    """Nights from a date up to, and without, another."""

    model_config = example(**NIGHTS)

    from_: Day = Field(alias="from", examples=["2027-07-01"])
    to: Day = Field(description="The date after the last night.", examples=["2027-07-15"])

    @property
    def window(self) -> Window:
        """The nights, or `InvalidWindow`."""
        return Window(self.from_, self.to)


class PriceIn(NightsIn):
    """What each of the nights costs."""

    model_config = example(**NIGHTS, price_minor=14500)

    price_minor: int | None = Field(
        ge=1,
        lt=MAX_PRICE_MINOR,
        description="In the listing's currency; null returns to the rate plan and the season.",
        examples=[14500],
    )


class MinStayIn(NightsIn):
    """How long a stay must be that arrives on one of the nights."""

    model_config = example(**NIGHTS, min_stay=3)

    min_stay: int | None = Field(
        ge=1, le=MAX_NIGHTS, description="Nights; null returns to the rate plan and the season.", examples=[3]
    )


class ClosedIn(NightsIn):
    """Whether stays may arrive and depart on the dates."""

    model_config = example(**NIGHTS, to_arrival=True, to_departure=False)

    to_arrival: bool = Field(description="No stay arrives on these dates.", examples=[True])
    to_departure: bool = Field(description="No stay departs on these dates.", examples=[False])


class ActiveIn(Body):
    """Whether a listing is on the market."""

    model_config = example(active=False)

    active: bool = Field(description="False takes it off; its bookings stay.", examples=[False])


class BlockedNightsQuery(Query):
    """Nights to put back on the market."""

    from_: Day = Field(alias="from", examples=["2027-07-01"])
    to: Day = Field(description="The date after the last night.", examples=["2027-07-15"])
