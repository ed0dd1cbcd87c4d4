"""What can be wrong with a booking."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from lodestay.errors import Conflict, Forbidden, NotFound


class BookingNotFound(NotFound):
    """No such booking, or somebody else's."""

    title = "No such booking"

    def __init__(self) -> None:
        super().__init__("There is no such booking of yours.", hint="List your bookings to see their references.")


class ChangeNotYours(Forbidden):
    """A change to a booking that is another side's to make."""

    title = "Not for this side of the booking to do"

    def __init__(self, *, change: str, side: str, allowed: Sequence[str]) -> None:
        whose = " or ".join(allowed) or "system"
        super().__init__(
            f"A {side} cannot {change.replace('_', ' ')} a booking.",
            hint=f"This is for the {whose} to do; a booking can be cancelled by either side.",
            change=change,
            side=side,
            allowed=list(allowed),
        )


class BookingStateConflict(Conflict):
    """A change that the booking's state does not allow."""

    title = "The booking's state does not allow that"

    def __init__(self, reference: str, *, status: str, change: str) -> None:
        super().__init__(
            f"Booking {reference} is {status}: {change.replace('_', ' ')} is not possible then.",
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
            hint="A booking can be cancelled until its check-out.",
            reference=reference,
        )


class ApprovalNeeded(Conflict):
    """A stay that this guest cannot book at once: the host wants to be asked."""

    title = "The host wants to be asked first"

    def __init__(self, listing_id: int, *, reasons: Sequence[str]) -> None:
        super().__init__(
            f"Listing {listing_id} cannot be booked at once: {'; '.join(reasons)}.",
            hint="Send the quote as a request (POST /v1/booking-requests).",
            listing_id=listing_id,
            reasons=list(reasons),
        )


class HoldLapsed(Conflict):
    """A payment that is begun long after its hold ended."""

    title = "The hold has lapsed"

    def __init__(self, reference: str, *, payable_until: datetime) -> None:
        super().__init__(
            f"Booking {reference} could be paid until {payable_until.isoformat()}.",
            hint="Ask for a new quote: the price may be another by now.",
            reference=reference,
            payable_until=payable_until.isoformat(),
        )


class RequestLapsed(Conflict):
    """An answer to a request that comes after its deadline."""

    title = "The request has lapsed"

    def __init__(self, reference: str, *, respond_by: datetime) -> None:
        super().__init__(
            f"Request {reference} could be answered until {respond_by.isoformat()}.",
            hint="The guest can ask again.",
            reference=reference,
            respond_by=respond_by.isoformat(),
        )
