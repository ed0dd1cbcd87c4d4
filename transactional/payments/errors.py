"""What can be wrong with a payment."""

from __future__ import annotations

from uuid import UUID

from lodestay.errors import Conflict, InvalidInput, NotFound


class PaymentNotFound(NotFound):
    """No such payment, refund or payout."""

    title = "No such payment"

    def __init__(self, what: str, number: UUID) -> None:
        super().__init__(f"There is no {what} {number}.", hint="Read the booking's payments for their numbers.")


class RefundExceedsCapture(Conflict):
    """A refund of more than was taken and not yet given back."""

    title = "More than was taken"

    def __init__(self, payment_id: UUID, *, left_minor: int, asked_minor: int) -> None:
        super().__init__(
            f"Of payment {payment_id} only {left_minor} minor units can still be refunded, not {asked_minor}.",
            hint="Refund what is left, or less.",
            payment_id=payment_id,
            left_minor=left_minor,
            asked_minor=asked_minor,
        )


class PaymentKeyReused(Conflict):
    """A key under which the processor was asked for something else before: a fault of the platform's."""

    title = "Payment key reused"

    def __init__(self, key: str) -> None:
        super().__init__(
            f"The payment processor knows key {key!r} from another operation.",
            hint="Ask the processor for the operation of that key before anything is sent again.",
            key=key,
        )


class InvalidReceipt(InvalidInput):
    """A receipt of an authorisation that is not the processor's, was altered, has expired or is of something else."""

    title = "Invalid payment receipt"

    def __init__(self, detail: str) -> None:
        super().__init__(detail, hint="Authorise the quote's total again and send the receipt that comes back.")
