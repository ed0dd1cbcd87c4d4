"""Payments, refunds and payouts as they are read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from lodestay.money import Money


@dataclass(frozen=True, slots=True)
class PaymentRecord:
    """A payment; `status` is one of :class:`~transactional.payments.rules.PaymentStatus`."""

    payment_id: UUID
    booking_id: UUID
    purpose: str
    payment_method: str
    currency: str
    amount_minor: int
    lines: list[dict[str, Any]]
    captured_minor: int
    refunded_minor: int
    status: str
    processor_id: str | None
    failure: str | None
    action_url: str | None
    created_at: datetime
    updated_at: datetime

    @property
    def amount(self) -> Money:
        """What is to be paid."""
        return Money(self.amount_minor, self.currency)

    def key(self, operation: str) -> str:
        """Key under which the processor does an operation on this payment once."""
        return operation_key(self.payment_id, operation)


@dataclass(frozen=True, slots=True)
class RefundRecord:
    """A refund; `status` is one of :class:`~transactional.payments.rules.RefundStatus`."""

    refund_id: UUID
    payment_id: UUID
    amount_minor: int
    lines: list[dict[str, Any]]
    reason: str
    status: str
    processor_id: str | None
    created_at: datetime
    updated_at: datetime

    @property
    def key(self) -> str:
        """Key under which the processor makes this refund once."""
        return operation_key(self.refund_id, "refund")


@dataclass(frozen=True, slots=True)
class PayoutRecord:
    """A payout; `status` is one of :class:`~transactional.payments.rules.PayoutStatus`."""

    payout_id: UUID
    booking_id: UUID
    host_id: UUID
    currency: str
    amount_minor: int
    due_at: datetime
    status: str
    processor_id: str | None
    created_at: datetime
    updated_at: datetime

    @property
    def amount(self) -> Money:
        """What the host gets."""
        return Money(self.amount_minor, self.currency)

    @property
    def key(self) -> str:
        """Key under which the processor makes this payout once."""
        return operation_key(self.payout_id, "payout")


def operation_key(number: UUID, operation: str) -> str:
    """Key of an operation on a payment, a refund or a payout of ours."""
    return f"{number}:{operation}"


def number_of(key: str) -> UUID | None:
    """Number of the row whose operation a key names; None for a key that is not ours."""
    try:
        return UUID(key.partition(":")[0])
    except ValueError:
        return None


PAYMENT_COLUMNS = tuple(PaymentRecord.__dataclass_fields__)
REFUND_COLUMNS = tuple(RefundRecord.__dataclass_fields__)
PAYOUT_COLUMNS = tuple(PayoutRecord.__dataclass_fields__)
