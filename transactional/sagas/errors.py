"""What can be wrong with a saga."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from lodestay.errors import Conflict, NotFound

FAULT: Final = "fault: "
"""What a saga's error begins with where nobody foresaw it: for operators, never for a guest."""


def public_reason(kept: str | None) -> str:
    """What a guest may know of a saga's error."""
    if kept is None:
        return "given up"
    return "something failed on our side" if kept.startswith(FAULT) else kept


class SagaNotFound(NotFound):
    """No such saga, or one that is over."""

    title = "No such saga"

    def __init__(self, saga_id: UUID) -> None:
        super().__init__(
            f"There is no saga {saga_id} that is not over.",
            hint="List the sagas with `lodestay sagas`.",
            saga_id=str(saga_id),
        )


class LeaseLost(Conflict):
    """A saga that somebody else has taken in the meantime."""

    title = "Somebody else has the saga"

    def __init__(self, saga_id: UUID) -> None:
        super().__init__(
            f"Saga {saga_id} was taken by another worker.",
            hint="Leave it to that worker.",
            saga_id=str(saga_id),
        )


class PaymentUnderWay(Conflict):
    """A second payment of a booking whose first is not over."""

    title = "A payment is under way"

    def __init__(self, reference: str) -> None:
        super().__init__(
            f"Booking {reference} is being paid already.",
            hint="Read the booking: its payment says whether the cardholder has to confirm.",
            reference=reference,
        )


class PaymentDeclined(Conflict):
    """A payment that the guest's bank or the processor refused; nothing was charged."""

    title = "The payment was declined"

    def __init__(self, reference: str, *, reason: str) -> None:
        super().__init__(
            f"The payment for booking {reference} was declined: {reason}.",
            hint="Nothing was charged. While the hold lasts, pay with another method under a new Idempotency-Key.",
            reference=reference,
            reason=reason,
        )


class PaymentGivenBack(Conflict):
    """A payment for a booking that could not be made any more: what was reserved or taken goes back."""

    title = "The payment is given back"

    def __init__(self, reference: str, *, reason: str) -> None:
        super().__init__(
            f"Booking {reference} could not be paid for: {reason}. What was reserved is released.",
            hint="Read the booking; if it has ended, ask for a new quote.",
            reference=reference,
            reason=reason,
        )
