"""What can be wrong with ending a booking."""

from __future__ import annotations

from datetime import date, datetime

from lodestay.errors import Conflict
from lodestay.stay import Stay


class StayHasNotBegun(Conflict):
    """A no-show or a departure before the guest was due."""

    title = "The stay has not begun"

    def __init__(self, reference: str, *, starts_at: datetime) -> None:
        super().__init__(
            f"The stay of booking {reference} begins at {starts_at.isoformat()}.",
            hint="Until then the booking can be cancelled.",
            reference=reference,
            starts_at=starts_at.isoformat(),
        )


class NoNightLeft(Conflict):
    """An early departure that would leave the stay without a night, or give none back."""

    title = "Not an early departure"

    def __init__(self, reference: str, *, stay: Stay, leaving: date) -> None:
        super().__init__(
            f"Booking {reference} is from {stay.check_in} to {stay.check_out}: leaving on {leaving} is not early.",
            hint="On the day of arrival cancel the booking; on the day of departure there is nothing to do.",
            reference=reference,
            check_in=stay.check_in.isoformat(),
            check_out=stay.check_out.isoformat(),
            leaving=leaving.isoformat(),
        )
