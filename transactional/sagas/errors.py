"""What can be wrong with a saga."""

from __future__ import annotations

from uuid import UUID

from lodestay.errors import Conflict, NotFound


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
