"""What ending a booking is asked for and answered with."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Self

from pydantic import BaseModel, Field

from lodestay.money import Money
from lodestay.pricing import Component
from lodestay.vocabulary.cancellation import CancellationPolicy, policy_of_stay
from serving.bookings.schemas import BOOKING, BookingOut
from serving.schemas import Body, MoneyOut, example
from transactional.bookings.records import BookingRecord
from transactional.cancellations.records import Preview
from transactional.cancellations.rules import Deadline, Ground, Reason


class CancelIn(Body):
    """Why a booking is cancelled."""

    model_config = example(reason="changed_plans")

    reason: Reason = Field(Reason.OTHER, strict=False, description="One of the codes; no text is kept.")


class RefundLineOut(BaseModel):
    """A component: what was paid for it, and what goes back of that."""

    component: Component = Field(description="Discounts are taken off the nights.")
    paid: MoneyOut
    refund: MoneyOut


LINE = RefundLineOut(component=Component.NIGHTS, paid=MoneyOut.of(48000, "EUR"), refund=MoneyOut.of(18000, "EUR"))
OUTCOME = {
    "ground": "policy",
    "total": MoneyOut.of(18000, "EUR"),
    "lines": [LINE],
    "payout": MoneyOut.of(29100, "EUR"),
    "penalty": None,
}
"""Of the examples."""


class RefundOut(BaseModel):
    """What goes back to the guest, in the currency that was charged, and what it comes to for the host."""

    model_config = example(**OUTCOME)

    ground: Ground = Field(description="Why that much.")
    total: MoneyOut
    lines: list[RefundLineOut] = Field(description="Every component; the refunds add up to `total`.")
    payout: MoneyOut = Field(description="What the host has to get of the booking in all.")
    penalty: MoneyOut | None = Field(description="What a host who cancels owes.")

    @classmethod
    def of(cls, stored: dict[str, Any]) -> Self:
        """Write down what a booking keeps of its end."""
        currency = stored["currency"]
        return cls(
            ground=Ground(stored["ground"]),
            total=MoneyOut.of(stored["total_minor"], currency),
            lines=[
                RefundLineOut(
                    component=Component(line["component"]),
                    paid=MoneyOut.of(line["paid_minor"], currency),
                    refund=MoneyOut.of(line["minor"], currency),
                )
                for line in stored["lines"]
            ],
            payout=_money(stored["payout"]),
            penalty=None if stored["penalty"] is None else _money(stored["penalty"]),
        )


class EndedBookingOut(BookingOut):
    """A booking that has ended before its time."""

    model_config = example(**BOOKING | {"status": "cancelled", "cancelled_by": "guest"}, refund=OUTCOME)

    refund: RefundOut | None = Field(description="Null where nothing was charged: what was reserved is released.")

    @classmethod
    def of(cls, booking: BookingRecord) -> Self:
        """Write a booking and what came of its end down."""
        plain = BookingOut.of(booking)
        facts = {name: getattr(plain, name) for name in BookingOut.model_fields}
        return cls(**facts, refund=None if booking.refund is None else RefundOut.of(booking.refund))


class DeadlineOut(BaseModel):
    """Until when, and not at that instant, so much goes back."""

    until: datetime
    ground: Ground
    refund: MoneyOut

    @classmethod
    def of(cls, deadline: Deadline) -> Self:
        """Write a deadline down."""
        back = deadline.refund
        return cls(until=deadline.until, ground=back.ground, refund=MoneyOut.of(back.total_minor, back.currency))


class CancellationOut(BaseModel):
    """What would come of cancelling now."""

    model_config = example(
        policy="moderate",
        refund=OUTCOME,
        deadlines=[{"until": "2027-05-07T14:00:00Z", "ground": "policy", "refund": MoneyOut.of(18000, "EUR")}],
    )

    policy: CancellationPolicy = Field(description="Of this stay: long stays have their own.")
    refund: RefundOut | None = Field(description="Null while nothing is charged.")
    deadlines: list[DeadlineOut] = Field(
        description="For the guest: until when how much goes back; empty once the stay has begun, and for others."
    )

    @classmethod
    def of(cls, preview: Preview) -> Self:
        """Write a preview down."""
        booking = preview.booking
        policy = CancellationPolicy(booking.cancellation_policy)
        return cls(
            policy=policy_of_stay(policy, booking.stay.nights),
            refund=None if preview.outcome is None else RefundOut.of(preview.outcome.as_json()),
            deadlines=[DeadlineOut.of(deadline) for deadline in preview.deadlines],
        )


def _money(stored: dict[str, Any]) -> MoneyOut:
    money = Money(**stored)
    return MoneyOut.of(money.minor, money.currency)
