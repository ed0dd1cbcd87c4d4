"""What the processor keeps: authorisations, refunds, payouts, and what may be done with them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from simulation.processor.methods import Status

LAPSE = timedelta(days=7)
"""How long an authorisation can be captured."""


@dataclass(frozen=True, slots=True)
class Authorisation:
    """An amount reserved on a payment method; instants are seconds since 1970."""

    id: str
    key: str
    payment_method: str
    amount_minor: int
    currency: str
    reference: str
    status: str
    code: str | None
    captured_minor: int
    refunded_minor: int
    created_at: float
    expires_at: float
    resolves_at: float | None

    def as_json(self) -> dict[str, Any]:
        """The shape in which it is answered and told."""
        return {
            "object": "authorisation",
            "id": self.id,
            "key": self.key,
            "status": self.status,
            "code": self.code,
            "amount_minor": self.amount_minor,
            "currency": self.currency,
            "reference": self.reference,
            "captured_minor": self.captured_minor,
            "refunded_minor": self.refunded_minor,
        }


@dataclass(frozen=True, slots=True)
class Refund:
    """Money given back of an authorisation that was captured."""

    id: str
    key: str
    authorisation_id: str
    amount_minor: int
    status: str
    code: str | None
    created_at: float

    def as_json(self, authorisation: Authorisation) -> dict[str, Any]:
        """The shape in which it is answered and told, with the whole of what it is of."""
        return {
            "object": "refund",
            "id": self.id,
            "key": self.key,
            "status": self.status,
            "code": self.code,
            "amount_minor": self.amount_minor,
            "currency": authorisation.currency,
            "authorisation": authorisation.as_json(),
        }


@dataclass(frozen=True, slots=True)
class Payout:
    """Money sent to a host."""

    id: str
    key: str
    host_id: str
    amount_minor: int
    currency: str
    reference: str
    status: str
    code: str | None
    created_at: float

    def as_json(self) -> dict[str, Any]:
        """The shape in which it is answered and told."""
        return {
            "object": "payout",
            "id": self.id,
            "key": self.key,
            "status": self.status,
            "code": self.code,
            "host_id": self.host_id,
            "amount_minor": self.amount_minor,
            "currency": self.currency,
            "reference": self.reference,
        }


NOT_CAPTURABLE = {
    Status.PROCESSING: "still_processing",
    Status.ACTION_REQUIRED: "not_authorised",
    Status.DECLINED: "not_authorised",
    Status.CAPTURED: "already_captured",
    Status.VOIDED: "already_voided",
    Status.EXPIRED: "authorisation_expired",
}
"""Why an authorisation in a state can be neither captured nor given up."""


def refuse_capture(authorisation: Authorisation, amount_minor: int, currency: str) -> str | None:
    """Why so much cannot be captured, or None where it can: once, and no more than was authorised."""
    if authorisation.status != Status.AUTHORISED:
        return NOT_CAPTURABLE[Status(authorisation.status)]
    if currency != authorisation.currency:
        return "another_currency"
    return "amount_exceeds_authorised" if amount_minor > authorisation.amount_minor else None


def refuse_void(authorisation: Authorisation) -> str | None:
    """Why an authorisation cannot be given up, or None: also one that still waits for its cardholder can."""
    if authorisation.status in {Status.AUTHORISED, Status.ACTION_REQUIRED}:
        return None
    return NOT_CAPTURABLE[Status(authorisation.status)]


def refuse_refund(authorisation: Authorisation, amount_minor: int, currency: str) -> str | None:
    """Why so much cannot be given back, or None: never more than was captured, all refunds together."""
    if authorisation.status != Status.CAPTURED:
        return "not_captured"
    if currency != authorisation.currency:
        return "another_currency"
    left = authorisation.captured_minor - authorisation.refunded_minor
    return "amount_exceeds_captured" if amount_minor > left else None
