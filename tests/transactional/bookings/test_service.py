"""Hold, confirm and cancel, one caller at a time."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from lodestay.calendar import Refusal
from lodestay.clock import FixedClock
from tests.transactional.factories import (
    PAID,
    actor_of,
    create_hold,
    create_host,
    create_listing,
    create_quote,
    create_user,
    stay_of,
)
from transactional.bookings import repository, service
from transactional.bookings.changes import by_api
from transactional.bookings.errors import BookingNotFound, BookingStateConflict, ChangeNotYours, StayIsOver
from transactional.bookings.holds import expire_due_holds
from transactional.bookings.records import BookingRecord
from transactional.bookings.rules import BookingStatus, Change, Side, sources, target
from transactional.calendars import service as calendars
from transactional.calendars.edits import NightsEdit
from transactional.calendars.errors import StayUnavailable
from transactional.calendars.rules import Window
from transactional.cancellations import service as cancellations
from transactional.listings.errors import ListingWithdrawn
from transactional.quotes.errors import QuoteAlreadyBooked, QuoteExpired, QuoteNotFound
from transactional.users.actors import Role

KEEP = timedelta(minutes=15)


async def topics(session: AsyncSession) -> list[str]:
    """Topics of the outbox, in order."""
    return list((await session.scalars(text("SELECT topic FROM outbox ORDER BY entry_id"))).all())


async def live_kinds(session: AsyncSession) -> list[str]:
    """Kinds of live occupancy."""
    return list((await session.scalars(text("SELECT kind FROM occupancy WHERE is_live ORDER BY occupancy_id"))).all())


async def test_hold_confirm_cancel(session: AsyncSession, clock: FixedClock) -> None:
    """The path of a booking: each step changes the booking, its nights and the outbox together."""
    guest, listing = await create_user(session), await create_listing(session)
    quote = await create_quote(session, clock, listing_id=listing.listing_id, guest_id=guest.user_id)
    held = await service.hold(session, clock, guest_id=guest.user_id, quote_id=quote.quote_id, keep=KEEP)
    assert (held.status, held.total_minor, held.lines) == ("held", quote.total_minor, quote.lines)
    assert await live_kinds(session) == ["hold"]

    confirmed = await service.confirm(session, clock, PAID, held.booking_id)
    assert (confirmed.status, confirmed.version, confirmed.confirmed_at) == ("confirmed", 2, clock.now())
    assert await live_kinds(session) == ["booking"]

    cancelled = await cancellations.cancel(session, clock, actor_of(guest), held.booking_id)
    assert (cancelled.status, cancelled.cancelled_by, cancelled.version) == ("cancelled", "guest", 3)
    assert await live_kinds(session) == []
    assert await topics(session) == ["booking.held", "booking.confirmed", "booking.cancelled"]
    assert await repository.get(session, held.booking_id) == cancelled


async def test_nights_held_by_one_are_taken_for_another(session: AsyncSession, clock: FixedClock) -> None:
    """A hold keeps its nights from everybody else's quote and hold, and the refusal names them."""
    ana, ben, listing = await create_user(session), await create_user(session), await create_listing(session)
    late = await create_quote(session, clock, listing_id=listing.listing_id, guest_id=ben.user_id, stay=stay_of(12, 3))
    await create_hold(session, clock, listing_id=listing.listing_id, guest_id=ana.user_id, stay=stay_of(10, 3))
    with pytest.raises(StayUnavailable) as refused:
        await service.hold(session, clock, guest_id=ben.user_id, quote_id=late.quote_id, keep=KEEP)
    assert refused.value.rule is Refusal.NIGHTS_TAKEN
    assert refused.value.nights == (stay_of(12, 1).check_in,)


@pytest.mark.parametrize("first", [7, 13], ids=["before", "after"])
async def test_stays_back_to_back_do_not_touch(session: AsyncSession, clock: FixedClock, first: int) -> None:
    """One guest leaves on the day another arrives, on either side."""
    guest, listing = await create_user(session), await create_listing(session)
    await create_hold(session, clock, listing_id=listing.listing_id, guest_id=guest.user_id, stay=stay_of(10, 3))
    beside = await create_hold(
        session, clock, listing_id=listing.listing_id, guest_id=guest.user_id, stay=stay_of(first, 3)
    )
    assert beside.status == "held"


async def test_due_hold_gives_way_to_the_next_guest(session: AsyncSession, clock: FixedClock) -> None:
    """A hold past its time is expired by the next who wants the nights, without any sweeper."""
    ana, ben, listing = await create_user(session), await create_user(session), await create_listing(session)
    first = await create_hold(session, clock, listing_id=listing.listing_id, guest_id=ana.user_id)
    clock.advance(KEEP)
    second = await create_hold(session, clock, listing_id=listing.listing_id, guest_id=ben.user_id)
    assert second.status == "held"
    assert (await repository.get(session, first.booking_id)).status == "expired"
    assert await topics(session) == ["booking.held", "booking.expired", "booking.held"]


async def test_late_confirmation_takes_free_nights_again(session: AsyncSession, clock: FixedClock) -> None:
    """An expired hold can still be confirmed while nobody else has the nights."""
    guest, listing = await create_user(session), await create_listing(session)
    held = await create_hold(session, clock, listing_id=listing.listing_id, guest_id=guest.user_id)
    clock.advance(KEEP)
    confirmed = await service.confirm(session, clock, PAID, held.booking_id)
    assert confirmed.status == "confirmed"
    assert await live_kinds(session) == ["booking"]


async def test_late_confirmation_loses_to_who_has_the_nights(session: AsyncSession, clock: FixedClock) -> None:
    """An expired hold whose nights went to another cannot be confirmed."""
    ana, ben, listing = await create_user(session), await create_user(session), await create_listing(session)
    first = await create_hold(session, clock, listing_id=listing.listing_id, guest_id=ana.user_id)
    clock.advance(KEEP)
    await create_hold(session, clock, listing_id=listing.listing_id, guest_id=ben.user_id)
    with pytest.raises(StayUnavailable):
        await service.confirm(session, clock, PAID, first.booking_id)


async def test_quote_is_its_guests_alone_once_and_in_time(session: AsyncSession, clock: FixedClock) -> None:
    """Another's, a used and an expired quote are refused, each for its own reason."""
    ana, ben, listing = await create_user(session), await create_user(session), await create_listing(session)
    quote = await create_quote(session, clock, listing_id=listing.listing_id, guest_id=ana.user_id)
    with pytest.raises(QuoteNotFound):
        await service.hold(session, clock, guest_id=ben.user_id, quote_id=quote.quote_id, keep=KEEP)
    held = await service.hold(session, clock, guest_id=quote.guest_id, quote_id=quote.quote_id, keep=KEEP)
    with pytest.raises(QuoteAlreadyBooked):
        await service.hold(session, clock, guest_id=quote.guest_id, quote_id=quote.quote_id, keep=KEEP)
    await cancellations.cancel(session, clock, actor_of(ana), held.booking_id)
    await session.commit()
    with pytest.raises(QuoteAlreadyBooked):
        await service.hold(session, clock, guest_id=quote.guest_id, quote_id=quote.quote_id, keep=KEEP)
    await session.rollback()
    clock.advance(timedelta(minutes=30))
    with pytest.raises(QuoteExpired):
        await service.hold(session, clock, guest_id=quote.guest_id, quote_id=quote.quote_id, keep=KEEP)


async def test_withdrawn_listing_takes_no_hold(session: AsyncSession, clock: FixedClock) -> None:
    """A quote does not outlive the listing."""
    guest, listing = await create_user(session), await create_listing(session)
    quote = await create_quote(session, clock, listing_id=listing.listing_id, guest_id=guest.user_id)
    listing.is_active = False
    await session.flush()
    with pytest.raises(ListingWithdrawn):
        await service.hold(session, clock, guest_id=guest.user_id, quote_id=quote.quote_id, keep=KEEP)


async def test_withdrawn_listing_takes_no_late_confirmation(session: AsyncSession, clock: FixedClock) -> None:
    """A hold can be confirmed in time all the same; one that has expired is a new booking, which it takes no more."""
    guest, listing = await create_user(session), await create_listing(session)
    late = await create_hold(session, clock, listing_id=listing.listing_id, guest_id=guest.user_id, stay=stay_of(20, 3))
    clock.advance(KEEP)
    held = await create_hold(session, clock, listing_id=listing.listing_id, guest_id=guest.user_id)
    listing.is_active = False
    await session.flush()
    assert (await service.confirm(session, clock, PAID, held.booking_id)).status == "confirmed"
    with pytest.raises(ListingWithdrawn):
        await service.confirm(session, clock, PAID, late.booking_id)


async def test_booking_is_found_by_its_sides_alone(session: AsyncSession, clock: FixedClock) -> None:
    """A stranger, guest or host, learns nothing of a booking: not by reading or cancelling."""
    host, guest = await create_host(session), await create_user(session)
    listing = await create_listing(session, host=host)
    held = await create_hold(session, clock, listing_id=listing.listing_id, guest_id=guest.user_id)
    for stranger in (await create_user(session), await create_host(session)):
        for attempt in (
            repository.get_for(session, actor_of(stranger), held.booking_id),
            cancellations.cancel(session, clock, actor_of(stranger), held.booking_id),
        ):
            with pytest.raises(BookingNotFound):
                await attempt
    for known in (actor_of(host), actor_of(guest), actor_of(uuid4(), Role.ADMIN)):
        assert (await repository.get_for(session, known, held.booking_id)).reference == held.reference
    with pytest.raises(ChangeNotYours):
        await service.confirm(session, clock, by_api(actor_of(host), Side.HOST), held.booking_id)


async def test_absent_booking_is_not_found(session: AsyncSession, clock: FixedClock) -> None:
    """A number nobody gave out is answered like another's booking."""
    with pytest.raises(BookingNotFound):
        await cancellations.cancel(session, clock, actor_of(uuid4(), Role.ADMIN), uuid4())


async def test_wrong_state_is_refused(session: AsyncSession, clock: FixedClock) -> None:
    """Confirming twice and cancelling twice are conflicts that change nothing."""
    guest, listing = await create_user(session), await create_listing(session)
    held = await create_hold(session, clock, listing_id=listing.listing_id, guest_id=guest.user_id)
    await service.confirm(session, clock, PAID, held.booking_id)
    with pytest.raises(BookingStateConflict, match="confirmed"):
        await service.confirm(session, clock, PAID, held.booking_id)
    await cancellations.cancel(session, clock, actor_of(guest), held.booking_id)
    with pytest.raises(BookingStateConflict, match="cancelled"):
        await cancellations.cancel(session, clock, actor_of(guest), held.booking_id)
    assert len(await topics(session)) == 3


async def test_host_cancels(session: AsyncSession, clock: FixedClock) -> None:
    """The booking says which side cancelled."""
    host, guest = await create_host(session), await create_user(session)
    listing = await create_listing(session, host=host)
    held = await create_hold(session, clock, listing_id=listing.listing_id, guest_id=guest.user_id)
    assert (await cancellations.cancel(session, clock, actor_of(host), held.booking_id)).cancelled_by == "host"


async def test_stay_that_is_over_cannot_be_cancelled(session: AsyncSession, clock: FixedClock) -> None:
    """From the day of departure on, in the listing's zone, there is nothing left to cancel."""
    guest, listing = await create_user(session), await create_listing(session)
    held = await create_hold(session, clock, listing_id=listing.listing_id, guest_id=guest.user_id, stay=stay_of(0, 2))
    await service.confirm(session, clock, PAID, held.booking_id)
    clock.advance(timedelta(days=2))
    with pytest.raises(StayIsOver):
        await cancellations.cancel(session, clock, actor_of(guest), held.booking_id)


async def test_sweeper_expires_what_is_due_and_no_more(session: AsyncSession, clock: FixedClock) -> None:
    """The sweeper flips the booking, frees the nights and tells the outbox, for due holds alone."""
    guest = await create_user(session)
    listings = [await create_listing(session) for _ in range(3)]
    for listing in listings[:2]:
        await create_hold(session, clock, listing_id=listing.listing_id, guest_id=guest.user_id)
    clock.advance(KEEP)
    await create_hold(session, clock, listing_id=listings[2].listing_id, guest_id=guest.user_id)
    assert await expire_due_holds(session, clock, limit=1) == 1
    assert await expire_due_holds(session, clock, limit=10) == 1
    assert await expire_due_holds(session, clock, limit=10) == 0
    assert await live_kinds(session) == ["hold"]
    assert (await topics(session)).count("booking.expired") == 2


async def test_lists_page_newest_first_and_show_own_alone(session: AsyncSession, clock: FixedClock) -> None:
    """Pages by cursor show every booking once, to its guest and to the host of its listing."""
    host, guest, other = await create_host(session), await create_user(session), await create_user(session)
    listing, elsewhere = await create_listing(session, host=host), await create_listing(session)
    made = []
    for day in range(5):
        clock.advance(timedelta(seconds=day % 2))  # some at the same instant
        made.append(
            await create_hold(
                session, clock, listing_id=listing.listing_id, guest_id=guest.user_id, stay=stay_of(10 + day, 1)
            )
        )
    await create_hold(session, clock, listing_id=elsewhere.listing_id, guest_id=other.user_id)
    expected = sorted(made, key=lambda booking: (booking.created_at, booking.booking_id), reverse=True)
    for listed, of in ((repository.list_for_guest, guest), (repository.list_for_host, host)):
        seen: list[BookingRecord] = []
        cursor = None
        while True:
            page = await listed(session, of.user_id, cursor=cursor, size=2)
            seen += page.items
            cursor = page.next_cursor
            if cursor is None:
                break
        assert seen == expected


async def test_late_confirmation_asks_the_rules_again(session: AsyncSession, clock: FixedClock) -> None:
    """B10: a hold confirmed in time keeps the rules of its day; one that comes late meets those of now."""
    host, guest = await create_host(session), await create_user(session)
    listing = await create_listing(session, host=host)
    early = await create_hold(
        session, clock, listing_id=listing.listing_id, guest_id=guest.user_id, stay=stay_of(10, 3)
    )
    late = await create_hold(session, clock, listing_id=listing.listing_id, guest_id=guest.user_id, stay=stay_of(20, 3))
    window = Window(stay_of(0, 30).check_in, stay_of(0, 30).check_out)
    edit = NightsEdit((window,), None, {"min_stay": 5})
    await calendars.edit_nights(session, clock, actor_of(host), listing.listing_id, edit)
    assert (await service.confirm(session, clock, PAID, early.booking_id)).status == "confirmed"
    clock.advance(KEEP)
    with pytest.raises(StayUnavailable) as refused:
        await service.confirm(session, clock, PAID, late.booking_id)
    assert refused.value.rule is Refusal.MIN_STAY


async def test_updates_guard_themselves(session: AsyncSession, clock: FixedClock) -> None:
    """B18: even called past the service, a statement changes no booking in a state that it does not name."""
    guest, listing = await create_user(session), await create_listing(session)
    held = await create_hold(session, clock, listing_id=listing.listing_id, guest_id=guest.user_id)
    for change in Change:
        if BookingStatus.HELD in sources(change):
            continue
        values = {"status": target(change).value}
        assert await repository.change(session, held.booking_id, sources=sources(change), values=values) is None
    assert (await repository.get(session, held.booking_id)).version == 1
    assert await live_kinds(session) == ["hold"]
