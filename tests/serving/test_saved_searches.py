"""Saved searches over HTTP and in the worker, on a real database: who is told what, once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import example, given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from lodestay.clock import FixedClock
from search.geography import contains
from search.request import Bounds, Circle, Point
from serving.saved_searches import watch
from serving.saved_searches.stored import _box
from serving.saved_searches.watch import SINK, Watch
from serving.worker.jobs import alerts_job
from tests.serving.marketplace import Marketplace
from tests.serving.test_bookings import STAY, SignIn, hold, quote
from tests.transactional.factories import create_listing
from transactional.kit.database import create_engine, session_factory
from transactional.listings.service import activate, deactivate
from transactional.outbox import repository as outbox
from transactional.outbox.repository import lag
from transactional.outbox.service import record
from transactional.outbox.topics import Topic
from transactional.saved_searches import rules, service, watching

Sessions = async_sessionmaker[AsyncSession]
SEARCHES = "/v1/saved-searches"
ASKED = {"market": "lisbon", **STAY}


@pytest.fixture
async def sessions(database_url: str) -> AsyncIterator[Sessions]:
    """Sessions as the worker opens them."""
    engine = create_engine(database_url, pool_size=4, lock_timeout_ms=5_000)
    yield session_factory(engine)
    await engine.dispose()


@pytest.fixture
async def worker(sessions: Sessions, clock: FixedClock, marketplace: Marketplace) -> Watch:
    """The worker's part, which has begun to follow the outbox."""
    worker = Watch(sessions, clock)
    await worker.step()
    return worker


async def drain(worker: Watch) -> None:
    """Step until everything is taken in; an open transaction anywhere on the server holds entries back."""
    while await worker.step() or await _is_behind(worker):  # noqa: ASYNC110 (what is waited for is in the database)
        await asyncio.sleep(0.01)


async def _is_behind(worker: Watch) -> bool:
    async with worker.sessions() as session:
        return await lag(session, SINK) > 0


@pytest.fixture
def save(client: TestClient, marketplace: Marketplace, signed_in: SignIn) -> Callable[..., Any]:
    """Save a search of the guest's."""

    def save(**asked: Any) -> Any:
        body = {"name": "Lisbon", "search": ASKED | asked}
        answer = client.post(SEARCHES, headers=signed_in(marketplace.guest), json=body)
        assert answer.status_code == 201, answer.text
        return answer.json()

    return save


@pytest.fixture
def alerts(client: TestClient, marketplace: Marketplace, signed_in: SignIn) -> Callable[..., list[Any]]:
    """What the guest was told, the oldest first."""

    def alerts(**wanted: Any) -> list[Any]:
        answer = client.get("/v1/alerts", headers=signed_in(marketplace.guest), params=wanted)
        assert answer.status_code == 200, answer.text
        return list(reversed(answer.json()["items"]))

    return alerts


async def matched(sessions: Sessions, saved: Any) -> set[int]:
    """Listings that match a saved search, as the worker knows them."""
    statement = text(
        "SELECT listing_id FROM saved_search_matches WHERE saved_search_id = :saved AND stopped_at IS NULL"
    )
    async with sessions() as session:
        return set(await session.scalars(statement, {"saved": saved["saved_search_id"]}))


async def take_off_and_on(sessions: Sessions, marketplace: Marketplace, *, active: bool) -> None:
    """Have the host take the loft off the market, or put it back on."""
    async with sessions.begin() as session:
        await (activate if active else deactivate)(session, marketplace.host, marketplace.loft)


async def test_nights_freed_by_a_cancellation_are_told_once(
    *,
    client: TestClient,
    marketplace: Marketplace,
    signed_in: SignIn,
    save: Callable[..., Any],
    alerts: Callable[..., list[Any]],
    worker: Watch,
) -> None:
    """What matches already is no alert; a booking's end is one, at the total that a quote says; read, it is marked."""
    held = hold(client, signed_in, marketplace.other_guest, marketplace.loft)
    saved = save()
    assert not saved["is_ready"]
    await drain(worker)
    mine = signed_in(marketplace.guest)
    path = f"{SEARCHES}/{saved['saved_search_id']}"
    assert client.get(path, headers=mine).json()["is_ready"]
    assert await matched(worker.sessions, saved) == {marketplace.studio, marketplace.house_of_other_host}
    assert alerts() == []

    client.post(f"/v1/bookings/{held['booking_id']}/cancel", headers=signed_in(marketplace.other_guest))
    for _ in range(2):
        await drain(worker)
    (alert,) = alerts(unread=True)
    total = quote(client, mine, marketplace.loft).json()["total"]
    assert (alert["listing_id"], alert["cause"], alert["total"]) == (marketplace.loft, "booking.cancelled", total)
    assert client.get(path, headers=mine).json()["unread"] == 1

    body = {"alert_ids": [alert["alert_id"]]}
    for marked in (1, 0):
        answer = client.post("/v1/alerts/read", headers=signed_in(marketplace.guest), json=body)
        assert answer.json() == {"marked": marked}
    assert alerts(unread=True) == []
    assert [each["read_at"] is not None for each in alerts(saved_search_id=saved["saved_search_id"])] == [True]


async def test_a_price_that_drops_into_the_range_is_told_again_after_a_day_away(
    *,
    client: TestClient,
    clock: FixedClock,
    marketplace: Marketplace,
    signed_in: SignIn,
    save: Callable[..., Any],
    alerts: Callable[..., list[Any]],
    worker: Watch,
) -> None:
    """Into the range is news; out of it and back in an hour is none; back after a day is news again."""
    save(max_price="150", check_in="2026-06-18", check_out="2026-06-19", room_type=["entire_home"])
    await drain(worker)

    async def price(minor: int) -> None:
        body = {"ranges": [{"from": "2026-06-18", "to": "2026-06-19"}], "set": {"price_minor": minor}}
        headers = signed_in(marketplace.host) | {"If-Match": "*"}
        path = f"/v1/listings/{marketplace.loft}/calendar/nights"
        assert client.patch(path, headers=headers, json=body).status_code == 200
        await drain(worker)

    counts = []
    for minor, wait in ((30_000, 0), (8_000, 1), (30_000, 1), (8_000, 1), (30_000, 25), (8_000, 0)):
        await price(minor)
        counts.append(len(alerts()))
        clock.advance(timedelta(hours=wait))
    assert counts == [0, 1, 1, 1, 1, 2]
    assert {(each["listing_id"], each["cause"]) for each in alerts()} == {(marketplace.loft, "calendar.changed")}


async def test_a_new_listing_is_told_and_pages_partition_the_alerts(
    *,
    client: TestClient,
    session: AsyncSession,
    marketplace: Marketplace,
    signed_in: SignIn,
    save: Callable[..., Any],
    alerts: Callable[..., list[Any]],
    worker: Watch,
) -> None:
    """Each new listing in reach is told, none out of reach, and no other user hears of it."""
    save(bounds="38.6,-9.3,38.75,-9.0")
    await drain(worker)
    made = []
    for latitude in (38.70, 38.71, 38.76):
        listing = await create_listing(session, latitude=latitude)
        made.append(listing.listing_id)
        await record(session, Topic.LISTING_CREATED, market_key="lisbon", listing_id=listing.listing_id, payload={})
    await session.commit()
    await drain(worker)
    pages: list[Any] = []
    cursor: dict[str, Any] = {}
    while True:
        answer = client.get("/v1/alerts", headers=signed_in(marketplace.guest), params=cursor | {"size": 1}).json()
        pages += answer["items"]
        if answer["next_cursor"] is None:
            break
        cursor = {"cursor": answer["next_cursor"]}
    assert sorted(each["listing_id"] for each in pages) == made[:2]
    for stranger in (marketplace.other_guest, marketplace.admin):
        assert client.get("/v1/alerts", headers=signed_in(stranger)).json()["items"] == []
        assert client.get(SEARCHES, headers=signed_in(stranger)).json()["items"] == []
        body = {"alert_ids": [pages[0]["alert_id"]]}
        assert client.post("/v1/alerts/read", headers=signed_in(stranger), json=body).json() == {"marked": 0}
    assert len(alerts(unread=True)) == 2


async def test_two_workers_tell_once_and_the_constraint_holds_without_their_turns(
    *,
    marketplace: Marketplace,
    save: Callable[..., Any],
    alerts: Callable[..., list[Any]],
    worker: Watch,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Workers take turns; control: without turns both look before either writes, and the database refuses one.

    Without the constraint as well, the guest is told twice.
    """
    await take_off_and_on(worker.sessions, marketplace, active=False)
    save()
    await drain(worker)
    rivals = (worker, Watch(worker.sessions, worker.clock))
    await take_off_and_on(worker.sessions, marketplace, active=True)
    while await _is_behind(worker):
        await asyncio.gather(*(rival.step() for rival in rivals))
    assert len(alerts()) == 1

    async def without_turns() -> list[BaseException]:
        """Bring a second occasion about, and have both workers look at it before either writes."""
        async with worker.sessions.begin() as session:
            await session.execute(
                text("DELETE FROM saved_search_matches WHERE listing_id = :n"), {"n": marketplace.loft}
            )
            await session.execute(text("DELETE FROM saved_search_alerts"))
        await take_off_and_on(worker.sessions, marketplace, active=False)
        await take_off_and_on(worker.sessions, marketplace, active=True)
        barrier = asyncio.Barrier(2)
        settle = watching.settle

        async def settle_together(*args: Any, **named: Any) -> int:
            await barrier.wait()
            return await settle(*args, **named)

        async def always(_session: AsyncSession) -> bool:
            return True

        with monkeypatch.context() as patch:
            patch.setattr(watching, "settle", settle_together)
            patch.setattr(watching, "take_turn", always)
            outcomes = await asyncio.gather(*(rival.step() for rival in rivals), return_exceptions=True)
        return [outcome for outcome in outcomes if isinstance(outcome, BaseException)]

    failures = await without_turns()
    assert [type(failure) for failure in failures] == [IntegrityError]
    assert len(alerts()) == 1
    async with worker.sessions.begin() as session:
        name = "uq_saved_search_alerts_saved_search_id_listing_id_occasion"
        await session.execute(text(f"ALTER TABLE saved_search_alerts DROP CONSTRAINT {name}"))
    assert await without_turns() == []
    assert len(alerts()) == 2


async def test_a_worker_that_dies_before_it_commits_has_told_nothing(
    *,
    marketplace: Marketplace,
    save: Callable[..., Any],
    alerts: Callable[..., list[Any]],
    worker: Watch,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Killed after the alerts were written, or after the outbox was passed: the next worker tells, once."""
    await take_off_and_on(worker.sessions, marketplace, active=False)
    save()
    await drain(worker)
    await take_off_and_on(worker.sessions, marketplace, active=True)
    for home, step in ((watching, "settle"), (outbox, "advance")):
        real = getattr(home, step)

        async def do_and_die(*args: Any, real: Callable[..., Any] = real, **named: Any) -> int:
            await real(*args, **named)
            if args[-1]:  # findings, or entries
                raise OSError("killed")
            return 0

        with monkeypatch.context() as patch:
            patch.setattr(home, step, do_and_die)
            with pytest.raises(OSError, match="killed"):
                await drain(worker)
        assert alerts() == []
    await drain(Watch(worker.sessions, worker.clock))
    assert [each["listing_id"] for each in alerts()] == [marketplace.loft]


async def test_while_a_search_is_paused_nothing_is_told_then_or_later(
    *,
    client: TestClient,
    marketplace: Marketplace,
    signed_in: SignIn,
    save: Callable[..., Any],
    alerts: Callable[..., list[Any]],
    worker: Watch,
) -> None:
    """What came to match meanwhile is there to be seen; what comes after the pause is told."""
    await take_off_and_on(worker.sessions, marketplace, active=False)
    path = f"{SEARCHES}/{save()['saved_search_id']}"
    await drain(worker)
    mine = signed_in(marketplace.guest)
    paused = client.patch(path, headers=mine, json={"is_paused": True, "name": "Later"}).json()
    assert (paused["status"], paused["name"]) == ("paused", "Later")
    await take_off_and_on(worker.sessions, marketplace, active=True)
    await drain(worker)
    resumed = client.patch(path, headers=mine, json={"is_paused": False}).json()
    assert (resumed["status"], resumed["is_ready"]) == ("active", False)
    await drain(worker)
    assert alerts() == []
    async with worker.sessions.begin() as session:
        listing = await create_listing(session)
        await record(session, Topic.LISTING_CREATED, market_key="lisbon", listing_id=listing.listing_id, payload={})
    await drain(worker)
    assert [each["listing_id"] for each in alerts()] == [listing.listing_id]
    assert client.delete(path, headers=mine).status_code == 204
    assert (client.get(path, headers=mine).status_code, alerts()) == (404, [])


async def test_a_change_during_the_first_look_is_told_or_seen_and_never_lost(
    *,
    session: AsyncSession,
    marketplace: Marketplace,
    save: Callable[..., Any],
    alerts: Callable[..., list[Any]],
    worker: Watch,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What the look has passed is the outbox's to tell; what it comes to later was there to be seen."""
    loft, studio, house = marketplace.loft, marketplace.studio, marketplace.house_of_other_host
    for listing_id in (loft, house):
        await deactivate(session, marketplace.admin, listing_id)
    await session.commit()
    saved = save()
    monkeypatch.setattr(watch, "LISTINGS", 1)
    assert await worker.step() > 0
    assert await matched(worker.sessions, saved) == {studio}
    for listing_id in (loft, house):
        await activate(session, marketplace.admin, listing_id)
    await session.commit()
    await drain(worker)
    assert [each["listing_id"] for each in alerts()] == [loft]
    assert await matched(worker.sessions, saved) == {loft, studio, house}


async def test_a_step_has_no_number_while_it_thinks(
    *, save: Callable[..., Any], worker: Watch, marketplace: Marketplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Readers of the outbox wait for every older transaction that has a number: this one has none until it writes."""
    save()
    numbers = []
    matches = watching.matches

    async def ask(session: AsyncSession, *args: Any) -> Any:
        known = await matches(session, *args)
        numbers.append(await session.scalar(text("SELECT CAST(pg_current_xact_id_if_assigned() AS text)")))
        return known

    monkeypatch.setattr(watching, "matches", ask)
    await drain(worker)  # the first look
    await take_off_and_on(worker.sessions, marketplace, active=False)
    await drain(worker)
    assert numbers == [None, None]


async def test_what_matches_is_what_the_search_shows(
    *, client: TestClient, save: Callable[..., Any], worker: Watch, session: AsyncSession
) -> None:
    """For stays, prices, areas, filters and no dates: the worker knows exactly the listings that a search finds."""
    await create_listing(session, rate_plan={"min_stay": 5})
    await create_listing(session, amenities=[], longitude=-9.4)
    await create_listing(session, rate_plan={"advance_notice_days": 20}, accommodates=2)
    await session.commit()
    for asked in (
        {},
        {"check_in": None, "check_out": None},
        {"min_price": "300", "max_price": "600", "currency": "EUR"},
        {"amenity": ["wifi"], "guests": 3},
        {"latitude": 38.72, "longitude": -9.14, "radius_km": 3},
        {"check_in": "2026-06-16", "check_out": "2026-06-23", "text": "by the river"},
    ):
        wish: dict[str, Any] = {name: value for name, value in (ASKED | asked).items() if value is not None}
        found = client.get("/v1/search", params=wish | {"page_size": 50}).json()
        saved = save(**asked)
        await drain(worker)
        assert await matched(worker.sessions, saved) == {result["listing_id"] for result in found["results"]}, asked
        assert 0 < found["total_count"] <= 6
        again = client.get("/v1/search", params=saved["search"]).json()
        assert again["total_count"] == found["total_count"]


async def test_searches_end_by_themselves_and_are_bounded(
    *,
    client: TestClient,
    clock: FixedClock,
    marketplace: Marketplace,
    signed_in: SignIn,
    save: Callable[..., Any],
    worker: Watch,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One whose arrival has passed is over; one that too much matches is too wide; a user keeps only so many."""
    dated, open_ended = save(room_type=["private_room"]), save(check_in=None, check_out=None)
    monkeypatch.setattr(watching, "MAX_MATCHES", 2)
    monkeypatch.setattr(service, "MAX_SAVED", 2)
    await drain(worker)
    mine = signed_in(marketplace.guest)

    def status(saved: Any) -> str:
        path = f"{SEARCHES}/{saved['saved_search_id']}"
        return str(client.get(path, headers=signed_in(marketplace.guest)).json()["status"])

    assert status(open_ended) == "too_wide"
    body = {"name": "One more", "search": ASKED}
    refused = client.post(SEARCHES, headers=mine, json=body)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/too-many-saved-searches")
    assert refused.json()["limit"] == 2
    monkeypatch.setattr(service, "MAX_IN_REACH", 2)
    theirs = signed_in(marketplace.other_guest)
    wide = client.post(SEARCHES, headers=theirs, json=body)
    assert (wide.status_code, wide.json()["type"]) == (422, "/problems/saved-search-too-wide")

    clock.advance(timedelta(days=11))
    async with worker.sessions.begin() as session:
        assert await watching.tidy(session, clock, limit=10) > 0
    assert status(dated) == "ended"
    assert await matched(worker.sessions, dated) == set()
    path = f"{SEARCHES}/{dated['saved_search_id']}"
    over = client.patch(path, headers=signed_in(marketplace.guest), json={"is_paused": False})
    assert (over.status_code, over.json()["type"]) == (409, "/problems/saved-search-over")


def test_what_cannot_be_asked_cannot_be_saved(client: TestClient, marketplace: Marketplace, signed_in: SignIn) -> None:
    """The rules of a search hold for a saved one, and each refusal names what is wrong."""
    mine = signed_in(marketplace.guest)
    for search, kind in (
        ({"place": "Atlantis"}, "place-not-found"),
        ({"market": "atlantis"}, "market-not-found"),
        ({"market": "lisbon", "check_in": "2026-06-01", "check_out": "2026-06-04"}, "invalid-search"),
        ({"market": "lisbon", "min_price": "9", "max_price": "5"}, "invalid-search"),
        ({"market": "lisbon", "currency": "XXX"}, "no-exchange-rate"),
        ({"market": "lisbon", "check_in": "2026-06-25"}, "invalid-input"),
        ({"market": "lisbon", "text": "nul\0"}, "invalid-input"),
        ({"market": "lisbon", "colour": "blue"}, "invalid-input"),
    ):
        answer = client.post(SEARCHES, headers=mine, json={"name": "Bad", "search": search})
        assert answer.json()["type"] == f"/problems/{kind}", search
    for body in ({}, {"name": None}, {"name": "\n"}):
        assert client.patch(f"{SEARCHES}/{marketplace.guest.user_id}", headers=mine, json=body).status_code == 422
    assert client.get(SEARCHES, headers=mine).json() == {"items": [], "limit": rules.MAX_SAVED}


DEGREES = st.floats(-180, 180, allow_nan=False)


@given(st.floats(-90, 90), DEGREES, st.floats(0.1, 200), st.floats(-90, 90), DEGREES)
@example(89.9, 10.0, 50.0, 89.9, -170.0)
@example(0.0, 179.99, 10.0, 0.0, -179.99)
def test_the_box_of_a_circle_holds_it(
    latitude: float, longitude: float, radius_km: float, north: float, east: float
) -> None:
    """No point of a circle lies outside its box, at the poles and the date line either."""
    circle, point = Circle(Point(latitude, longitude), radius_km), Point(north, east)
    near = Point(
        max(-90.0, min(90.0, latitude + (north - latitude) * radius_km / 25_000)),
        longitude + (east - longitude) * radius_km / 25_000,
    )
    for each in (point, near):
        if contains(circle, each):
            assert contains(Bounds(*_box(circle)), each)


async def test_the_job_of_the_worker_is_this_one(sessions: Sessions, clock: FixedClock) -> None:
    """It is done beside the others, and says that there was nothing to do."""
    job = alerts_job(sessions, clock)
    assert job.is_slow
    assert await job.run() == 0
