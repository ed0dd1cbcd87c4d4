"""Feeds over HTTP: what a host sees of other sites' calendars, and what other sites see of theirs."""

from __future__ import annotations

from datetime import timedelta

from fastapi.testclient import TestClient
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker

from lodestay.clock import FixedClock
from tests.serving.marketplace import Marketplace
from tests.serving.test_bookings import SignIn
from tests.transactional.factories import PAID, create_hold
from transactional.bookings import service as bookings
from transactional.feeds.fetching import Fetched, Validators
from transactional.feeds.parsing import read_calendar
from transactional.feeds.reading import read_due_feeds

FEED = {"name": "Airbnb", "url": "https://airbnb.example/calendar/42.ics?s=secret"}
GUEST_OF_AIRBNB = """\
BEGIN:VCALENDAR
BEGIN:VEVENT
UID:1@airbnb.example
DTSTART;VALUE=DATE:20260624
DTEND;VALUE=DATE:20260627
SUMMARY:Reserved
END:VEVENT
END:VCALENDAR
"""


class OneSite:
    """Every address says the same."""

    async def fetch(self, url: str, *, known: Validators | None) -> Fetched:
        """Answer."""
        assert (url, known) == (FEED["url"], None)
        return Fetched(GUEST_OF_AIRBNB.encode(), Validators(None, None))


async def booked(session: AsyncSession, clock: FixedClock, marketplace: Marketplace) -> str:
    """A confirmed stay of three nights in the loft from 25 June on; its reference."""
    held = await create_hold(session, clock, listing_id=marketplace.loft, guest_id=marketplace.guest.user_id)
    await bookings.confirm(session, clock, PAID, held.booking_id)
    await session.commit()
    return held.reference


async def test_a_host_reads_another_sites_calendar(
    *,
    client: TestClient,
    marketplace: Marketplace,
    signed_in: SignIn,
    session: AsyncSession,
    engine: AsyncEngine,
    clock: FixedClock,
) -> None:
    """Added, read by the worker, its conflict shown with a reference, removed: the nights are free again."""
    loft = f"/v1/listings/{marketplace.loft}"
    reference = await booked(session, clock, marketplace)
    headers = signed_in(marketplace.host)
    added = client.post(f"{loft}/feeds", headers=headers, json=FEED)
    assert (added.status_code, added.json()["status"], added.json()["site"]) == (201, "new", "airbnb.example")
    again = client.post(f"{loft}/feeds", headers=headers, json=FEED)
    assert (again.json(), again.headers["Idempotency-Replayed"]) == (added.json(), "true")
    assert client.post(f"{loft}/feeds", headers=signed_in(marketplace.host), json=FEED).status_code == 409

    await read_due_feeds(async_sessionmaker(engine), clock, OneSite())
    (feed,) = client.get(f"{loft}/feeds", headers=headers).json()["items"]
    assert (feed["status"], feed["applied"], feed["conflicts"]) == ("fresh", 0, 1)
    assert "secret" not in str(feed)
    (conflict,) = client.get(f"{loft}/feed-events", headers=headers).json()["items"]
    assert (conflict["from"], conflict["to"], conflict["feed_name"]) == ("2026-06-24", "2026-06-27", "Airbnb")
    assert reference in conflict["note"]
    nights = client.get(f"{loft}?from=2026-06-23&to=2026-06-29").json()["calendar"]
    assert [night["available"] for night in nights] == [True, False, False, False, False, True]

    path = f"{loft}/feeds/{feed['feed_id']}"
    clock.advance(timedelta(minutes=2))
    asked = client.post(f"{path}/read", headers=signed_in(marketplace.host), json={"accept_empty": True})
    assert (asked.status_code, asked.json()["conflicts"]) == (202, 1)
    assert client.delete(path, headers=headers).status_code == 204
    assert client.delete(path, headers=headers).status_code == 404
    nights = client.get(f"{loft}?from=2026-06-23&to=2026-06-29").json()["calendar"]
    assert [night["available"] for night in nights] == [True, True, False, False, False, True]


def test_addresses_that_are_no_calendars_are_refused_by_name(
    client: TestClient, marketplace: Marketplace, signed_in: SignIn
) -> None:
    """A private address, another scheme, a blank name: each its own problem, and nothing is kept."""
    feeds = f"/v1/listings/{marketplace.loft}/feeds"
    for change, problem in (
        ({"url": "http://169.254.169.254/latest/meta-data"}, "address-not-public"),
        ({"url": "file:///etc/passwd"}, "invalid-feed-address"),
        ({"name": "  "}, "invalid-input"),
        ({"name": "a\u0000"}, "invalid-input"),
    ):
        answer = client.post(feeds, headers=signed_in(marketplace.host), json=FEED | change)
        assert (answer.status_code, answer.json()["type"]) == (422, f"/problems/{problem}")
    assert client.get(feeds, headers=signed_in(marketplace.host)).json() == {"items": []}


async def test_a_calendar_is_given_out_to_whoever_knows_its_address(
    client: TestClient, marketplace: Marketplace, signed_in: SignIn, session: AsyncSession, clock: FixedClock
) -> None:
    """Nights without a person, 304 for what is known, one address for one key, and none after it was revoked."""
    await booked(session, clock, marketplace)
    tokens = f"/v1/listings/{marketplace.loft}/calendar-tokens"
    headers = signed_in(marketplace.host)
    made = client.post(tokens, headers=headers)
    again = client.post(tokens, headers=headers)
    assert (made.status_code, again.json(), again.headers["Idempotency-Replayed"]) == (201, made.json(), "true")
    path = made.json()["path"]
    secret = path.removeprefix("/v1/calendars/").removesuffix(".ics")
    kept = await session.execute(text("SELECT CAST(row_to_json(k) AS text) FROM idempotency_keys k"))
    assert secret not in str(kept.all())
    assert secret not in str(client.get(tokens, headers=headers).json())

    calendar = client.get(path)
    assert calendar.headers["Content-Type"] == "text/calendar; charset=utf-8"
    said = read_calendar(calendar.content, timezone="Europe/Lisbon", today=clock.now().date())
    assert [(event.start.day, event.end.day) for event in said.events] == [(25, 28)]
    known = client.get(path, headers={"If-None-Match": calendar.headers["ETag"]})
    assert (known.status_code, known.content, known.headers["ETag"]) == (304, b"", calendar.headers["ETag"])

    assert client.delete(f"{tokens}/{made.json()['token_id']}", headers=headers).status_code == 204
    answers = [client.get(each) for each in (path, "/v1/calendars/x.ics", f"/v1/calendars/{'A' * 43}.ics")]
    bodies = [answer.json() | {"instance": "", "request_id": ""} for answer in answers]
    assert [answer.status_code for answer in answers] == [404, 404, 404]
    assert bodies[0] == bodies[1] == bodies[2]


def test_replacing_every_address_ends_the_others(
    client: TestClient, marketplace: Marketplace, signed_in: SignIn
) -> None:
    """After a leak one call makes a new address and ends all the old ones."""
    tokens = f"/v1/listings/{marketplace.loft}/calendar-tokens"
    old = [client.post(tokens, headers=signed_in(marketplace.host)).json()["path"] for _ in range(2)]
    new = client.post(tokens, headers=signed_in(marketplace.host), json={"replaces_all": True}).json()["path"]
    assert [client.get(path).status_code for path in (*old, new)] == [404, 404, 200]
