"""What can be wrong with a modification."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from lodestay.errors import Conflict, Forbidden, InvalidInput, NotFound, PreconditionFailed
from transactional.calendars.errors import spoken


class ModificationNotFound(NotFound):
    """No such modification of that booking."""

    title = "No such modification"

    def __init__(self, modification_id: UUID) -> None:
        super().__init__(
            f"The booking has no modification {modification_id}.",
            hint="List the booking's modifications.",
            modification_id=str(modification_id),
        )


class NothingToModify(InvalidInput):
    """A wish that leaves the booking as it is."""

    title = "Nothing would change"

    def __init__(self, reference: str) -> None:
        super().__init__(
            f"Booking {reference} has these dates, guests, pets and this price already.",
            hint="Send what should become different.",
            reference=reference,
        )


class PriceNotYours(Forbidden):
    """A price named by who does not sell."""

    title = "Only the host names the price"

    def __init__(self) -> None:
        super().__init__(
            "Only the host can say what the nights cost.", hint="Leave `nights_price_minor` out, or ask the host."
        )


class PaymentMethodNeeded(InvalidInput):
    """A higher price for a booking that was never paid with anything."""

    title = "A payment method is needed"

    def __init__(self, reference: str) -> None:
        super().__init__(
            f"Booking {reference} becomes dearer, and nothing is known to pay that with.",
            hint="Send `payment_method`.",
            reference=reference,
        )


class NightsSpent(Conflict):
    """A change to nights that have passed."""

    title = "Nights that have passed stay as they are"

    def __init__(self, nights: Sequence[date]) -> None:
        super().__init__(
            f"{spoken(nights).capitalize()} cannot be changed any more.",
            hint="Change nights from today on.",
            nights=[night.isoformat() for night in nights],
        )


class ModificationOpen(Conflict):
    """A second modification of a booking that waits for an answer to its first."""

    title = "Another modification is open"

    def __init__(self, modification_id: UUID) -> None:
        super().__init__(
            f"Modification {modification_id} of the booking is open.",
            hint="Answer or withdraw it first.",
            modification_id=str(modification_id),
        )


class ModificationStateConflict(Conflict):
    """An answer to a modification that has had one."""

    title = "The modification's state does not allow that"

    def __init__(self, modification_id: UUID, *, status: str, change: str) -> None:
        super().__init__(
            f"Modification {modification_id} is {status}: nobody can {change} it.",
            hint="Read it again; propose another if the booking should still change.",
            modification_id=str(modification_id),
            modification_status=status,
            change=change,
        )


class ModificationExpired(Conflict):
    """An answer that comes too late."""

    title = "The modification has expired"

    def __init__(self, modification_id: UUID, *, expires_at: datetime) -> None:
        super().__init__(
            f"Modification {modification_id} could be answered until {expires_at.isoformat()}.",
            hint="Propose it again.",
            modification_id=str(modification_id),
            expires_at=expires_at.isoformat(),
        )


class AnswerNotYours(Forbidden):
    """An answer that is another side's to give."""

    title = "Not for this side of the booking to answer"

    def __init__(self, *, change: str, side: str, allowed: Sequence[str]) -> None:
        super().__init__(
            f"A {side} cannot {change} this modification.",
            hint=f"This is for the {' or '.join(allowed)} to do.",
            change=change,
            side=side,
            allowed=list(allowed),
        )


class BookingMovedOn(Conflict):
    """A modification of a booking that is no longer the one it was made from."""

    title = "The booking has changed since"

    def __init__(self, reference: str, *, version: int, present: int) -> None:
        super().__init__(
            f"The modification was made from version {version} of booking {reference}, which is at {present}.",
            hint="Propose it again from the present booking.",
            reference=reference,
            version=version,
            present=present,
        )


class BookingVersionMismatch(PreconditionFailed):
    """An `If-Match` that names no present version of the booking."""

    title = "Another version of the booking"

    def __init__(self, reference: str, *, version: int) -> None:
        super().__init__(
            f"Booking {reference} is at version {version}, which `If-Match` does not name.",
            hint="Read the booking again and send its version.",
            reference=reference,
            version=version,
        )
