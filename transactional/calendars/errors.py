"""What can be in the way of a stay or of a change to a calendar."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Self

from lodestay.calendar import Refusal, RefusedStay
from lodestay.errors import Conflict, InvalidInput, NotFound, PreconditionFailed
from lodestay.stay import Stay

_SENTENCES = {
    Refusal.IN_THE_PAST: ("Check-in {check_in} has passed.", "Choose dates from today on."),
    Refusal.ADVANCE_NOTICE: (
        "The host asks for {limit} days of notice before check-in.",
        "Choose a later check-in.",
    ),
    Refusal.LAST_BOOKING_HOUR: (
        "The host takes bookings for {check_in} until {limit}:00 only, and that has passed.",
        "Choose a later check-in.",
    ),
    Refusal.OUTSIDE_CALENDAR: (
        "The calendar does not cover {check_in} to {check_out}.",
        "Choose dates inside the listing's calendar.",
    ),
    Refusal.BOOKING_WINDOW: (
        "The host takes bookings for the next {limit} days only.",
        "Choose earlier dates, or come back later.",
    ),
    Refusal.NIGHTS_TAKEN: ("Somebody has {nights}.", "Choose other dates."),
    Refusal.PREPARATION: (
        "The host keeps {limit} days before and after each stay free and needs {nights}.",
        "Choose other dates.",
    ),
    Refusal.MIN_STAY: ("A stay that arrives on {check_in} has at least {limit} nights.", "Stay longer."),
    Refusal.MAX_STAY: ("A stay that arrives on {check_in} has at most {limit} nights.", "Stay shorter."),
    Refusal.MIN_STAY_THROUGH: ("A stay over {nights} has at least {limit} nights.", "Stay longer."),
    Refusal.MAX_STAY_THROUGH: ("A stay over {nights} has at most {limit} nights.", "Stay shorter."),
    Refusal.CLOSED_TO_ARRIVAL: ("No stay can arrive on {check_in}.", "Choose another check-in."),
    Refusal.CLOSED_TO_DEPARTURE: ("No stay can depart on {check_out}.", "Choose another check-out."),
    Refusal.GAP: (
        "The stay would leave {nights} alone between others; the host leaves {limit} nights or none.",
        "Move the stay next to the others, or farther away.",
    ),
}
MAX_NAMED = 7
"""Nights named in a sentence; the extension member has them all."""


class InvalidWindow(InvalidInput):
    """A range of nights that is none, or too long."""

    title = "Invalid range of nights"


class InvalidCalendarEdit(InvalidInput):
    """A price or a rule that no night can have."""

    title = "Invalid calendar edit"


class NightsArePast(InvalidInput):
    """Nights that nobody can sell any more."""

    title = "The nights have passed"

    def __init__(self, nights: Sequence[date], *, today: date) -> None:
        super().__init__(
            f"Nothing can be said of {spoken(nights)} any more.",
            hint=f"Send nights from {today} on.",
            nights=[night.isoformat() for night in nights],
            today=today.isoformat(),
        )
        self.nights = tuple(nights)


class ClashingStayRules(InvalidInput):
    """An edit that leaves a night on which no stay can arrive: close it to arrival instead."""

    title = "The stay rules clash"

    def __init__(self, nights: Sequence[date], *, shortest: int, longest: int) -> None:
        super().__init__(
            f"A stay that arrives on {nights[0]} would have at least {shortest} and at most {longest} nights.",
            hint="Change both the minimum and the maximum, or close the dates to arrival.",
            nights=[night.isoformat() for night in nights],
            shortest=shortest,
            longest=longest,
        )
        self.nights = tuple(nights)


class CalendarChanged(PreconditionFailed):
    """Prices and rules that somebody has changed since the caller saw them."""

    title = "The calendar has changed since"

    def __init__(self, listing_id: int, *, version: int) -> None:
        super().__init__(
            f"The prices and rules of listing {listing_id} are at version {version}.",
            hint="Read them again and send that version as If-Match.",
            listing_id=listing_id,
            version=version,
        )
        self.version = version


class NoRatePlan(NotFound):
    """A listing without prices: its source told none."""

    title = "The listing has no rate plan"

    def __init__(self, listing_id: int) -> None:
        super().__init__(f"Listing {listing_id} has no rate plan.", hint=None, listing_id=listing_id)


class SeasonNotFound(NotFound):
    """No such season in this listing."""

    title = "No such season"

    def __init__(self, season_id: int) -> None:
        super().__init__(f"The listing has no season {season_id}.", hint="List its seasons.", season_id=season_id)


class TooManySeasons(Conflict):
    """A listing with more seasons than anybody can keep in mind."""

    title = "Too many seasons"

    def __init__(self, listing_id: int, *, limit: int) -> None:
        super().__init__(
            f"Listing {listing_id} has {limit} seasons.",
            hint="Remove those that are over.",
            listing_id=listing_id,
            limit=limit,
        )


class StayUnavailable(Conflict):
    """A stay that a rule of the listing's calendar refuses.

    Attributes
    ----------
    rule, nights, limit
        As in :class:`lodestay.calendar.RefusedStay`.
    """

    title = "The stay is not available"

    def __init__(self, detail: str, *, hint: str, listing_id: int, refused: RefusedStay) -> None:
        super().__init__(
            detail,
            hint=hint,
            listing_id=listing_id,
            rule=refused.rule.value,
            nights=[night.isoformat() for night in refused.nights],
            limit=refused.limit,
        )
        self.listing_id = listing_id
        self.rule = refused.rule
        self.nights = refused.nights
        self.limit = refused.limit

    @classmethod
    def because(cls, refused: RefusedStay, *, listing_id: int, stay: Stay) -> Self:
        """Say which rule is in the way."""
        _, hint = _SENTENCES[refused.rule]
        return cls(sentence_of(refused, stay), hint=hint, listing_id=listing_id, refused=refused)


class NightsBooked(Conflict):
    """Nights that a host cannot block, since a guest has them."""

    title = "A guest has these nights"

    def __init__(self, nights: Sequence[date], *, listing_id: int) -> None:
        super().__init__(
            f"A guest has {spoken(nights)}.",
            hint="Block the nights around them, or cancel the booking first.",
            listing_id=listing_id,
            nights=[night.isoformat() for night in nights],
        )
        self.nights = tuple(nights)


def sentence_of(refused: RefusedStay, stay: Stay) -> str:
    """The rule in the way of a stay, in words for a guest."""
    sentence, _ = _SENTENCES[refused.rule]
    return sentence.format(
        check_in=stay.check_in, check_out=stay.check_out, limit=refused.limit, nights=spoken(refused.nights)
    )


def spoken(nights: Sequence[date]) -> str:
    """Name nights in a sentence, the first few of many."""
    named = ", ".join(night.isoformat() for night in nights[:MAX_NAMED])
    more = len(nights) - MAX_NAMED
    return f"the night{'s' if len(nights) > 1 else ''} of {named}" + (f" and {more} more" if more > 0 else "")
