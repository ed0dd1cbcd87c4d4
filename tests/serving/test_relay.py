"""The relay on a real database and a real index: what is delivered, in which order, after which failures."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from fastapi.testclient import TestClient
from opensearchpy import AsyncOpenSearch, OpenSearch
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker

from lodestay.clock import FixedClock
from ml.embeddings.gateway import Embedder
from search.engine import connect
from serving.relay.index_sink import IndexSink
from serving.relay.service import SINK, Relay, run
from serving.worker.jobs import standing_jobs
from tests.serving.importing import import_again
from tests.serving.indexing import build_index
from tests.serving.marketplace import Marketplace
from tests.serving.proxy import proxy_to
from tests.serving.test_bookings import STAY, SignIn, hold, quote
from tests.serving.test_search import search
from tests.transactional.factories import create_hold, stay_of
from transactional.calendars.models import RatePlan
from transactional.cancellations.service import cancel
from transactional.kit.connections import QuickConnections
from transactional.listings.models import Listing
from transactional.listings.service import deactivate
from transactional.outbox.repository import lag

pytestmark = pytest.mark.opensearch


@pytest.fixture
def sessions(engine: AsyncEngine) -> async_sessionmaker[AsyncSession]:
    """Sessions on the test's own database."""
    return async_sessionmaker(engine, expire_on_commit=False)


@pytest.fixture
async def client(opensearch_url: str) -> AsyncIterator[AsyncOpenSearch]:
    """A client for live updates."""
    client = connect(opensearch_url)
    yield client
    await client.close()


@pytest.fixture
def relay(
    sessions: async_sessionmaker[AsyncSession],
    quick: QuickConnections,
    client: AsyncOpenSearch,
    index_alias: str,
    clock: FixedClock,
) -> Relay:
    """A relay over the test's marketplace."""
    return Relay(sessions, IndexSink(client, index_alias, quick, clock), clock)


async def drain(relay: Relay) -> None:
    """Step until everything is delivered.

    An open transaction anywhere on the server, of another test's database too, holds entries back for a moment.
    """
    while await relay.step() or await _is_behind(relay):  # noqa: ASYNC110 (what is waited for is in the database)
        await asyncio.sleep(0.01)


async def _is_behind(relay: Relay) -> bool:
    async with relay.sessions() as session:
        return await lag(session, SINK) > 0


def document(opensearch: OpenSearch, alias: str, listing_id: int) -> dict[str, Any]:
    """A listing's document as it is now."""
    found: dict[str, Any] = opensearch.get(index=alias, id=str(listing_id))
    return dict(found["_source"])


def free_nights(opensearch: OpenSearch, alias: str, listing_id: int) -> int:
    """Nights that the document says are free."""
    tokens = document(opensearch, alias, listing_id)["stay_tokens"].split()
    return sum(token.startswith("n") for token in tokens)


async def test_a_booking_leaves_the_search_and_comes_back_when_cancelled(
    *,
    searching: TestClient,
    marketplace: Marketplace,
    signed_in: SignIn,
    relay: Relay,
    opensearch: OpenSearch,
    index_alias: str,
) -> None:
    """What is booked over HTTP is gone from counts and results of the index, and back after a cancellation."""
    await drain(relay)
    held = hold(searching, signed_in, marketplace.guest, marketplace.loft)
    await drain(relay)
    opensearch.indices.refresh(index=index_alias)
    assert search(searching, **STAY)["total_count"] == 2
    searching.post(f"/v1/bookings/{held['booking_id']}/cancel", headers=signed_in(marketplace.guest))
    await drain(relay)
    opensearch.indices.refresh(index=index_alias)
    assert search(searching, **STAY)["total_count"] == 3


async def test_a_listing_taken_off_the_market_is_inactive_in_the_index(
    session: AsyncSession, marketplace: Marketplace, relay: Relay, opensearch: OpenSearch, index_alias: str
) -> None:
    """Activity travels like availability does."""
    await deactivate(session, marketplace.host, marketplace.loft)
    await session.commit()
    await drain(relay)
    assert document(opensearch, index_alias, marketplace.loft)["is_active"] is False


async def test_delivering_twice_changes_nothing(
    *,
    session: AsyncSession,
    marketplace: Marketplace,
    relay: Relay,
    opensearch: OpenSearch,
    index_alias: str,
    clock: FixedClock,
) -> None:
    """A batch that was delivered but not remembered is delivered again, to the same document."""
    await create_hold(session, clock, listing_id=marketplace.loft, guest_id=marketplace.guest.user_id)
    await session.commit()
    await relay.sink.write([marketplace.loft])
    once = document(opensearch, index_alias, marketplace.loft)
    await relay.sink.write([marketplace.loft])
    assert document(opensearch, index_alias, marketplace.loft) == once


async def test_a_hold_that_expires_is_free_again_without_anybody_asking(
    *,
    session: AsyncSession,
    marketplace: Marketplace,
    relay: Relay,
    opensearch: OpenSearch,
    index_alias: str,
    clock: FixedClock,
) -> None:
    """The worker expires due holds, and the relay tells the index."""
    before = free_nights(opensearch, index_alias, marketplace.loft)
    await create_hold(session, clock, listing_id=marketplace.loft, guest_id=marketplace.guest.user_id)
    await session.commit()
    await drain(relay)
    assert free_nights(opensearch, index_alias, marketplace.loft) == before - 3
    clock.advance(timedelta(minutes=16))
    await next(job for job in standing_jobs(relay.sessions, clock) if job.name == "expired holds").run()
    await drain(relay)
    assert free_nights(opensearch, index_alias, marketplace.loft) == before


async def test_without_an_index_nothing_is_written_and_none_is_created(
    *,
    session: AsyncSession,
    marketplace: Marketplace,
    sessions: async_sessionmaker[AsyncSession],
    quick: QuickConnections,
    client: AsyncOpenSearch,
    opensearch: OpenSearch,
    clock: FixedClock,
) -> None:
    """An update never creates an index: its name would stand in the way of the alias."""
    alias = "not-built-yet"
    relay = Relay(sessions, IndexSink(client, alias, quick, clock), clock)
    await create_hold(session, clock, listing_id=marketplace.loft, guest_id=marketplace.guest.user_id)
    await session.commit()
    await drain(relay)
    assert await lag(session, SINK) == 0
    assert not opensearch.indices.exists(index=alias)


async def test_an_index_built_from_older_data_is_caught_up(
    *,
    session: AsyncSession,
    marketplace: Marketplace,
    relay: Relay,
    opensearch: OpenSearch,
    index_alias: str,
    clock: FixedClock,
    embedder: Embedder,
) -> None:
    """A change that an index in the making has missed is written once it goes into service."""
    await drain(relay)
    held = await create_hold(session, clock, listing_id=marketplace.loft, guest_id=marketplace.guest.user_id)
    await session.commit()
    await drain(relay)
    taken = free_nights(opensearch, index_alias, marketplace.loft)
    async with relay.sessions() as other:  # built from a world without the hold: undone at the end
        await cancel(other, clock, marketplace.guest, held.booking_id)
        clock.advance(timedelta(minutes=1))
        newer = await build_index(other, opensearch, index_alias, clock=clock, embedder=embedder)
        await other.rollback()
    assert free_nights(opensearch, index_alias, marketplace.loft) == taken + 3
    clock.advance(timedelta(seconds=10))
    await drain(relay)
    assert free_nights(opensearch, index_alias, marketplace.loft) == taken
    opensearch.indices.delete(index=newer)


async def test_a_price_edit_is_what_searches_find(
    *,
    searching: TestClient,
    marketplace: Marketplace,
    signed_in: SignIn,
    relay: Relay,
    opensearch: OpenSearch,
    index_alias: str,
) -> None:
    """A host's new price is in the document's sums, and a search by price finds the listing at its new total."""
    await drain(relay)
    before = document(opensearch, index_alias, marketplace.studio)["price_sum"]
    asked = STAY | {"max_price": "100"}
    assert search(searching, **asked)["total_count"] == 0
    edit = {"ranges": [{"from": STAY["check_in"], "to": STAY["check_out"]}], "set": {"price_minor": 1_000}}
    path = f"/v1/listings/{marketplace.studio}/calendar/nights"
    assert searching.patch(path, headers=signed_in(marketplace.host), json=edit).status_code == 200
    await drain(relay)
    opensearch.indices.refresh(index=index_alias)
    after = document(opensearch, index_alias, marketplace.studio)["price_sum"]
    # The three nights lie between the same two sums, at 60, 65 and 65 before.
    assert before["0"] - after["0"] == 19_000 - 3_000
    (found,) = search(searching, **asked)["results"]
    assert found["listing_id"] == marketplace.studio
    assert found["price"]["total"]["minor"] == quote_total(searching, signed_in, marketplace)


def quote_total(client: TestClient, signed_in: SignIn, marketplace: Marketplace) -> int:
    """What the studio's stay costs by a quote."""
    return int(quote(client, signed_in(marketplace.guest), marketplace.studio).json()["total"]["minor"])


async def test_an_import_that_overlaps_a_build_is_not_lost_from_it(
    *,
    session: AsyncSession,
    searching: TestClient,
    marketplace: Marketplace,
    relay: Relay,
    opensearch: OpenSearch,
    index_alias: str,
    clock: FixedClock,
    embedder: Embedder,
    database_url: str,
) -> None:
    """A rating and a fee that an import changed are in the index, and in the next one, built from before it."""
    loft = {"rating": Decimal("4.95"), "review_count": 40, "cleaning_fee_minor": 500}
    old = {"rating": Decimal("4.50"), "review_count": 0}
    await drain(relay)
    import_again(database_url, {marketplace.loft: loft}, clock=clock)
    await drain(relay)
    assert imported(opensearch, index_alias, marketplace.loft) == (4.95, 40, 500)
    async with relay.sessions() as other:  # built from a world without the import: undone at the end
        await other.execute(update(Listing).where(Listing.listing_id == marketplace.loft).values(**old))
        plan = update(RatePlan).where(RatePlan.listing_id == marketplace.loft)
        await other.execute(plan.values(cleaning_fee_minor=3_000))
        clock.advance(timedelta(minutes=1))
        newer = await build_index(other, opensearch, index_alias, clock=clock, embedder=embedder)
        await other.rollback()
    assert imported(opensearch, index_alias, marketplace.loft) == (4.50, 0, 3_000)
    clock.advance(timedelta(seconds=10))
    await drain(relay)
    assert imported(opensearch, index_alias, marketplace.loft) == (4.95, 40, 500)
    opensearch.indices.refresh(index=index_alias)
    (found,) = search(searching, **STAY, min_rating="4.92")["results"]
    assert (found["listing_id"], found["rating"]) == (marketplace.loft, "4.95")
    opensearch.indices.delete(index=newer)


def imported(opensearch: OpenSearch, alias: str, listing_id: int) -> tuple[float, int, int]:
    """Rating, number of reviews and cleaning fee of a document."""
    found = document(opensearch, alias, listing_id)
    return found["rating"], found["review_count"], found["cleaning_fee_minor"]


async def test_the_relay_waits_for_a_service_and_loses_nothing(
    *,
    session: AsyncSession,
    marketplace: Marketplace,
    sessions: async_sessionmaker[AsyncSession],
    quick: QuickConnections,
    opensearch_url: str,
    opensearch: OpenSearch,
    index_alias: str,
    clock: FixedClock,
) -> None:
    """While OpenSearch is away the cursor stays; once it is back everything is delivered; `stop` ends the loop."""
    before = free_nights(opensearch, index_alias, marketplace.loft)
    guest_id = marketplace.guest.user_id
    await create_hold(session, clock, listing_id=marketplace.loft, guest_id=guest_id, stay=stay_of(40, 2))
    await session.commit()
    with proxy_to(opensearch_url) as proxy:
        proxy.is_down = True
        client = connect(proxy.url)
        stop = asyncio.Event()
        running = asyncio.create_task(run(Relay(sessions, IndexSink(client, index_alias, quick, clock), clock), stop))
        await asyncio.sleep(1)
        assert await lag(session, SINK) > 0
        proxy.is_down = False
        while await lag(session, SINK):
            await session.commit()
            await asyncio.sleep(0.05)
        stop.set()
        await running
        await client.close()
    assert free_nights(opensearch, index_alias, marketplace.loft) == before - 2


async def test_the_relay_outlives_a_connection_that_breaks(
    *, session: AsyncSession, marketplace: Marketplace, relay: Relay, quick: QuickConnections, clock: FixedClock
) -> None:
    """Where listings cannot be read the cursor stays and the relay waits; once they can, all is delivered."""
    await create_hold(session, clock, listing_id=marketplace.loft, guest_id=marketplace.guest.user_id)
    await session.commit()
    relay.sink.quick = QuickConnections("postgresql://127.0.0.1:1/none", {}, size=1, lock_timeout_ms=1_000)
    stop = asyncio.Event()
    running = asyncio.create_task(run(relay, stop))
    await asyncio.sleep(1)
    assert not running.done()
    assert await lag(session, SINK) > 0
    relay.sink.quick = quick
    while await lag(session, SINK):
        await session.commit()
        await asyncio.sleep(0.05)
    stop.set()
    await running
