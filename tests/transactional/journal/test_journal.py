"""The journal: events add up to the tables, cannot be altered unseen, and tell what a booking was."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from typer.testing import CliRunner

from lodestay.clock import FixedClock
from lodestay.ids import new_id
from lodestay.settings import get_settings
from tests.transactional.factories import PAID, actor_of, create_hold, create_listing, create_user, stay_of
from transactional.bookings import repository, service
from transactional.bookings.errors import BookingNotFound
from transactional.bookings.history import PastBooking, add_past_bookings
from transactional.bookings.records import BookingRecord
from transactional.bookings.rules import Side
from transactional.cancellations import service as cancellations
from transactional.journal import cli, projections
from transactional.journal.errors import JournalBroken, NotYetThen
from transactional.journal.repository import events_of
from transactional.journal.rules import NOTHING_BEFORE, Cause, Event, body_of, hash_of, verify_chain
from transactional.journal.service import Audit, audit, look_back
from transactional.kit.database import session_factory

BOOKING = UUID(int=1)
AT = datetime(2026, 6, 15, 12, tzinfo=UTC)
CAUSE = Cause(UUID(int=2), Side.GUEST, "api")


def chain(*data: dict[str, object]) -> list[Event]:
    """Events as the database chains them."""
    events: list[Event] = []
    previous = NOTHING_BEFORE
    for seq, values in enumerate(data, start=1):
        body = body_of("held", at=AT, cause=CAUSE, data=values)
        digest = hash_of(previous, seq, body)
        events.append(Event(BOOKING, seq, "held", AT, CAUSE.actor_id, "guest", "api", body, previous, digest))
        previous = digest
    return events


async def a_life(session: AsyncSession, clock: FixedClock) -> BookingRecord:
    """A booking that was held, confirmed a minute later and cancelled after an hour."""
    guest, listing = await create_user(session), await create_listing(session)
    held = await create_hold(session, clock, listing_id=listing.listing_id, guest_id=guest.user_id)
    clock.advance(timedelta(minutes=1))
    await service.confirm(session, clock, PAID, held.booking_id)
    clock.advance(timedelta(hours=1))
    return await cancellations.cancel(session, clock, actor_of(guest), held.booking_id)


@given(
    values=st.lists(
        st.dictionaries(st.text(max_size=5), st.integers(-(2**63), 2**63 - 1) | st.text(max_size=9)),
        min_size=1,
        max_size=6,
    )
)
def test_b34_an_altered_event_breaks_the_chain(values: list[dict[str, object]]) -> None:
    """B34: whole chains verify; with any one event altered, hashed anew, dropped or swapped they do not."""
    events = chain(*values)
    verify_chain(BOOKING, events)
    for n, event in enumerate(events):
        altered = replace(event, body=body_of("held", at=AT, cause=CAUSE, data={"forged": n}))
        with pytest.raises(JournalBroken):
            verify_chain(BOOKING, [*events[:n], altered, *events[n + 1 :]])
        with pytest.raises(JournalBroken):
            verify_chain(BOOKING, [*events[:n], replace(event, side="host"), *events[n + 1 :]])
        if n < len(events) - 1:
            with pytest.raises(JournalBroken):
                verify_chain(BOOKING, events[:n] + events[n + 1 :])
            rehashed = replace(altered, hash=hash_of(altered.previous_hash, altered.seq, altered.body))
            with pytest.raises(JournalBroken):
                verify_chain(BOOKING, [*events[:n], rehashed, *events[n + 1 :]])


async def test_b34_replay_equals_tables(session: AsyncSession, clock: FixedClock) -> None:
    """B34: every column of every booking, and who has which night, follow from the events alone."""
    cancelled = await a_life(session, clock)
    guest, listing = await create_user(session), await create_listing(session)
    await create_hold(session, clock, listing_id=listing.listing_id, guest_id=guest.user_id)
    past = PastBooking(
        listing_id=listing.listing_id,
        guest_id=UUID(int=5),
        check_in=stay_of(-20, 1).check_in,
        check_out=stay_of(-18, 1).check_in,
        guests=2,
        created_at=clock.now() - timedelta(days=40),
        cancelled_at=None,
    )
    await add_past_bookings(session, clock, [past])
    found = await audit(session)
    assert (found.bookings, found.events, found.broken) == (3, 5, ())
    kinds = [event.kind for event in await events_of(session, cancelled.booking_id)]
    assert kinds == ["held", "confirmed", "cancelled"]


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE bookings SET total_minor = total_minor + 1",
        "UPDATE bookings SET version = version + 1",
        "UPDATE occupancy SET is_live = true",
        "UPDATE occupancy SET stay = daterange(lower(stay), upper(stay) + 1), is_live = true",
    ],
)
async def test_b34_control_a_table_changed_past_the_journal_is_found(
    session: AsyncSession, clock: FixedClock, tampering: str
) -> None:
    """B34, control: what somebody writes into a table by hand contradicts the events, and the audit says so."""
    await a_life(session, clock)
    await session.execute(text(tampering))
    assert (await audit(session)).broken


@pytest.mark.parametrize("statement", ["UPDATE booking_events SET kind = 'x'", "DELETE FROM booking_events"])
async def test_events_cannot_be_changed(session: AsyncSession, clock: FixedClock, statement: str) -> None:
    """The table refuses every update and deletion."""
    await a_life(session, clock)
    with pytest.raises(DBAPIError, match="append-only"):
        await session.execute(text(statement))


async def test_control_without_the_trigger_the_chain_still_tells(session: AsyncSession, clock: FixedClock) -> None:
    """With the trigger taken off, an altered event gets in, and the audit finds it by its hash."""
    await a_life(session, clock)
    await session.execute(text("ALTER TABLE booking_events DISABLE TRIGGER append_only"))
    await session.execute(text("UPDATE booking_events SET body = replace(body, '2', '3') WHERE seq = 1"))
    assert "hash" in (await audit(session)).broken[0]


async def test_what_a_booking_was_at_an_instant(session: AsyncSession, clock: FixedClock) -> None:
    """Held at first, confirmed a minute later, cancelled after the hour; before it was made there is nothing."""
    made = clock.now()
    booking = await a_life(session, clock)
    seen = [
        (await look_back(session, booking.booking_id, made + after))[1].status
        for after in (timedelta(0), timedelta(minutes=1), timedelta(minutes=61))
    ]
    assert seen == ["held", "confirmed", "cancelled"]
    events, now = await look_back(session, booking.booking_id, clock.now())
    assert (len(events), now) == (3, booking)
    with pytest.raises(NotYetThen):
        await look_back(session, booking.booking_id, made - timedelta(seconds=1))


async def test_projection_is_made_anew_from_the_events(session: AsyncSession, clock: FixedClock) -> None:
    """A table that was spoiled is put right from its events, row by row, and nothing else is touched."""
    booking = await a_life(session, clock)
    await session.execute(text("UPDATE bookings SET total_minor = 1, status = 'held', cancelled_at = NULL"))
    assert await projections.rebuild(session) == (1, 1)
    assert await repository.get(session, booking.booking_id) == booking
    assert await projections.rebuild(session) == (1, 0)


@pytest.mark.parametrize(
    ("tampering", "written"),
    [
        ("UPDATE occupancy SET is_live = false", 1),
        ("UPDATE occupancy SET stay = daterange(lower(stay), upper(stay) + 1)", 2),
        ("UPDATE occupancy SET kind = 'booking', expires_at = NULL", 2),
        ("ALTER TABLE booking_events DROP CONSTRAINT fk_booking_events_booking_id_bookings; DELETE FROM bookings", 1),
    ],
)
async def test_nights_and_rows_that_are_gone_are_made_anew(
    session: AsyncSession, clock: FixedClock, tampering: str, written: int
) -> None:
    """Nights that were given up, moved or taken for good, and a row that is gone, follow from the events again."""
    guest, listing = await create_user(session), await create_listing(session)
    await create_hold(session, clock, listing_id=listing.listing_id, guest_id=guest.user_id)
    for statement in tampering.split("; "):
        await session.execute(text(statement))
    assert (await audit(session)).broken
    assert await projections.rebuild(session) == (1, written)
    assert (await audit(session)).broken == ()


async def test_nothing_is_rebuilt_from_a_broken_chain(session: AsyncSession, clock: FixedClock) -> None:
    """An event that was altered is not written into the table that it would spoil."""
    booking = await a_life(session, clock)
    await session.execute(text("ALTER TABLE booking_events DISABLE TRIGGER append_only"))
    await session.execute(text("UPDATE booking_events SET body = replace(body, '2', '3') WHERE seq = 1"))
    with pytest.raises(JournalBroken, match="hash"):
        await projections.rebuild(session)
    assert await repository.get(session, booking.booking_id) == booking


async def test_rebuild_waits_for_a_booking_that_changes(engine: AsyncEngine, clock: FixedClock) -> None:
    """What commits while the events are about to be replayed is in the replay: nothing is put back to what it was."""
    sessions = session_factory(engine)
    async with sessions.begin() as session:
        guest, listing = await create_user(session), await create_listing(session)
        held = await create_hold(session, clock, listing_id=listing.listing_id, guest_id=guest.user_id)

    async def rebuild() -> tuple[int, int]:
        async with sessions.begin() as session:
            return await projections.rebuild(session)

    async with sessions() as watching, sessions() as writing:
        confirmed = await service.confirm(writing, clock, PAID, held.booking_id)
        rebuilding = asyncio.create_task(rebuild())
        waits = text("SELECT count(*) FROM pg_locks WHERE relation = 'bookings'::regclass AND NOT granted")
        while not await watching.scalar(waits):
            assert not rebuilding.done(), "it did not wait for the writer"
            await asyncio.sleep(0.01)
        await writing.commit()
        assert await rebuilding == (1, 0)
        assert await repository.get(watching, held.booking_id) == confirmed


def test_verify_sees_one_snapshot(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command's audit reads all its statements from one snapshot, and cannot write."""
    seen: list[tuple[str, str]] = []

    async def look(session: AsyncSession) -> Audit:
        isolation = await session.scalar(text("SHOW transaction_isolation"))
        seen.append((str(isolation), str(await session.scalar(text("SHOW transaction_read_only")))))
        return await audit(session)

    monkeypatch.setenv("LODESTAY_DATABASE_URL", database_url)
    monkeypatch.setattr(cli, "audit", look)
    get_settings.cache_clear()
    result = CliRunner().invoke(cli.app, ["journal", "verify"], catch_exceptions=False)
    get_settings.cache_clear()
    assert (result.exit_code, seen) == (0, [("repeatable read", "on")])


@pytest.mark.parametrize(
    "at",
    ["2026-06-15T12:00:00", "2026-06-15T12:00:00Z", "2026-06-15T14:00:00+02:00", "2026-06-15T12:00:00.000000+00:00"],
)
def test_an_instant_may_be_pasted_as_it_is_printed(database_url: str, monkeypatch: pytest.MonkeyPatch, at: str) -> None:
    """With or without a zone and fractions, `show --at` looks back to that very instant."""
    asked: list[datetime] = []

    async def find(_session: AsyncSession, _reference: str) -> UUID:
        return new_id()

    async def look(_session: AsyncSession, _booking_id: UUID, instant: datetime) -> None:
        asked.append(instant)
        raise BookingNotFound

    monkeypatch.setenv("LODESTAY_DATABASE_URL", database_url)
    monkeypatch.setattr(cli, "find_by_reference", find)
    monkeypatch.setattr(cli, "look_back", look)
    get_settings.cache_clear()
    result = CliRunner().invoke(cli.app, ["journal", "show", "7KQ2M9XH4D", "--at", at])
    get_settings.cache_clear()
    assert isinstance(result.exception, BookingNotFound)
    assert asked == [datetime(2026, 6, 15, 12, tzinfo=UTC)]
