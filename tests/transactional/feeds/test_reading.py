"""Feeds from their address to the calendar, on a real database: claims, conflicts, echoes, failures, races."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from lodestay.clock import FixedClock
from lodestay.errors import LodestayError
from lodestay.stay import Stay
from tests.transactional.factories import (
    PAID,
    actor_of,
    create_hold,
    create_listing,
    create_occupancy,
    create_quote,
    create_user,
)
from tests.transactional.feeds.calendars import calendar, day, stay_lines
from transactional.bookings import service as bookings
from transactional.calendars.errors import StayUnavailable
from transactional.calendars.models import OCCUPANCY_NO_OVERLAP
from transactional.feeds import giving_out, reading, repository, rules, service
from transactional.feeds.errors import (
    AddressNotPublic,
    CalendarNotFound,
    CalendarTokenNotFound,
    FeedAlreadyAdded,
    FeedNotFound,
    FeedRefused,
    TooManyCalendarTokens,
    TooManyFeeds,
)
from transactional.feeds.fetching import Fetched, Validators
from transactional.feeds.reading import LEASE, read_due_feeds
from transactional.feeds.records import EventKind, EventStatus, FeedRecord, FeedStatus
from transactional.feeds.tokens import token_of
from transactional.kit.database import create_engine, session_factory
from transactional.listings.errors import ListingBusy, ListingNotFound
from transactional.listings.repository import LockedListing
from transactional.users.actors import Actor, Role

Sessions = async_sessionmaker[AsyncSession]
KEY = "a key of the platform's own"
URL = "https://airbnb.example/{}.ics"


@dataclass
class Sites:
    """The other sites: what each address says, or fails with."""

    says: dict[str, bytes | LodestayError] = field(default_factory=dict)
    asked: list[tuple[str, Validators | None]] = field(default_factory=list)
    etag: str | None = None

    async def fetch(self, url: str, *, known: Validators | None) -> Fetched:
        """Answer as the site would."""
        self.asked.append((url, known))
        said = self.says[url]
        if isinstance(said, LodestayError):
            raise said
        if known is not None and known.etag is not None and known.etag == self.etag:
            return Fetched(None, known)
        return Fetched(said, Validators(self.etag, None))


@dataclass
class House:
    """A listing with its host, and everything that reads and asks in its name."""

    sessions: Sessions
    clock: FixedClock
    listing_id: int
    host: Actor
    sites: Sites

    async def add(self, name: str = "Airbnb", number: int = 1) -> UUID:
        """Have a feed read."""
        async with self.sessions.begin() as session:
            added = await service.add_feed(
                session, self.clock, self.host, self.listing_id, name=name, url=URL.format(number)
            )
        return added.feed.feed_id

    def say(self, body: bytes | LodestayError, number: int = 1) -> None:
        """Let a site answer so from now on."""
        self.sites.says[URL.format(number)] = body

    async def read(self, *, after: timedelta = timedelta(hours=1)) -> int:
        """Let time pass, and a worker come by."""
        self.clock.advance(after)
        return await read_due_feeds(self.sessions, self.clock, self.sites)

    async def taken(self, *kinds: str) -> list[tuple[date, date]]:
        """Live nights, of some kinds or of those that were imported."""
        query = text("""
            SELECT lower(stay), upper(stay) FROM occupancy
            WHERE listing_id = :listing_id AND is_live AND kind = ANY(:kinds) ORDER BY stay
        """)
        async with self.sessions() as session:
            rows = await session.execute(query, {"listing_id": self.listing_id, "kinds": list(kinds or ["imported"])})
            return [(row[0], row[1]) for row in rows]

    async def events(self, status: EventStatus) -> list[tuple[date, date, str | None]]:
        """What the host is shown."""
        async with self.sessions() as session:
            found = await service.list_events(session, self.clock, self.host, self.listing_id, status, limit=99)
        return [(each.event.start, each.event.end, each.event.note) for each in found]

    async def feed(self) -> FeedRecord:
        """The first feed as it stands."""
        async with self.sessions() as session:
            return (await service.list_feeds(session, self.clock, self.host, self.listing_id))[0].feed

    async def changes(self) -> int:
        """Announcements that the calendar has changed."""
        query = text("SELECT count(*) FROM outbox WHERE topic = 'calendar.changed' AND listing_id = :listing_id")
        async with self.sessions() as session:
            return int(await session.scalar(query, {"listing_id": self.listing_id}) or 0)


@pytest.fixture
async def sessions(database_url: str) -> AsyncIterator[Sessions]:
    """Sessions as production opens them."""
    engine = create_engine(database_url, pool_size=4, lock_timeout_ms=20_000)
    yield session_factory(engine)
    await engine.dispose()


@pytest.fixture
async def house(sessions: Sessions, clock: FixedClock) -> House:
    """A listing that reads no calendar yet."""
    async with sessions.begin() as session:
        listing = await create_listing(session)
    return House(sessions, clock, listing.listing_id, actor_of(listing.host_id, Role.HOST), Sites())


async def hold(house: House, stay: Stay) -> tuple[UUID, str]:
    """A guest's hold: its number and its reference."""
    async with house.sessions.begin() as session:
        guest = await create_user(session)
        held = await create_hold(
            session,
            house.clock,
            listing_id=house.listing_id,
            guest_id=guest.user_id,
            stay=stay,
            keep=timedelta(hours=3),
        )
    return held.booking_id, held.reference


async def book(house: House, stay: Stay) -> tuple[UUID, str]:
    """A guest's confirmed booking."""
    booking_id, reference = await hold(house, stay)
    async with house.sessions.begin() as session:
        await bookings.confirm(session, house.clock, PAID, booking_id)
    return booking_id, reference


async def test_a_feed_takes_moves_and_frees_nights(house: House) -> None:
    """What is said is taken, moved under the same UID, and freed when it goes; each change is announced once."""
    await house.add()
    house.say(calendar(stay_lines("a@x", day(10), day(13)), stay_lines("b@x", day(20), day(22), "Not available")))
    assert await house.read() == 1
    assert await house.taken() == [(day(10), day(13)), (day(20), day(22))]
    assert await house.read() == 1
    assert await house.changes() == 1
    house.say(calendar(stay_lines("a@x", day(12), day(15))))
    await house.read()
    assert await house.taken() == [(day(12), day(15))]
    assert (await house.feed()).status == FeedStatus.FRESH
    assert await house.changes() == 2
    assert await house.events(EventStatus.GONE) == []
    house.say(calendar(stay_lines("c@x", day(40), day(41))))
    await house.read()
    assert await house.events(EventStatus.GONE) == [(day(12), day(15), None)]


async def test_b20_new_uids_every_time_change_nothing(house: House) -> None:
    """The same nights under UIDs that are made anew for every answer: nothing is written to the calendar again."""
    await house.add()
    for n in range(4):
        house.say(calendar(stay_lines(f"{n}-a@x", day(10), day(13)), stay_lines(f"{n}-b@x", day(20), day(22))))
        await house.read()
    assert await house.changes() == 1
    async with house.sessions() as session:
        found = await service.list_events(
            session, house.clock, house.host, house.listing_id, EventStatus.APPLIED, limit=9
        )
    assert [each.event.uid for each in found] == ["3-a@x", "3-b@x"]
    assert len({each.event.first_seen_at for each in found}) == 1


async def test_b12_a_conflict_is_shown_and_solved_by_itself(house: House) -> None:
    """A booking stays untouched, the host reads its reference, free nights are taken, the rest when they come free."""
    booking_id, reference = await book(house, Stay(day(11), day(13)))
    await house.add()
    house.say(calendar(stay_lines("a@x", day(10), day(15))))
    await house.read()
    assert await house.taken() == [(day(10), day(11)), (day(13), day(15))]
    note = f"Booking {reference} has the night of 2026-06-26, 2026-06-27.".replace("night of", "nights of")
    assert await house.events(EventStatus.CONFLICT) == [(day(10), day(15), note)]
    async with house.sessions.begin() as session:
        row = await session.execute(text("SELECT status, version FROM bookings"))
        assert row.one() == ("confirmed", 2)
        await session.execute(
            text("UPDATE occupancy SET is_live = false WHERE booking_id = :booking_id"), {"booking_id": booking_id}
        )
    await house.read()
    assert await house.taken() == [(day(10), day(15))]
    assert await house.events(EventStatus.CONFLICT) == []


async def test_b12_nights_of_others_stay_theirs(house: House) -> None:
    """Holds, the host's blocks, other feeds and earlier imports; a due hold is no longer in the way."""
    _, reference = await hold(house, Stay(day(1), day(3)))
    async with house.sessions.begin() as session:
        await create_occupancy(session, house.listing_id, day(3), day(4), kind="host_block")
        await create_occupancy(session, house.listing_id, day(4), day(5), kind="imported")
    await house.add("Vrbo", 2)
    house.say(calendar(stay_lines("v@x", day(5), day(6))), 2)
    await house.read()
    await house.add()
    house.say(calendar(stay_lines("a@x", day(1), day(8))))
    await house.read()
    ((_, _, note),) = await house.events(EventStatus.CONFLICT)
    assert note is not None
    for named in (reference, "Your own block", "An earlier import", "The calendar 'Vrbo'"):
        assert named in note
    assert (day(6), day(8)) in await house.taken()
    await house.read(after=timedelta(hours=4))
    assert (day(1), day(3)) in await house.taken()
    assert await house.taken("hold") == []


async def test_b21_neither_emptiness_nor_failure_frees_a_night(house: House) -> None:
    """Empty, cut off, a web page, 500: the nights stay taken, and the host reads why; then a day of it is believed."""
    await house.add()
    full = calendar(stay_lines("a@x", day(10), day(13)))
    house.say(full)
    await house.read()
    for said, told in (
        (calendar(), "came back empty"),
        (full[:-30], "ends before"),
        (b"<html>Sign in</html>", "a web page"),
        (FeedRefused("airbnb.example", answered=500), "500"),
    ):
        house.say(said)
        await house.read(after=timedelta(hours=12))
        assert await house.taken() == [(day(10), day(13))]
        feed = await house.feed()
        assert feed.status == FeedStatus.FAILING
        assert told in (feed.error or "")
    house.say(calendar())
    await house.read(after=timedelta(hours=12))
    assert await house.taken() == [(day(10), day(13))]
    await house.read(after=timedelta(hours=12))
    assert await house.taken() == []


async def test_b21_the_host_can_confirm_an_empty_calendar(house: House) -> None:
    """At once, and only what was read as empty: a host's word on a full feed frees nothing."""
    feed_id = await house.add()
    house.say(calendar(stay_lines("a@x", day(10), day(13))))
    await house.read()

    async def confirm() -> None:
        async with house.sessions.begin() as session:
            await service.ask_to_read(session, house.clock, house.host, house.listing_id, feed_id, accept_empty=True)

    await confirm()
    assert await house.taken() == [(day(10), day(13))]
    house.say(calendar())
    await house.read()
    await confirm()
    assert await house.taken() == []
    assert (await house.feed()).status == FeedStatus.FRESH


async def test_b21_control_believed_at_once_the_calendar_is_wiped(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the doubt taken away an empty answer frees everything: the tests above would see it."""
    monkeypatch.setattr(rules, "doubt", lambda *_args, **_named: rules.NOT_EMPTY)
    await house.add()
    house.say(calendar(stay_lines("a@x", day(10), day(13))))
    await house.read()
    house.say(calendar())
    await house.read()
    assert await house.taken() == []


async def test_b22_a_rolling_block_makes_no_bookings(house: House) -> None:
    """Five days of a window that rolls on: one event, a block, and no row of `bookings`."""
    await house.add()
    for n in range(5):
        house.say(calendar(stay_lines(f"{n}@x", day(n + 200), day(500), "Airbnb (Not available)")))
        await house.read(after=timedelta(days=1))
    assert await house.taken() == [(day(204), day(500))]
    async with house.sessions() as session:
        rows = (await session.execute(text("SELECT kind, status FROM feed_events"))).all()
        assert [tuple(row) for row in rows] == [(EventKind.BLOCK.value, EventStatus.APPLIED.value)]
        assert await session.scalar(text("SELECT count(*) FROM bookings")) == 0


async def given_out(house: House) -> str:
    """The secret of a new address of the house's calendar."""
    async with house.sessions.begin() as session:
        token = await service.give_out(session, house.clock, house.host, house.listing_id, key=KEY, replaces_all=False)
    return token_of(token.token_id, key=KEY)


async def exported(house: House, token: str) -> bytes:
    """The house's calendar, as another site reads it."""
    async with house.sessions() as session:
        return await service.export(session, house.clock, token)


async def test_b23_two_sites_that_read_each_other_do_not_feed_on_themselves(house: House) -> None:
    """Ours goes out and comes back without a conflict; theirs never goes out; a cancelled stay is free everywhere."""
    token = await given_out(house)
    booking_id, _ = await book(house, Stay(day(10), day(13)))
    await house.add()
    theirs = stay_lines("guest@x", day(20), day(22))
    house.say(calendar(theirs))
    await house.read()
    out = await exported(house, token)
    assert b"20260625" in out
    assert f"{day(20):%Y%m%d}".encode() not in out
    house.say(calendar(theirs, stay_lines("back@x", day(10), day(13), "Airbnb (Not available)")))
    await house.read()
    assert await house.events(EventStatus.CONFLICT) == []
    assert len(await house.events(EventStatus.IGNORED)) == 1
    assert await house.taken() == [(day(20), day(22))]
    async with house.sessions.begin() as session:
        await session.execute(
            text("UPDATE occupancy SET is_live = false WHERE booking_id = :booking_id"), {"booking_id": booking_id}
        )
    assert b"BEGIN:VEVENT" not in await exported(house, token)
    house.say(calendar(theirs))
    await house.read()
    assert await house.taken() == [(day(20), day(22))]


async def test_b23_control_imports_given_out_come_back(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """With imported nights in our calendar, another site's own guest goes back to it: the test above would see it."""
    nights = str(giving_out._NIGHTS).replace("('booking', 'host_block')", "('booking', 'host_block', 'imported')")
    monkeypatch.setattr(giving_out, "_NIGHTS", text(nights))
    token = await given_out(house)
    await house.add()
    house.say(calendar(stay_lines("guest@x", day(20), day(22))))
    await house.read()
    assert f"{day(20):%Y%m%d}".encode() in await exported(house, token)


async def test_what_has_not_changed_is_not_read_twice(house: House) -> None:
    """304 and the same bytes change nothing but the time; conflicts are looked at all the same; a new day reads all."""
    house.sites.etag = '"v1"'
    booking_id, _ = await book(house, Stay(day(10), day(11)))
    await house.add()
    house.say(calendar(stay_lines("a@x", day(10), day(13))))
    await house.read()
    async with house.sessions.begin() as session:
        await session.execute(
            text("UPDATE occupancy SET is_live = false WHERE booking_id = :booking_id"), {"booking_id": booking_id}
        )
    await house.read()
    assert await house.taken() == [(day(10), day(13))]
    await house.read(after=timedelta(days=1))
    assert [known for _, known in house.sites.asked] == [None, Validators('"v1"', None), None]


async def test_a_feed_is_read_by_one_worker_and_again_if_that_one_dies(house: House) -> None:
    """A claim keeps others away until it runs out; a worker that comes back too late changes nothing."""
    await house.add()
    house.say(calendar(stay_lines("a@x", day(10), day(13))))
    async with house.sessions.begin() as session:
        (late,) = await repository.claim_due(session, now=house.clock.now(), lease=LEASE, limit=9)
    said = await reading.read(late, house.clock, house.sites)
    assert await read_due_feeds(house.sessions, house.clock, house.sites) == 0
    house.say(calendar(stay_lines("b@x", day(20), day(22))))
    assert await house.read(after=LEASE) == 1
    async with house.sessions.begin() as session:
        assert not await reading.apply(session, house.clock, late, said)
    assert await house.taken() == [(day(20), day(22))]
    house.clock.advance(timedelta(hours=1))
    results = await asyncio.gather(*(read_due_feeds(house.sessions, house.clock, house.sites) for _ in range(4)))
    assert sum(results) == 1


async def test_a_fault_of_ours_fails_one_feed_alone(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """What nobody thought of is a failure of that feed, said as ours; the others are read."""
    await house.add()
    await house.add("Vrbo", 2)
    house.say(calendar(stay_lines("v@x", day(5), day(6))), 2)
    await house.read()  # the first address answers with a KeyError of the double
    assert await house.taken() == [(day(5), day(6))]
    assert "a reason that is ours" in ((await house.feed()).error or "")

    async def busy(*_args: object) -> bool:
        raise ListingBusy(house.listing_id)

    monkeypatch.setattr(reading, "apply", busy)
    assert await house.read(after=timedelta(hours=3)) == 2


async def race(house: House) -> tuple[bool, bool]:
    """A guest holds the nights that a feed brings, at the same time: whether either got all of them."""
    stay = Stay(day(10), day(13))
    async with house.sessions.begin() as session:
        guest = await create_user(session)
        quote = await create_quote(session, house.clock, listing_id=house.listing_id, guest_id=guest.user_id, stay=stay)

    async def holding() -> bool:
        try:
            async with house.sessions.begin() as session:
                await bookings.hold(
                    session, house.clock, guest_id=guest.user_id, quote_id=quote.quote_id, keep=timedelta(minutes=15)
                )
        except StayUnavailable:
            return False
        return True

    held, _ = await asyncio.gather(holding(), read_due_feeds(house.sessions, house.clock, house.sites))
    return held, (day(10), day(13)) in await house.taken()


@pytest.mark.parametrize("first", ["hold", "import"])
async def test_b12_import_against_hold(house: House, first: str) -> None:
    """Two sessions want the same nights: the one that is second meets the first's, whichever comes first."""
    await house.add()
    house.say(calendar(stay_lines("a@x", day(10), day(13))))
    async with house.sessions() as session:
        await session.begin()
        if first == "hold":
            guest = await create_user(session)
            await create_hold(
                session,
                house.clock,
                listing_id=house.listing_id,
                guest_id=guest.user_id,
                stay=Stay(day(10), day(13)),
            )
            waiting = asyncio.create_task(read_due_feeds(house.sessions, house.clock, house.sites))
        else:
            (claim,) = await repository.claim_due(session, now=house.clock.now(), lease=LEASE, limit=1)
            said = await reading.read(claim, house.clock, house.sites)
            await reading.apply(session, house.clock, claim, said)
            waiting = asyncio.create_task(race(house))  # type: ignore[arg-type]
        await asyncio.sleep(0.2)
        assert not waiting.done()
        await session.commit()
    outcome = await waiting
    if first == "hold":
        assert await house.taken() == []
        assert len(await house.events(EventStatus.CONFLICT)) == 1
    else:
        assert outcome == (False, True)


async def test_b12_import_against_hold_at_once(house: House) -> None:
    """Let go together, one of them has the nights and the other knows it."""
    await house.add()
    house.say(calendar(stay_lines("a@x", day(10), day(13))))
    held, imported = await race(house)
    assert held != imported
    assert len(await house.events(EventStatus.CONFLICT)) == held


async def test_b12_control_without_lock_and_constraint_nights_are_had_twice(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lock and the constraint taken out, an import that looked before the hold takes the guest's nights."""
    async with house.sessions.begin() as session:
        await session.execute(text(f"ALTER TABLE occupancy DROP CONSTRAINT {OCCUPANCY_NO_OVERLAP}"))
    looked, may_write = asyncio.Event(), asyncio.Event()
    lock, asked = reading.lock_listing, repository.taken_by_others

    async def lock_of_another(session: AsyncSession, listing_id: int, *, owner: UUID | None) -> LockedListing:
        async with house.sessions() as other:
            return await lock(other, listing_id, owner=owner)  # held no longer than it takes to ask

    async def look_then_wait(*args: object, **named: object) -> object:
        found = await asked(*args, **named)  # type: ignore[arg-type]
        looked.set()
        await may_write.wait()
        return found

    monkeypatch.setattr(reading, "lock_listing", lock_of_another)
    monkeypatch.setattr(repository, "taken_by_others", look_then_wait)
    await house.add()
    house.say(calendar(stay_lines("a@x", day(10), day(13))))
    importing = asyncio.create_task(read_due_feeds(house.sessions, house.clock, house.sites))
    await looked.wait()
    await hold(house, Stay(day(10), day(13)))
    may_write.set()
    await importing
    assert await house.taken() == await house.taken("hold") == [(day(10), day(13))]


async def test_the_constraint_behind_the_lock_refuses_by_name(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """With others' nights overlooked, the constraint stands, as a conflict and not as a fault."""

    async def nobody(*_args: object, **_named: object) -> list[object]:
        return []

    await hold(house, Stay(day(10), day(13)))
    monkeypatch.setattr(repository, "taken_by_others", nobody)
    await house.add()
    house.say(calendar(stay_lines("a@x", day(10), day(13))))
    async with house.sessions.begin() as session:
        (claim,) = await repository.claim_due(session, now=house.clock.now(), lease=LEASE, limit=1)
    said = await reading.read(claim, house.clock, house.sites)
    with pytest.raises(ListingBusy):
        async with house.sessions.begin() as session:
            await reading.apply(session, house.clock, claim, said)


async def test_hosts_add_and_remove_feeds_of_their_own(house: House) -> None:
    """Not another's, not one twice, not without end, not into our network; a removed feed frees its nights."""
    feed_id = await house.add()
    house.say(calendar(stay_lines("a@x", day(10), day(13))))
    await house.read()
    with pytest.raises(FeedAlreadyAdded):
        await house.add("again")
    stranger = actor_of(UUID(int=1), Role.HOST)
    async with house.sessions() as session:
        with pytest.raises(AddressNotPublic):
            await service.add_feed(
                session, house.clock, house.host, house.listing_id, name="x", url="http://169.254.169.254/latest"
            )
        with pytest.raises(ListingNotFound):
            await service.list_feeds(session, house.clock, stranger, house.listing_id)
        with pytest.raises(ListingNotFound):
            await service.remove_feed(session, stranger, house.listing_id, feed_id)
        with pytest.raises(FeedNotFound):
            await service.remove_feed(session, house.host, house.listing_id, UUID(int=3))
    for number in range(2, 2 + service.MAX_FEEDS - 1):
        await house.add(f"site {number}", number)
    with pytest.raises(TooManyFeeds):
        await house.add("one more", 99)
    async with house.sessions.begin() as session:
        await service.remove_feed(session, house.host, house.listing_id, feed_id)
    assert await house.taken() == []
    assert await house.changes() == 2
    async with house.sessions() as session:
        assert len(await service.list_feeds(session, house.clock, house.host, house.listing_id)) == 9


async def test_asking_to_read_wakes_a_feed_and_floods_nobody(house: House) -> None:
    """A paused feed is read again; asked twice in a minute, the other site is asked once."""
    feed_id = await house.add()
    house.say(calendar())
    await house.read()
    async with house.sessions.begin() as session:
        await session.execute(text("UPDATE calendar_feeds SET status = 'paused', failures = 60"))
    assert await house.read(after=timedelta(days=1)) == 0
    for expected in (1, 0):
        async with house.sessions.begin() as session:
            await service.ask_to_read(session, house.clock, house.host, house.listing_id, feed_id, accept_empty=False)
        assert await house.read(after=timedelta(0)) == expected
    assert (await house.feed()).status == FeedStatus.FRESH


async def test_an_address_works_until_it_is_revoked(house: House) -> None:
    """Secrets are long and differ, only their hash is kept, and a revoked one is as unknown as a guess."""
    first, second = await given_out(house), await given_out(house)
    assert first != second
    assert min(len(first), len(second)) == 43
    async with house.sessions() as session:
        kept = str((await session.execute(text("SELECT * FROM feed_tokens"))).all())
        tokens = await service.list_tokens(session, house.host, house.listing_id)
    assert first not in kept
    async with house.sessions.begin() as session:
        await service.revoke_token(session, house.clock, house.host, house.listing_id, tokens[0].token_id)
        with pytest.raises(CalendarTokenNotFound):
            await service.revoke_token(session, house.clock, house.host, house.listing_id, tokens[0].token_id)
    assert await exported(house, second)
    async with house.sessions.begin() as session:
        await service.give_out(session, house.clock, house.host, house.listing_id, key=KEY, replaces_all=True)
    for dead in (first, second, "x" * 43, "", "\u0000" * 43):
        with pytest.raises(CalendarNotFound):
            await exported(house, dead)
    for _ in range(service.MAX_TOKENS - 1):
        await given_out(house)
    with pytest.raises(TooManyCalendarTokens):
        await given_out(house)
