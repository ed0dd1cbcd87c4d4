"""Request to book: several may wait for the same nights, one wins, the others are told."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from lodestay.clock import FixedClock
from lodestay.errors import Conflict
from lodestay.stay import Stay
from tests.transactional.factories import (
    PAID,
    actor_of,
    create_hold,
    create_listing,
    create_quote,
    create_user,
    stay_of,
)
from transactional.bookings import repository, requests, service
from transactional.bookings.errors import ApprovalNeeded, BookingNotFound, ChangeNotYours, RequestLapsed
from transactional.bookings.records import BookingRecord
from transactional.calendars.errors import StayUnavailable
from transactional.journal.service import audit
from transactional.kit.database import create_engine, session_factory
from transactional.listings.models import Listing
from transactional.users.actors import Actor, Role

KEEP = timedelta(hours=24)
Sessions = async_sessionmaker[AsyncSession]


@pytest.fixture
async def sessions(database_url: str) -> AsyncIterator[Sessions]:
    """Sessions as production opens them."""
    engine = create_engine(database_url, pool_size=8, lock_timeout_ms=20_000)
    yield session_factory(engine)
    await engine.dispose()


async def ask(session: AsyncSession, clock: FixedClock, listing: Listing, *, stay: Stay | None = None) -> BookingRecord:
    """A request of a new guest for the same nights as everybody's."""
    guest = await create_user(session)
    quote = await create_quote(
        session, clock, listing_id=listing.listing_id, guest_id=guest.user_id, stay=stay or stay_of(10, 3)
    )
    return await requests.request(
        session, clock, guest_id=guest.user_id, quote_id=quote.quote_id, payment_method="pm_ok"
    )


def host_of(listing: Listing) -> Actor:
    """The listing's host."""
    return actor_of(listing.host_id, Role.HOST)


async def statuses(session: AsyncSession) -> Counter[str]:
    """How many bookings are in each state."""
    return Counter((await session.scalars(text("SELECT status FROM bookings"))).all())


async def test_who_must_ask_cannot_hold(session: AsyncSession, clock: FixedClock) -> None:
    """A host who answers every request, or asks for a verified guest, is asked: the hold says why."""
    asking = await create_listing(session, instant_book=False)
    choosy = await create_listing(session, rate_plan={"requires_verified_guest": True, "requires_completed_stays": 1})
    guest = await create_user(session)
    for listing, reasons in ((asking, 1), (choosy, 2)):
        with pytest.raises(ApprovalNeeded) as refused:
            await create_hold(session, clock, listing_id=listing.listing_id, guest_id=guest.user_id)
        assert len(refused.value.extensions["reasons"]) == reasons


async def test_accepted_request_is_a_hold_and_its_rivals_are_declined(session: AsyncSession, clock: FixedClock) -> None:
    """Three ask for overlapping nights and one for others: the accepted one holds, two are declined, one waits."""
    listing = await create_listing(session, instant_book=False)
    winner = await ask(session, clock, listing)
    await ask(session, clock, listing)
    await ask(session, clock, listing, stay=stay_of(12, 2))
    await ask(session, clock, listing, stay=stay_of(13, 2))
    held = await requests.accept(session, clock, host_of(listing), winner.booking_id, keep=KEEP)
    assert (held.status, held.approved_at, held.hold_expires_at) == ("held", clock.now(), clock.now() + KEEP)
    assert await statuses(session) == {"held": 1, "declined": 2, "requested": 1}
    told = Counter((await session.scalars(text("SELECT topic FROM outbox"))).all())
    assert told["booking.declined"] == 2
    confirmed = await service.confirm(session, clock, PAID, held.booking_id)
    assert confirmed.status == "confirmed"
    assert (await audit(session)).broken == ()


async def test_b8_two_accepts_one_winner(sessions: Sessions, clock: FixedClock) -> None:
    """B8: the host accepts two requests for the same nights at once, again and again: one has them each time."""
    for round_ in range(4):
        async with sessions.begin() as session:
            listing = await create_listing(session, instant_book=False)
            asked = [await ask(session, clock, listing, stay=stay_of(10 + round_, 2)) for _ in range(4)]
        outcomes = await asyncio.gather(
            *(_accept(sessions, clock, host_of(listing), booking.booking_id) for booking in asked)
        )
        assert sum(isinstance(outcome, BookingRecord) for outcome in outcomes) == 1
        async with sessions() as session:
            assert (await audit(session)).broken == ()


async def test_b8_accept_against_instant_book(sessions: Sessions, clock: FixedClock) -> None:
    """B8: a guest who need not ask holds the nights as the host accepts a request for them: one has them."""
    async with sessions.begin() as session:
        listing = await create_listing(session)
        asked = await ask(session, clock, listing)
        guest = await create_user(session)
        quote = await create_quote(session, clock, listing_id=listing.listing_id, guest_id=guest.user_id)

    async def hold() -> BookingRecord | Conflict:
        try:
            async with sessions.begin() as session:
                return await service.hold(session, clock, guest_id=guest.user_id, quote_id=quote.quote_id, keep=KEEP)
        except Conflict as conflict:
            return conflict

    outcomes = await asyncio.gather(_accept(sessions, clock, host_of(listing), asked.booking_id), hold())
    assert sum(isinstance(outcome, BookingRecord) for outcome in outcomes) == 1


async def test_b8_accepting_asks_for_the_nights_itself(session: AsyncSession, clock: FixedClock) -> None:
    """B8: with the constraint gone, nights that somebody has are still refused to a request."""
    listing = await create_listing(session)
    asked = await ask(session, clock, listing)
    guest = await create_user(session)
    await create_hold(session, clock, listing_id=listing.listing_id, guest_id=guest.user_id)
    await session.execute(text("ALTER TABLE occupancy DROP CONSTRAINT ex_occupancy_no_overlap"))
    with pytest.raises(StayUnavailable):
        await requests.accept(session, clock, host_of(listing), asked.booking_id, keep=KEEP)


async def test_b8_control_requests_accepted_without_asking_for_the_nights(
    session: AsyncSession, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """B8, control: with the question for the nights taken out, only the constraint refuses the second accept."""
    listing = await create_listing(session, instant_book=False)
    first, second = await ask(session, clock, listing), await ask(session, clock, listing)

    async def nobody(*_: object) -> bool:
        return False

    async def no_rivals(*_: object) -> None:
        return

    monkeypatch.setattr(repository, "nights_taken", nobody)
    monkeypatch.setattr(requests, "decline_rivals", no_rivals)
    await requests.accept(session, clock, host_of(listing), first.booking_id, keep=KEEP)
    await session.execute(text("ALTER TABLE occupancy DROP CONSTRAINT ex_occupancy_no_overlap"))
    await requests.accept(session, clock, host_of(listing), second.booking_id, keep=KEEP)
    assert await statuses(session) == {"held": 2}  # sold twice: the tests above would have seen it


async def test_answers_after_the_deadline_are_refused(session: AsyncSession, clock: FixedClock) -> None:
    """B5: at the stored instant a request has lapsed, whoever sweeps or not; the sweeper then closes it."""
    listing = await create_listing(session, instant_book=False, rate_plan={"approval_hours": 2})
    asked = await ask(session, clock, listing)
    clock.advance(timedelta(hours=2))
    with pytest.raises(RequestLapsed):
        await requests.accept(session, clock, host_of(listing), asked.booking_id, keep=KEEP)
    with pytest.raises(RequestLapsed):
        await requests.decline(session, clock, host_of(listing), asked.booking_id, reason="not_suitable")
    assert await requests.expire_due_requests(session, clock, limit=10) == 1
    expired = await repository.get(session, asked.booking_id)
    assert (expired.status, expired.closed_because) == ("expired", "not_answered")
    with pytest.raises(Conflict):  # what was never a hold cannot be confirmed late
        await service.confirm(session, clock, PAID, asked.booking_id)


async def test_only_the_host_answers(session: AsyncSession, clock: FixedClock) -> None:
    """The guest cannot accept their own request; a stranger does not find it."""
    listing = await create_listing(session, instant_book=False)
    asked = await ask(session, clock, listing)
    with pytest.raises(ChangeNotYours):
        await requests.accept(session, clock, actor_of(asked.guest_id, Role.GUEST), asked.booking_id, keep=KEEP)
    stranger = await create_user(session, roles=(Role.HOST,))
    with pytest.raises(BookingNotFound):
        await requests.decline(session, clock, actor_of(stranger), asked.booking_id, reason="not_suitable")
    declined = await requests.decline(session, clock, host_of(listing), asked.booking_id, reason="not_suitable")
    assert (declined.status, declined.closed_because) == ("declined", "not_suitable")


async def test_request_for_nights_that_went_is_refused_by_name(session: AsyncSession, clock: FixedClock) -> None:
    """Between request and answer another guest booked: the host is told which nights are gone."""
    listing = await create_listing(session)
    asked = await ask(session, clock, listing)
    guest = await create_user(session)
    await create_hold(session, clock, listing_id=listing.listing_id, guest_id=guest.user_id, stay=stay_of(11, 1))
    with pytest.raises(StayUnavailable, match="Somebody has"):
        await requests.accept(session, clock, host_of(listing), asked.booking_id, keep=KEEP)


async def test_stays_that_are_over_are_completed(session: AsyncSession, clock: FixedClock) -> None:
    """At the hour of check-out, in the listing's zone, and not before; the nights stay the booking's."""
    listing, guest = await create_listing(session), await create_user(session)
    held = await create_hold(session, clock, listing_id=listing.listing_id, guest_id=guest.user_id)
    booking = await service.confirm(session, clock, PAID, held.booking_id)
    clock.advance(booking.ends_at - clock.now() - timedelta(seconds=1))
    assert await service.complete_ended_stays(session, clock, limit=10) == 0
    clock.advance(timedelta(seconds=1))
    assert await service.complete_ended_stays(session, clock, limit=10) == 1
    assert await statuses(session) == {"completed": 1}
    assert (await audit(session)).broken == ()


async def _accept(sessions: Sessions, clock: FixedClock, host: Actor, booking_id: UUID) -> BookingRecord | Conflict:
    try:
        async with sessions.begin() as session:
            return await requests.accept(session, clock, host, booking_id, keep=KEEP)
    except Conflict as conflict:
        return conflict
