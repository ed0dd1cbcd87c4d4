"""A wish for another stay, checked, priced and written out in full."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from lodestay.calendar import StayCalendar
from lodestay.clock import Clock
from lodestay.ids import new_id
from lodestay.stay import Stay
from transactional.bookings.records import BookingRecord
from transactional.bookings.rules import Side
from transactional.calendars.errors import StayUnavailable
from transactional.calendars.repository import load_calendars
from transactional.calendars.rules import Window
from transactional.listings.errors import ListingNotFound, ListingWithdrawn
from transactional.listings.repository import BookableListing, LockedListing, load_bookable
from transactional.modifications.errors import NothingToModify
from transactional.modifications.pricing import NewPrice, reprice
from transactional.modifications.records import ModificationRecord, Wish
from transactional.modifications.rules import (
    Effect,
    ModificationStatus,
    answer_by,
    instants_after,
    party_of,
    price_of,
    refuse_nights,
    require_nights_to_come,
)
from transactional.quotes.service import require_party
from transactional.users.actors import Actor


@dataclass(frozen=True, slots=True)
class Caller:
    """Who acts, on a booking of a locked listing."""

    actor: Actor
    side: Side
    listing: LockedListing
    booking: BookingRecord

    def local(self, instant: datetime) -> datetime:
        """What the clocks at the listing show."""
        return instant.astimezone(ZoneInfo(self.listing.timezone))


async def draw_up(session: AsyncSession, clock: Clock, caller: Caller, wish: Wish) -> ModificationRecord:
    """Price a wish by the calendar as it is now, or raise what is in its way."""
    booking = caller.booking
    stay = Stay(wish.check_in or booking.check_in, wish.check_out or booking.check_out)
    guests = booking.guests if wish.guests is None else wish.guests
    pets = booking.pets if wish.pets is None else wish.pets
    party_stays = (guests, pets) == (booking.guests, booking.pets)
    if party_stays and stay == booking.stay and wish.nights_price_minor is None:
        raise NothingToModify(booking.reference)
    offer = await _offer(session, caller.listing.listing_id)
    if not party_stays:
        require_party(offer, guests=guests, pets=pets)
    price = reprice(
        booking,
        await _calendar_for(session, clock, caller, stay),
        offer.terms,
        stay,
        guests=guests,
        pets=pets,
        booked_on=caller.local(booking.created_at).date(),
        agreed_minor=wish.nights_price_minor,
    )
    draft = _draft(caller, wish, stay=stay, guests=guests, pets=pets, price=price, now=clock.now())
    if party_stays and stay == booking.stay and price.total_minor == booking.total_minor:
        raise NothingToModify(booking.reference)
    return draft


def effect_of(booking: BookingRecord, modification: ModificationRecord) -> Effect:
    """What a modification does to a booking."""
    return Effect(
        same_nights=modification.stay == booking.stay,
        party=party_of(before=(booking.guests, booking.pets), after=(modification.guests, modification.pets)),
        price=price_of(before=booking.total_minor, after=modification.total_minor),
    )


async def _offer(session: AsyncSession, listing_id: int) -> BookableListing:
    found = (await load_bookable(session, [listing_id])).get(listing_id)
    if found is None:
        raise ListingNotFound(listing_id)
    return found


async def _calendar_for(session: AsyncSession, clock: Clock, caller: Caller, stay: Stay) -> StayCalendar:
    """The calendar without the booking, once it has been asked for the nights."""
    booking, listing_id = caller.booking, caller.listing.listing_id
    now = caller.local(clock.now())
    require_nights_to_come(booking.stay, stay, today=now.date())
    if not caller.listing.is_active and not set(stay) <= set(booking.stay):
        raise ListingWithdrawn(listing_id)
    calendars = await load_calendars(
        session, [listing_id], Window.around(stay), now=clock.now(), without=booking.booking_id
    )
    calendar = calendars[listing_id]
    refused = refuse_nights(calendar, booking.stay, stay, by=caller.side, today=now.date(), hour=now.hour)
    if refused is not None:
        raise StayUnavailable.because(refused, listing_id=listing_id, stay=stay)
    return calendar


def _draft(
    caller: Caller, wish: Wish, *, stay: Stay, guests: int, pets: int, price: NewPrice, now: datetime
) -> ModificationRecord:
    booking, listing = caller.booking, caller.listing
    starts_at, _ = instants_after(
        booking,
        stay,
        timezone=listing.timezone,
        check_in_hour=listing.check_in_hour,
        check_out_hour=listing.check_out_hour,
    )
    return ModificationRecord(
        modification_id=new_id(),
        booking_id=booking.booking_id,
        booking_version=booking.version,
        proposed_by=caller.side.value,
        status=ModificationStatus.PROPOSED.value,
        check_in=stay.check_in,
        check_out=stay.check_out,
        guests=guests,
        pets=pets,
        lines=price.lines,
        total_minor=price.total_minor,
        charge_lines=price.charge_lines,
        charge_total_minor=price.charge_total_minor,
        charge_difference_minor=price.charge_total_minor - booking.charge_total_minor,
        payment_method=wish.payment_method if caller.side is Side.GUEST else None,
        reason=wish.reason,
        created_at=now,
        expires_at=answer_by(
            now,
            approval_hours=listing.approval_hours,
            instants=(booking.starts_at, starts_at),
            still=booking.ends_at,
        ),
        closed_at=None,
        closed_because=None,
    )
