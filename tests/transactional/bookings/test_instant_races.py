"""The quick way against the usual one and against hosts: one booking of a night, whoever is faster.

The controls take a guard out of the database function and see it fail.
"""

from __future__ import annotations

import asyncio
import importlib
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from lodestay.clock import FixedClock
from lodestay.errors import Conflict
from lodestay.stay import Stay
from tests.transactional.bookings.instant import (
    book_quickly,
    book_usually,
    call_of,
    quick_connections,
    wish_for,
)
from tests.transactional.bookings.test_races import Sessions, nights_shared
from tests.transactional.factories import create_listing, create_quote, create_user, stay_of
from transactional.bookings.instant import Wish
from transactional.calendars.errors import StayUnavailable
from transactional.calendars.models import OCCUPANCY_NO_OVERLAP
from transactional.journal.service import audit
from transactional.kit.connections import QuickConnections
from transactional.kit.database import create_engine, session_factory
from transactional.kit.errors import IdempotencyKeyInFlight
from transactional.kit.idempotency import Call
from transactional.listings.errors import ListingBusy
from transactional.listings.repository import lock_listing

RACERS = 16
FUNCTIONS = importlib.import_module("transactional.migrations.versions.0004_nights_taken")
LOCK = "    PERFORM FROM listings WHERE listing_id = listing FOR NO KEY UPDATE;\n"
FACTS = "facts IS DISTINCT FROM seen OR "
FREE = "WHERE listing_id = wanted_listing"


@pytest.fixture
async def sessions(database_url: str) -> AsyncIterator[Sessions]:
    """Sessions as production opens them."""
    engine = create_engine(database_url, pool_size=8, lock_timeout_ms=20_000)
    yield session_factory(engine)
    await engine.dispose()


@pytest.fixture
async def connections(database_url: str) -> AsyncIterator[QuickConnections]:
    """Connections for the quick way, fewer than the crowd."""
    async with quick_connections(database_url, size=6) as connections:
        yield connections


async def wishes_for(sessions: Sessions, clock: FixedClock, stays: list[Stay]) -> tuple[int, list[Wish]]:
    """A listing, and a wish of a guest of their own for each stay."""
    async with sessions.begin() as session:
        listing = await create_listing(session)
        wishes = []
        for stay in stays:
            guest = await create_user(session)
            quote = await create_quote(session, clock, listing_id=listing.listing_id, guest_id=guest.user_id, stay=stay)
            wishes.append(wish_for(quote))
    return listing.listing_id, wishes


async def quickly(connections: QuickConnections, clock: FixedClock, wish: Wish, call: Call) -> str:
    """What came of the quick way, in a word."""
    return await outcome_of(book_quickly(connections, clock, wish, call))


async def usually(sessions: Sessions, clock: FixedClock, wish: Wish, call: Call) -> str:
    """What came of the usual way."""

    async def book() -> object:
        async with sessions.begin() as session:
            return await book_usually(session, clock, wish, call)

    return await outcome_of(book())


async def outcome_of(booking: Awaitable[object]) -> str:
    """`booked`, or the name of the conflict; faults go through."""
    try:
        await booking
    except Conflict as conflict:
        return type(conflict).__name__
    return "booked"


async def race(sessions: Sessions, connections: QuickConnections, clock: FixedClock, stays: list[Stay]) -> Counter[str]:
    """Book all the stays at the same time, every second one the quick way."""
    _, wishes = await wishes_for(sessions, clock, stays)
    return Counter(
        await asyncio.gather(
            *(
                quickly(connections, clock, wish, call_of(wish))
                if turn % 2
                else usually(sessions, clock, wish, call_of(wish))
                for turn, wish in enumerate(wishes)
            )
        )
    )


async def replace_function(sessions: Sessions, body: str, guard: str, instead: str) -> None:
    """Put one of the functions in place with some of its words exchanged."""
    assert guard in body
    async with sessions.begin() as session:
        connection = await session.connection()
        await connection.exec_driver_sql(body.replace(guard, instead).replace("%", "%%"))


async def blind(sessions: Sessions) -> None:
    """Neither lock the listing nor see who has its nights."""
    await replace_function(sessions, FUNCTIONS.BOOK_QUOTE, LOCK, "")
    await replace_function(sessions, FUNCTIONS.NIGHTS_TAKEN, FREE, f"{FREE} AND false")


async def test_b7_one_of_many_gets_the_nights_whichever_way_they_come(
    sessions: Sessions, connections: QuickConnections, clock: FixedClock
) -> None:
    """B7: sixteen guests, eight of them quick: one has the nights, the others are told which are taken."""
    outcomes = await race(sessions, connections, clock, [stay_of(10, 3)] * RACERS)
    assert outcomes == {"booked": 1, StayUnavailable.__name__: RACERS - 1}
    assert await nights_shared(sessions) == 0


async def test_b17_an_overlapping_crowd_meets_refusals_and_no_fault(
    sessions: Sessions, connections: QuickConnections, clock: FixedClock
) -> None:
    """B17: stays that overlap in every way: winners share no night, nobody meets a deadlock; the journal adds up."""
    outcomes = await race(
        sessions, connections, clock, [stay_of(10 + (7 * n) % 13, 1 + n % 5) for n in range(3 * RACERS)]
    )
    assert set(outcomes) == {"booked", StayUnavailable.__name__}
    assert await nights_shared(sessions) == 0
    async with sessions() as session:
        assert (await audit(session)).broken == ()


async def test_b31_one_call_sent_many_times_at_once_has_one_effect(
    sessions: Sessions, connections: QuickConnections, clock: FixedClock
) -> None:
    """B31: the same call, eight times, both ways: each is answered or told to wait; one booking is there."""
    _, [wish] = await wishes_for(sessions, clock, [stay_of(10, 3)])
    call = call_of(wish)
    outcomes = Counter(
        await asyncio.gather(
            *(quickly(connections, clock, wish, call) for _ in range(4)),
            *(usually(sessions, clock, wish, call) for _ in range(4)),
        )
    )
    assert outcomes["booked"] >= 1
    assert set(outcomes) <= {"booked", IdempotencyKeyInFlight.__name__}
    async with sessions() as session:
        assert await session.scalar(text("SELECT count(*) FROM bookings")) == 1


async def test_a_lock_that_does_not_come_is_a_conflict(
    database_url: str, sessions: Sessions, clock: FixedClock
) -> None:
    """B17: a listing that is locked for too long is busy, not a fault."""
    listing_id, [wish] = await wishes_for(sessions, clock, [stay_of(10, 3)])
    async with quick_connections(database_url, lock_timeout_ms=50) as connections, sessions.begin() as host:
        await lock_listing(host, listing_id, owner=None)
        with pytest.raises(ListingBusy):
            await book_quickly(connections, clock, wish)


async def test_nights_that_are_gone_are_refused_without_a_lock(
    sessions: Sessions, database_url: str, clock: FixedClock
) -> None:
    """Who comes too late is told so at once, while somebody else holds the listing; whoever may still book waits."""
    listing_id, wishes = await wishes_for(sessions, clock, [stay_of(10, 3), stay_of(11, 3), stay_of(20, 2)])
    first, late, other = wishes
    async with quick_connections(database_url, lock_timeout_ms=50) as connections:
        assert await quickly(connections, clock, first, call_of(first)) == "booked"
        async with sessions.begin() as holder:
            await lock_listing(holder, listing_id, owner=None)
            assert await quickly(connections, clock, late, call_of(late)) == StayUnavailable.__name__
            assert await quickly(connections, clock, other, call_of(other)) == ListingBusy.__name__


async def waiting_for_a_host(
    sessions: Sessions, connections: QuickConnections, clock: FixedClock
) -> tuple[Wish, object]:
    """What comes of a quick booking that waits while the host changes the rules it was reckoned by."""
    listing_id, [wish] = await wishes_for(sessions, clock, [stay_of(10, 3)])
    async with sessions() as host:
        await lock_listing(host, listing_id, owner=None)
        waiting = asyncio.create_task(book_quickly(connections, clock, wish))
        await until_waiting(sessions)
        await change_rules(host, listing_id)
        await host.commit()
    return wish, await waiting


async def until_waiting(sessions: Sessions) -> None:
    """Return when somebody waits for a lock."""
    query = text(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    while True:
        async with sessions() as session:
            if await session.scalar(query):
                return
        await asyncio.sleep(0.01)


async def change_rules(host: AsyncSession, listing_id: int) -> None:
    """Only stays of a week from now on."""
    update = text("UPDATE rate_plans SET min_stay = 7, version = version + 1 WHERE listing_id = :listing_id")
    await host.execute(update, {"listing_id": listing_id})


async def test_b16_rules_that_change_while_it_waits_are_asked_again(
    sessions: Sessions, connections: QuickConnections, clock: FixedClock
) -> None:
    """B16: what was read before the lock is read again under it; the usual way then refuses."""
    wish, booked = await waiting_for_a_host(sessions, connections, clock)
    assert booked is None
    assert await usually(sessions, clock, wish, call_of(wish)) == StayUnavailable.__name__


async def test_b16_control_without_reading_again_it_books_by_rules_of_the_past(
    sessions: Sessions, connections: QuickConnections, clock: FixedClock
) -> None:
    """B16, control: without the comparison under the lock the stay is sold that no rule allows."""
    await replace_function(sessions, FUNCTIONS.BOOK_QUOTE, FACTS, "")
    _, booked = await waiting_for_a_host(sessions, connections, clock)
    assert booked is not None


async def test_b16_a_snapshot_from_before_the_lock_is_refused(
    database_url: str, sessions: Sessions, clock: FixedClock
) -> None:
    """B16: the function runs in READ COMMITTED alone, since a snapshot that is kept does not see who was faster."""
    _, [wish] = await wishes_for(sessions, clock, [stay_of(10, 3)])
    with psycopg.connect(database_url, autocommit=True) as admin:
        name = admin.info.dbname
        admin.execute(f"ALTER DATABASE \"{name}\" SET default_transaction_isolation = 'repeatable read'".encode())
    async with quick_connections(database_url) as connections:  # which say themselves what they want
        assert await book_quickly(connections, clock, wish) is not None
    async with await psycopg.AsyncConnection.connect(database_url) as other:
        with pytest.raises(psycopg.errors.InvalidTransactionState):
            await other.execute("SELECT book_quote('{}', '{}', '{}', now(), now(), '{\"data\": {}}', '{}')")


async def test_control_without_guards_the_quick_way_sells_nights_twice(
    sessions: Sessions, connections: QuickConnections, clock: FixedClock
) -> None:
    """No constraint and no check: every racer has the nights. The races above would have seen it."""
    await blind(sessions)
    async with sessions.begin() as session:
        await session.execute(text(f"ALTER TABLE occupancy DROP CONSTRAINT {OCCUPANCY_NO_OVERLAP}"))
    _, wishes = await wishes_for(sessions, clock, [stay_of(10, 3)] * 4)
    outcomes = await asyncio.gather(*(quickly(connections, clock, wish, call_of(wish)) for wish in wishes))
    assert outcomes == ["booked"] * 4
    assert await nights_shared(sessions) == 6


async def test_control_without_check_the_constraint_still_refuses(
    sessions: Sessions, connections: QuickConnections, clock: FixedClock
) -> None:
    """The check taken out: the constraint lets one in, and the others meet a conflict, not a fault."""
    await blind(sessions)
    _, wishes = await wishes_for(sessions, clock, [stay_of(10, 3)] * 4)
    outcomes = Counter(await asyncio.gather(*(quickly(connections, clock, wish, call_of(wish)) for wish in wishes)))
    assert outcomes["booked"] == 1
    assert set(outcomes) <= {"booked", StayUnavailable.__name__, ListingBusy.__name__}
    assert await nights_shared(sessions) == 0


AS_IT_WAS = text("""
    SELECT listing_id, listings.market_key, timezone, host_id, is_active, instant_book, cancellation_policy,
           check_in_hour, check_out_hour, approval_hours, requires_verified_guest, requires_completed_stays
    FROM listings JOIN markets USING (market_key) JOIN rate_plans USING (listing_id)
    WHERE listing_id = :listing_id
    FOR NO KEY UPDATE OF listings
""")


async def asked_of_a_guest_who_waited(
    sessions: Sessions, lock: Callable[[AsyncSession, int], Coroutine[None, None, bool]]
) -> bool:
    """Whether a guest who waits for the lock learns what the host asks of guests since then."""
    async with sessions.begin() as session:
        listing_id = (await create_listing(session)).listing_id
    async with sessions() as host, sessions() as guest:
        await lock_listing(host, listing_id, owner=None)
        waiting = asyncio.create_task(lock(guest, listing_id))
        await until_waiting(sessions)
        await host.execute(text("UPDATE rate_plans SET requires_verified_guest = true"))
        await host.commit()
        return await waiting


async def test_b16_what_is_known_of_a_locked_listing_is_read_after_the_wait(sessions: Sessions) -> None:
    """B16: the lock is a statement of its own, so that the rate plan is that of whoever was faster."""

    async def lock(session: AsyncSession, listing_id: int) -> bool:
        return (await lock_listing(session, listing_id, owner=None)).requires_verified_guest

    assert await asked_of_a_guest_who_waited(sessions, lock)


async def test_b16_control_a_rate_plan_read_with_the_lock_is_that_of_before(sessions: Sessions) -> None:
    """B16, control: READ COMMITTED looks again at the row that it locks, and at no row that is joined to it."""

    async def lock(session: AsyncSession, listing_id: int) -> bool:
        row = (await session.execute(AS_IT_WAS, {"listing_id": listing_id})).one()
        return bool(row.requires_verified_guest)

    assert not await asked_of_a_guest_who_waited(sessions, lock)
