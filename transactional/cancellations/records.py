"""What ending a booking comes to, in the forms in which it is shown and stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lodestay.money import Money
from transactional.bookings.records import BookingRecord
from transactional.cancellations.rules import Deadline, Refund


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What, beside a booking's own columns, decides what its end costs whom.

    Attributes
    ----------
    timezone
        Of the listing.
    grace_hours
        Hours after a booking in which the place's law has everything go back.
    is_posted
        Whether the ledger knows the booking: one that was never to be paid it does not.
    has_payment
        Whether a processor was ever asked for its money.
    paid_out_minor
        What the host has got for it.
    quoted_lines, quoted_nights
        Price and nights of the quote that was booked, in the listing's currency.
    """

    timezone: str
    host_fee_bps: int
    grace_hours: int
    is_posted: bool
    has_payment: bool
    paid_out_minor: int
    quoted_lines: Sequence[Mapping[str, Any]]
    quoted_nights: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What ending a booking comes to.

    Attributes
    ----------
    refund
        What goes back to the guest.
    payout
        What the host still has to get of the booking in all, in the listing's currency.
    penalty
        What the host owes for it.
    """

    refund: Refund
    payout: Money
    penalty: Money | None

    def as_json(self) -> dict[str, Any]:
        """The form that a booking keeps in its column `refund`."""
        refund = self.refund
        return {
            "ground": refund.ground.value,
            "currency": refund.currency,
            "lines": [
                {"component": line.component.value, "minor": line.minor, "paid_minor": line.paid_minor}
                for line in refund.lines
            ],
            "total_minor": refund.total_minor,
            "payout": _money(self.payout),
            "penalty": None if self.penalty is None else _money(self.penalty),
        }


@dataclass(frozen=True, slots=True)
class Preview:
    """What would come of cancelling a booking now.

    Attributes
    ----------
    outcome
        None while nothing is charged, so that nothing goes back.
    deadlines
        For a guest: until when how much goes back.
    """

    booking: BookingRecord
    outcome: Outcome | None
    deadlines: tuple[Deadline, ...]


def _money(money: Money) -> dict[str, Any]:
    return {"currency": money.currency, "minor": money.minor}
