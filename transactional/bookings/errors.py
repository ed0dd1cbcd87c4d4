"""What can be wrong with a booking."""

from __future__ import annotations

from datetime import date

from lodestay.errors import Conflict, Forbidden, NotFound


class BookingNotFound(NotFound):
    """No such booking, or somebody else's."""

    title = "No such booking"

    def __init__(self) -> None:
        super().__init__("There is no such booking of yours.", hint="List your bookings to see their references.")


class NotForTheHost(Forbidden):
    """A change to a booking that is its guest's to make, or an administrator's."""

    title = "Not for the host to do"

    def __init__(self) -> None:
        super().__init__("A host cannot confirm a booking.", hint="Wait for the guest, or cancel the booking.")


class BookingStateConflict(Conflict):
    """A change that the booking's state does not allow."""

    title = "The booking's state does not allow that"

    def __init__(self, reference: str, *, status: str, change: str) -> None:
        super().__init__(
            f"Booking {reference} is {status}: nobody can {change} it.",
            hint="Read the booking again and act on its present state.",
            reference=reference,
            booking_status=status,
            change=change,
        )


class StayIsOver(Conflict):
    """A change that comes after the guest has left."""

    title = "The stay is over"

    def __init__(self, reference: str, *, check_out: date) -> None:
        super().__init__(
            f"The stay of booking {reference} ended on {check_out}.",
            hint="A stay can be cancelled until its day of departure.",
            reference=reference,
        )
