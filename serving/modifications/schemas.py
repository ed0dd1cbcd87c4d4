"""What modifications are asked for and answered with."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, Field

from serving.bookings.schemas import PAYMENT_METHOD, PaymentOut
from serving.quotes.schemas import CHARGE_LINES, LINES, PriceLineOut
from serving.schemas import Body, Day, Guests, MoneyOut, Pets, Prose, example
from transactional.bookings.records import BookingRecord
from transactional.bookings.rules import Side
from transactional.modifications.records import ModificationRecord, Wish
from transactional.modifications.rules import ANSWERING, ModificationStatus
from transactional.modifications.settling import payment_of
from transactional.payments.records import PaymentRecord

Token = Annotated[
    str,
    Field(
        pattern=PAYMENT_METHOD,
        description="The payment processor's token for what is to be paid on top; default: what the booking was paid "
        "with.",
        examples=["pm_ok"],
    ),
]
Reason = Annotated[Prose, Field(min_length=1, max_length=500, examples=["A friend comes along."])]


class ModificationIn(Body):
    """What the booking should become; what is left out stays as it is."""

    model_config = example(
        check_in="2027-05-07",
        check_out="2027-05-12",
        guests=3,
        pets=0,
        nights_price_minor=50000,
        payment_method="pm_ok",
        reason="A friend comes along.",
    )

    check_in: Day | None = Field(None, examples=["2027-05-07"])
    check_out: Day | None = Field(None, examples=["2027-05-12"])
    guests: Guests | None = None
    pets: Pets | None = None
    nights_price_minor: int | None = Field(
        None,
        ge=0,
        lt=10**12,
        description="What all nights cost together, without discounts, in the listing's currency: the host's to name.",
    )
    payment_method: Token | None = None
    reason: Reason | None = None

    def wish(self) -> Wish:
        """What was asked for."""
        return Wish(**self.model_dump())


class ApproveModificationIn(Body):
    """What a guest pays a higher price with."""

    model_config = example(payment_method="pm_ok")

    payment_method: Token | None = None


class DeclineModificationIn(Body):
    """Why."""

    model_config = example(reason="We arrive that day.")

    reason: Reason | None = None


MODIFICATION = {
    "modification_id": "01930f6e-3c52-7d3b-8f1e-0c8c2f0a9d12",
    "booking_id": "01930f6e-3c52-7d3b-8f1e-0c8c2f0a9d11",
    "booking_version": 2,
    "status": "proposed",
    "proposed_by": "guest",
    "awaits": ["host", "platform"],
    "check_in": "2027-05-07",
    "check_out": "2027-05-11",
    "guests": 3,
    "pets": 0,
    "lines": LINES,
    "total": MoneyOut.of(51500, "EUR"),
    "charge_lines": CHARGE_LINES,
    "charge": MoneyOut.of(77250, "SGD"),
    "difference": MoneyOut.of(18000, "SGD"),
    "payment": None,
    "reason": "A friend comes along.",
    "created_at": "2027-01-02T09:30:00Z",
    "expires_at": "2027-01-03T09:30:00Z",
    "closed_at": None,
    "closed_because": None,
}
"""Of the examples."""


class ModificationOut(BaseModel):
    """A proposed change of a booking."""

    model_config = example(**MODIFICATION)

    modification_id: UUID
    booking_id: UUID
    booking_version: int = Field(description="Of the booking that it was made from: it changes no other.")
    status: ModificationStatus
    proposed_by: Side
    awaits: list[Side] = Field(description="Who can agree; nobody once it was answered.")
    check_in: Day
    check_out: Day
    guests: int
    pets: int
    lines: list[PriceLineOut] = Field(description="The whole changed price; they add up to `total`.")
    total: MoneyOut = Field(description="In the listing's currency.")
    charge_lines: list[PriceLineOut] = Field(description="They add up to `charge`.")
    charge: MoneyOut = Field(description="The whole changed price as the guest pays it.")
    difference: MoneyOut = Field(description="What the guest pays on top, or gets back where it is negative.")
    payment: PaymentOut | None = Field(description="Of what is paid on top, once agreed to; the host does not see it.")
    reason: str | None = Field(description="Why it was proposed.")
    created_at: datetime
    expires_at: datetime = Field(description="Until then it can be answered.")
    closed_at: datetime | None
    closed_because: str | None = Field(
        description="Why nothing came of it: the other side's words, or `declined`, `withdrawn`, `payment_failed`, "
        "`nights_gone`, `booking_changed`."
    )

    @classmethod
    def of(cls, modification: ModificationRecord, booking: BookingRecord, made: Sequence[PaymentRecord]) -> Self:
        """Write a modification of a booking down, with its payment among those that the caller may see."""
        status, by = ModificationStatus(modification.status), Side(modification.proposed_by)
        payment = payment_of(modification, made)
        listing, charged = booking.currency, booking.charge_currency
        return cls(
            modification_id=modification.modification_id,
            booking_id=modification.booking_id,
            booking_version=modification.booking_version,
            status=status,
            proposed_by=by,
            awaits=list(ANSWERING[by]) if status is ModificationStatus.PROPOSED else [],
            check_in=modification.check_in,
            check_out=modification.check_out,
            guests=modification.guests,
            pets=modification.pets,
            lines=PriceLineOut.all_of(modification.lines, listing),
            total=MoneyOut.of(modification.total_minor, listing),
            charge_lines=PriceLineOut.all_of(modification.charge_lines, charged),
            charge=MoneyOut.of(modification.charge_total_minor, charged),
            difference=MoneyOut.of(modification.charge_difference_minor, charged),
            payment=None if payment is None else PaymentOut.of(payment),
            reason=modification.reason,
            created_at=modification.created_at,
            expires_at=modification.expires_at,
            closed_at=modification.closed_at,
            closed_because=modification.closed_because,
        )


class ModificationsOut(BaseModel):
    """A booking's modifications, newest first."""

    model_config = example(items=[MODIFICATION])

    items: list[ModificationOut]
