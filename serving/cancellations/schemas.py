"""What ending a booking is asked for and answered with."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from pydantic import BaseModel, Field

from lodestay.vocabulary.cancellation import CancellationPolicy, policy_of_stay
from serving.bookings.refunds import OUTCOME, RefundOut
from serving.bookings.schemas import BOOKING, BookingOut
from serving.schemas import Body, MoneyOut, example
from transactional.bookings.records import BookingRecord
from transactional.bookings.rules import Side
from transactional.cancellations.records import Preview
from transactional.cancellations.rules import Deadline, Ground, Reason


class CancelIn(Body):
    """Why a booking is cancelled."""

    model_config = example(reason="changed_plans")

    reason: Reason = Field(Reason.OTHER, strict=False, description="One of the codes; no text is kept.")


class EndedBookingOut(BookingOut):
    """A booking that has ended before its time."""

    model_config = example(**BOOKING | {"status": "cancelled", "cancelled_by": "guest"}, refund=OUTCOME)

    refund: RefundOut | None = Field(description="Null where nothing was charged: what was reserved is released.")

    @classmethod
    def seen_by(cls, side: Side, booking: BookingRecord) -> Self:
        """Write a booking and what came of its end down."""
        refund = None if booking.refund is None else RefundOut.of(booking.refund, side=side)
        return cls(**dict(BookingOut.of(booking)), refund=refund)


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
    def of(cls, preview: Preview, *, side: Side) -> Self:
        """Write a preview down."""
        booking = preview.booking
        policy = CancellationPolicy(booking.cancellation_policy)
        return cls(
            policy=policy_of_stay(policy, booking.stay.nights),
            refund=None if preview.outcome is None else RefundOut.of(preview.outcome.as_json(), side=side),
            deadlines=[DeadlineOut.of(deadline) for deadline in preview.deadlines],
        )
