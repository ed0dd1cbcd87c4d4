"""What payment methods do: a token decides, so that a test or a person gets what they ask for."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """What an authorisation is."""

    PROCESSING = "processing"
    """Nobody knows yet; it becomes `AUTHORISED` by itself, later."""
    ACTION_REQUIRED = "action_required"
    AUTHORISED = "authorised"
    DECLINED = "declined"
    CAPTURED = "captured"
    VOIDED = "voided"
    EXPIRED = "expired"


class Mishap(StrEnum):
    """What goes wrong with the answer to the first call of an operation."""

    TIMEOUT_AFTER = "timeout_after"
    """It is done, and no answer comes."""
    SLOW = "slow"


@dataclass(frozen=True, slots=True)
class Method:
    """How a payment method behaves.

    Attributes
    ----------
    code
        Why it is declined, where it is.
    authorising, capturing
        What goes wrong with the answers to these operations.
    """

    meaning: str
    first: Status = Status.AUTHORISED
    code: str | None = None
    authorising: Mishap | None = None
    capturing: Mishap | None = None
    capture_declined: bool = False
    refund_declined: bool = False


METHODS: dict[str, Method] = {
    "pm_ok": Method("Everything succeeds."),
    "pm_declined": Method("The bank says no.", Status.DECLINED, "card_declined"),
    "pm_insufficient_funds": Method("The bank says why: no money.", Status.DECLINED, "insufficient_funds"),
    "pm_3ds": Method("The cardholder must confirm first (3-D Secure).", Status.ACTION_REQUIRED),
    "pm_late_success": Method("No answer yet; it succeeds some seconds later.", Status.PROCESSING),
    "pm_timeout_after_success": Method("It succeeds, and no answer comes.", authorising=Mishap.TIMEOUT_AFTER),
    "pm_capture_timeout": Method("The capture succeeds, and no answer comes.", capturing=Mishap.TIMEOUT_AFTER),
    "pm_slow": Method("It succeeds, slowly.", authorising=Mishap.SLOW, capturing=Mishap.SLOW),
    "pm_capture_declined": Method("It is authorised and cannot be captured.", capture_declined=True),
    "pm_refund_declined": Method("It is captured and cannot be refunded.", refund_declined=True),
}
UNKNOWN = Method("Nobody has such a card.", Status.DECLINED, "unknown_payment_method")


def method_of(token: str) -> Method:
    """The method that a token stands for."""
    return METHODS.get(token, UNKNOWN)
