"""What can be wrong with a quote."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from lodestay.errors import Conflict, InvalidInput, NotFound


class QuoteNotFound(NotFound):
    """No such quote, or another guest's."""

    title = "No such quote"

    def __init__(self, quote_id: UUID) -> None:
        super().__init__(f"There is no quote {quote_id}.", hint="Ask for a quote.", quote_id=str(quote_id))


class OwnListing(Conflict):
    """A host who wants to be their own guest."""

    title = "This is your own listing"

    def __init__(self, listing_id: int) -> None:
        super().__init__(
            f"Listing {listing_id} is yours, and nobody is their own guest.",
            hint="Block the nights if you need them yourself.",
            listing_id=listing_id,
        )


class QuoteAltered(InvalidInput):
    """A signature that is not that of the quote as it is stored: one of the two was changed."""

    title = "The quote is not the one that was given"

    def __init__(self, quote_id: UUID) -> None:
        super().__init__(
            "The signature is not that of this quote.",
            hint="Send `quote_id` and `signature` as the quote had them, or ask for a new quote.",
            quote_id=str(quote_id),
        )


class QuoteExpired(Conflict):
    """A quote that was not booked in time."""

    title = "The quote has expired"

    def __init__(self, quote_id: UUID, *, expires_at: datetime) -> None:
        super().__init__(
            f"The quote was good until {expires_at.isoformat()}.",
            hint="Ask for a new quote.",
            quote_id=str(quote_id),
            expires_at=expires_at.isoformat(),
        )


class QuoteAlreadyBooked(Conflict):
    """A quote that has its booking already."""

    title = "The quote was booked already"

    def __init__(self, quote_id: UUID) -> None:
        super().__init__(
            "This quote has its booking already.",
            hint="Look at your bookings, or ask for a new quote.",
            quote_id=str(quote_id),
        )


class PriceTooHigh(InvalidInput):
    """A price that no payment can carry."""

    title = "The price is too high to be charged"

    def __init__(self, currency: str) -> None:
        super().__init__(
            f"The price in {currency} has more digits than a payment can carry.",
            hint="Ask for fewer nights, or for the listing's own currency.",
            currency=currency,
        )
