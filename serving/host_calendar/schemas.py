"""What a host says of a range of nights."""

from __future__ import annotations

from pydantic import Field

from serving.schemas import Body, Day, Query
from transactional.calendars.rules import Window
from transactional.calendars.service import MAX_PRICE_MINOR


class NightsIn(Body):
    """Nights from a date up to, and without, another."""

    from_: Day = Field(alias="from", examples=["2027-07-01"])
    to: Day = Field(description="The date after the last night.", examples=["2027-07-15"])

    @property
    def window(self) -> Window:
        """The nights, or `InvalidWindow`."""
        return Window(self.from_, self.to)


class PriceIn(NightsIn):
    """What each of the nights costs."""

    price_minor: int | None = Field(
        ge=1,
        lt=MAX_PRICE_MINOR,
        description="In the listing's currency; null returns to the rate plan and the season.",
        examples=[14500],
    )


class BlockedNightsQuery(Query):
    """Nights to put back on the market."""

    from_: Day = Field(alias="from", examples=["2027-07-01"])
    to: Day = Field(description="The date after the last night.", examples=["2027-07-15"])
