"""What can be in the way of a stay or of a change to a calendar."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Self

from lodestay.calendar import Refusal, RefusedStay
from lodestay.errors import Conflict, InvalidInput
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
        detail, hint = _SENTENCES[refused.rule]
        detail = detail.format(
            check_in=stay.check_in, check_out=stay.check_out, limit=refused.limit, nights=spoken(refused.nights)
        )
        return cls(detail, hint=hint, listing_id=listing_id, refused=refused)


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


def spoken(nights: Sequence[date]) -> str:
    """Name nights in a sentence, the first few of many."""
    named = ", ".join(night.isoformat() for night in nights[:MAX_NAMED])
    more = len(nights) - MAX_NAMED
    return f"the night{'s' if len(nights) > 1 else ''} of {named}" + (f" and {more} more" if more > 0 else "")
