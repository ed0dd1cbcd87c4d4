"""What can be wrong with a listing."""

from __future__ import annotations

from lodestay.errors import Conflict, InvalidInput, NotFound


class ListingNotFound(NotFound):
    """No such listing, or none that this caller may see."""

    title = "No such listing"

    def __init__(self, listing_id: int) -> None:
        super().__init__(f"There is no listing {listing_id}.", hint="Look it up with a search.", listing_id=listing_id)


class ListingBusy(Conflict):
    """Others are booking the same listing at this moment."""

    title = "The listing is busy"

    def __init__(self, listing_id: int) -> None:
        super().__init__(
            f"Others are booking listing {listing_id} at this moment.",
            hint="Send the same request again in a second.",
            listing_id=listing_id,
        )


class ListingWithdrawn(Conflict):
    """A listing that its host has taken off the market."""

    title = "The listing was withdrawn"

    def __init__(self, listing_id: int) -> None:
        super().__init__(
            f"Listing {listing_id} takes no new bookings.", hint="Choose another listing.", listing_id=listing_id
        )


class TooManyPets(InvalidInput):
    """More animals than the host takes, who may take none."""

    title = "The listing does not take that many pets"

    def __init__(self, listing_id: int, *, pets: int, limit: int) -> None:
        super().__init__(
            f"Listing {listing_id} takes {limit or 'no'} pets, not {pets}.",
            hint="Change the number of pets or choose another listing.",
            listing_id=listing_id,
            pets=pets,
            limit=limit,
        )


class TooManyGuests(InvalidInput):
    """A party that the listing does not hold, or none at all."""

    title = "The listing does not hold that many guests"

    def __init__(self, listing_id: int, *, guests: int, limit: int) -> None:
        super().__init__(
            f"Listing {listing_id} takes 1 to {limit} guests, not {guests}.",
            hint="Change the number of guests or choose another listing.",
            listing_id=listing_id,
            guests=guests,
            limit=limit,
        )
