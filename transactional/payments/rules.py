"""What becomes of a payment, a refund or a payout: states in an order in which they are only ever left forwards.

News of a payment comes twice, as the answer to a call and as a message, in any order and any number of
times. So the states have ranks, and news moves a row up or not at all: whatever the order, the highest
state that was told remains. That money was taken outranks everything else that can be said of a payment.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar


class PaymentStatus(StrEnum):
    """What a payment is, lowest rank first."""

    NEW = "new"
    ACTION_REQUIRED = "action_required"
    AUTHORISED = "authorised"
    FAILED = "failed"
    VOIDED = "voided"
    CAPTURED = "captured"


class RefundStatus(StrEnum):
    """What a refund is, lowest rank first."""

    NEW = "new"
    FAILED = "failed"
    DONE = "done"


class PayoutStatus(StrEnum):
    """What a payout is, lowest rank first."""

    SCHEDULED = "scheduled"
    WITHDRAWN = "withdrawn"
    FAILED = "failed"
    PAID = "paid"


Status = TypeVar("Status", PaymentStatus, RefundStatus, PayoutStatus)


def below(status: Status) -> list[str]:
    """States from which one leads to `status`: the guard of the UPDATE that makes it."""
    ranked = list(type(status))
    return [each.value for each in ranked[: ranked.index(status)]]


class Purpose(StrEnum):
    """What a payment is for."""

    BOOKING = "booking"
    MODIFICATION = "modification"


@dataclass(frozen=True, slots=True)
class PaymentNews:
    """What a processor says of a payment: the whole of its state, not what changed.

    Attributes
    ----------
    processor_id
        None where nothing was ever asked of it.
    captured_minor
        All that was taken so far.
    failure
        Why it failed or lapsed.
    action_url
        Where the cardholder confirms, while that is awaited.
    """

    status: PaymentStatus
    processor_id: str | None
    captured_minor: int = 0
    failure: str | None = None
    action_url: str | None = None


@dataclass(frozen=True, slots=True)
class RefundNews:
    """What a processor says of a refund, and of the payment that it is of."""

    status: RefundStatus
    processor_id: str
    payment: PaymentNews


@dataclass(frozen=True, slots=True)
class PayoutNews:
    """What a processor says of a payout."""

    status: PayoutStatus
    processor_id: str


News = PaymentNews | RefundNews | PayoutNews
