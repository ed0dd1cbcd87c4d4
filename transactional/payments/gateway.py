"""The port to a payment processor: five operations, each with a key under which it happens once.

An operation either has an :class:`Outcome`, or raises :class:`ProcessorUnavailable` when nobody knows
whether it happened (no answer, a timeout, a fault of the processor). The same call with the same key may
then be sent again, and again: the processor does it once and tells what came of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from lodestay.errors import ServiceUnavailable
from lodestay.money import Money


class ProcessorUnavailable(ServiceUnavailable):
    """The payment processor gave no answer that can be relied on: the operation may have happened."""

    title = "The payment processor does not answer"


class Result(StrEnum):
    """What came of an operation."""

    SUCCEEDED = "succeeded"
    DECLINED = "declined"
    ACTION_REQUIRED = "action_required"
    """The cardholder must confirm first (3-D Secure); a webhook tells when they have."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The processor's word on an operation.

    Attributes
    ----------
    processor_id
        What the processor calls the payment, the refund or the payout; empty where it did not consider it.
    code
        Why it was declined ("insufficient_funds", "authorisation_expired"), None otherwise.
    action_url
        Where the cardholder confirms, for `ACTION_REQUIRED`.
    """

    result: Result
    processor_id: str
    code: str | None = None
    action_url: str | None = None


class PaymentGateway(Protocol):
    """A payment processor; `key` makes an operation happen once, however often it is sent."""

    async def authorise(self, key: str, *, payment_method: str, amount: Money, reference: str) -> Outcome:
        """Reserve an amount on a payment method: a token of the processor's, never a card's number."""

    async def capture(self, key: str, *, processor_id: str, amount: Money) -> Outcome:
        """Take an authorised amount, or a part of it."""

    async def void(self, key: str, *, processor_id: str) -> Outcome:
        """Give an authorisation up."""

    async def refund(self, key: str, *, processor_id: str, amount: Money) -> Outcome:
        """Give captured money back, or a part of it."""

    async def pay_out(self, key: str, *, host_id: UUID, amount: Money, reference: str) -> Outcome:
        """Send money to a host."""
