"""Confirmed bookings, and who changes them: what the tests of modifications share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from lodestay.clock import Clock
from lodestay.stay import Stay
from tests.transactional.factories import PAID, actor_of, create_listing, create_quote, create_user, stay_of
from transactional.bookings import service as bookings
from transactional.bookings.records import BookingRecord
from transactional.listings.models import Listing
from transactional.users.actors import Actor, Role


@dataclass(frozen=True)
class Booked:
    """A confirmed booking, its two sides and somebody of the platform."""

    booking: BookingRecord
    listing_id: int
    guest: Actor
    host: Actor
    admin: Actor


async def create_booking(
    session: AsyncSession, clock: Clock, *, listing: Listing | None = None, stay: Stay | None = None, **quote: Any
) -> Booked:
    """A confirmed booking of three nights, ten days from today, by default in a listing of its own.

    Parameters
    ----------
    **quote
        Of :func:`tests.transactional.factories.create_quote`.
    """
    listing = listing or await create_listing(session, rate_plan={"max_pets": 2, "pet_fee_minor": 2_000})
    guest, admin = await create_user(session), await create_user(session, roles=(Role.ADMIN,))
    quoted = await create_quote(
        session,
        clock,
        listing_id=listing.listing_id,
        guest_id=guest.user_id,
        stay=stay or stay_of(10, 3),
        **quote,
    )
    held = await bookings.hold(
        session,
        clock,
        guest_id=guest.user_id,
        quote_id=quoted.quote_id,
        keep=quoted.expires_at - quoted.created_at,
    )
    confirmed = await bookings.confirm(session, clock, PAID, held.booking_id)
    return Booked(confirmed, listing.listing_id, actor_of(guest), actor_of(listing.host_id, Role.HOST), actor_of(admin))
