"""What a host says of nights and of a listing, and what a calendar is answered with."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Annotated, Literal, Self, get_args
from uuid import UUID

from pydantic import BaseModel, Field

from lodestay.calendar import StayCalendar
from lodestay.stay import MAX_NIGHTS
from serving.schemas import Body, Day, Query, example
from transactional.calendars.edits import MAX_PRICE_MINOR, ChangedRun, NightsEdit, NightTerms
from transactional.calendars.repository import Occupant
from transactional.calendars.rules import Window
from transactional.calendars.service import EditedNights, HostCalendar

NIGHTS = {"from": "2027-07-01", "to": "2027-07-15"}
"""Of the examples."""
MAX_RANGES = 50

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
"""The day on whose evening the night begins."""
NightStatus = Literal["free", "booking", "hold", "host_block", "imported", "preparation", "not_on_sale"]


class NightsIn(Body):
    """Nights from a date up to, and without, another."""

    model_config = example(**NIGHTS)

    from_: Day = Field(alias="from", examples=["2027-07-01"])
    to: Day = Field(description="The date after the last night.", examples=["2027-07-15"])

    @property
    def window(self) -> Window:
        """The nights, or `InvalidWindow`."""
        return Window(self.from_, self.to)


# What is left out stays as it is: a default made by a factory is in no schema, and never in `model_fields_set`.
_Length = Annotated[int | None, Field(default_factory=int, ge=1, le=MAX_NIGHTS, examples=[3])]


class NightWordsIn(Body):
    """What the nights shall have. What is left out stays; null returns to the rate plan and the season."""

    price_minor: int | None = Field(
        default_factory=int, ge=1, lt=MAX_PRICE_MINOR, description="In the listing's currency.", examples=[14500]
    )
    min_stay: _Length = Field(description="Nights that a stay arriving then must have.")
    max_stay: _Length = Field(description="Nights that a stay arriving then may have.")
    min_stay_through: _Length = Field(description="Nights that a stay with such a night in it must have.")
    max_stay_through: _Length = Field(description="Nights that a stay with such a night in it may have.")
    closed_to_arrival: bool = Field(default_factory=bool, description="No stay arrives on these dates.")
    closed_to_departure: bool = Field(default_factory=bool, description="No stay departs on these dates.")


class NightsEditIn(Body):
    """What shall hold in some ranges of nights, or on some weekdays in them."""

    model_config = example(
        ranges=[NIGHTS],
        weekdays=["friday", "saturday"],
        set={
            "price_minor": 14500,
            "min_stay": 2,
            "max_stay": 14,
            "min_stay_through": 2,
            "max_stay_through": 28,
            "closed_to_arrival": False,
            "closed_to_departure": True,
        },
    )

    ranges: list[NightsIn] = Field(min_length=1, max_length=MAX_RANGES)
    weekdays: list[Weekday] | None = Field(
        None, min_length=1, max_length=7, description="Only nights that begin on one of these; null: all of them."
    )
    set: NightWordsIn = Field(description="At least one of its fields.")

    @property
    def edit(self) -> NightsEdit:
        """The edit, or `InvalidWindow`."""
        names = get_args(Weekday)
        return NightsEdit(
            spans=tuple(nights.window for nights in self.ranges),
            weekdays=None if self.weekdays is None else frozenset(map(names.index, self.weekdays)),
            changes={name: getattr(self.set, name) for name in self.set.model_fields_set},
        )


class PreviewQuery(Query):
    """Whether the edit is made, or only looked at."""

    preview: bool = Field(default=False, description="True: write nothing.")


class NightTermsOut(BaseModel):
    """What a night costs and allows."""

    price_minor: int | None = Field(description="In the listing's currency; null: no price, so not on sale.")
    min_stay: int
    max_stay: int
    min_stay_through: int | None = Field(description="Null: this night asks nothing of stays that pass through.")
    max_stay_through: int | None
    closed_to_arrival: bool
    closed_to_departure: bool

    @classmethod
    def of(cls, terms: NightTerms) -> Self:
        """Write a night's terms down."""
        return cls(**{name: getattr(terms, name) for name in cls.model_fields})


class ChangedRunOut(BaseModel):
    """Nights in a row that change in the same way."""

    from_: date = Field(alias="from", serialization_alias="from")
    to: date = Field(description="The date after the last night.")
    before: NightTermsOut
    after: NightTermsOut

    @classmethod
    def of(cls, run: ChangedRun) -> Self:
        """Write a run down."""
        return cls(
            **{"from": run.start}, to=run.end, before=NightTermsOut.of(run.before), after=NightTermsOut.of(run.after)
        )


_TERMS = {
    "price_minor": 12000,
    "min_stay": 1,
    "max_stay": 60,
    "min_stay_through": None,
    "max_stay_through": None,
    "closed_to_arrival": False,
    "closed_to_departure": False,
}


class EditedNightsOut(BaseModel):
    """What an edit of nights does, or would do."""

    model_config = example(
        version=8,
        preview=False,
        nights=4,
        changes=[
            {
                "from": "2027-07-02",
                "to": "2027-07-04",
                "before": _TERMS,
                "after": _TERMS | {"price_minor": 14500, "min_stay": 2},
            }
        ],
        booked=["2027-07-09"],
    )

    version: int = Field(description="Of the calendar: after the edit, or as it stands for a preview.")
    preview: bool
    nights: int = Field(description="How many the edit speaks of.")
    changes: list[ChangedRunOut] = Field(description="Those that cost or allow something else afterwards.")
    booked: list[date] = Field(description="Those that guests have: their bookings stay as they are.")

    @classmethod
    def of(cls, edited: EditedNights, *, preview: bool) -> Self:
        """Write an edit's effect down."""
        return cls(
            version=edited.version,
            preview=preview,
            nights=edited.nights,
            changes=[ChangedRunOut.of(run) for run in edited.runs],
            booked=list(edited.booked),
        )


class OccupantOut(BaseModel):
    """Who has a night."""

    booking_id: UUID | None = Field(description="Of a booking or a hold.")
    reference: str | None
    feed_id: UUID | None = Field(description="Of the calendar that the night was imported from.")
    expires_at: datetime | None = Field(description="Of a hold.")
    from_: date = Field(alias="from", serialization_alias="from")
    to: date

    @classmethod
    def of(cls, occupant: Occupant) -> Self:
        """Write an occupant down."""
        names = ("booking_id", "reference", "feed_id", "expires_at")
        return cls(**{"from": occupant.start, **{name: getattr(occupant, name) for name in names}}, to=occupant.end)


class HostNightOut(NightTermsOut):
    """A night with who has it."""

    night: date
    status: NightStatus = Field(description="`preparation`: kept free beside a guest's stay.")
    occupant: OccupantOut | None
    own_price: bool = Field(description="The price is this night's own word, not the plan's or a season's.")


class HostCalendarOut(BaseModel):
    """A listing's calendar as its host sees it."""

    model_config = example(
        listing_id=42,
        currency="EUR",
        version=8,
        nights=[
            {
                **_TERMS,
                "night": "2027-07-02",
                "status": "booking",
                "occupant": {
                    "booking_id": "01930f6e-3c52-7d3b-8f1e-0c8c2f0a9d11",
                    "reference": "K7QM-2XWR-9T",
                    "feed_id": None,
                    "expires_at": None,
                    "from": "2027-07-01",
                    "to": "2027-07-04",
                },
                "own_price": True,
            }
        ],
    )

    listing_id: int
    currency: str
    version: int = Field(description="Grows with every change of a price or a rule.")
    nights: list[HostNightOut]

    @classmethod
    def of(cls, listing_id: int, seen: HostCalendar) -> Self:
        """Write a calendar down, a row a night."""
        holders = {night: each for each in seen.occupants for night in Window(each.start, each.end).dates()}
        return cls(
            listing_id=listing_id,
            currency=seen.currency,
            version=seen.version,
            nights=list(_nights(seen, holders)),
        )


def _nights(seen: HostCalendar, holders: dict[date, Occupant]) -> Iterable[HostNightOut]:
    for column, night in enumerate(seen.window.dates()):
        terms, holder = NightTerms.of(seen.prices, column), holders.get(night)
        yield HostNightOut(
            **NightTermsOut.of(terms).model_dump(),
            night=night,
            status=_free_or_not(seen.calendar, night) if holder is None else holder.kind,
            occupant=None if holder is None else OccupantOut.of(holder),
            own_price=night in seen.own_prices,
        )


def _free_or_not(calendar: StayCalendar, night: date) -> NightStatus:
    """Of a night that nobody has."""
    if not calendar.start <= night < calendar.start + timedelta(days=len(calendar.free)):
        return "not_on_sale"
    column = calendar.index(night)
    if calendar.free[column]:
        return "free"
    prepared = calendar.preparation is not None and calendar.preparation[column]
    return "preparation" if prepared else "not_on_sale"


class ActiveIn(Body):
    """Whether a listing is on the market."""

    model_config = example(active=False)

    active: bool = Field(description="False takes it off; its bookings stay.", examples=[False])


class BlockedNightsQuery(Query):
    """Nights to put back on the market."""

    from_: Day = Field(alias="from", examples=["2027-07-01"])
    to: Day = Field(description="The date after the last night.", examples=["2027-07-15"])
