"""A PostgreSQL that does not answer: searches give up in their time, and leave nothing behind."""

from __future__ import annotations

from dataclasses import replace

from fastapi.testclient import TestClient
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from serving.search.budget import Allowance
from tests.serving.marketplace import Marketplace
from tests.serving.test_bookings import STAY
from tests.serving.test_columns import eventually
from tests.serving.test_search import search

AT_ONCE = 20
"""More than there are connections: what a search that gave up kept would be missed."""


async def test_searches_that_give_up_give_their_connections_back(
    client: TestClient, marketplace: Marketplace, session: AsyncSession
) -> None:
    """While a table is locked each search is a 503 that says when to come again; afterwards all is as before."""
    before = search(client, **STAY)
    services = client.app_state["services"]
    hurried = replace(services, guards=replace(services.guards, allowance=Allowance(0.1, {})))
    await session.execute(text("LOCK TABLE listings IN ACCESS EXCLUSIVE MODE"))
    client.app_state["services"] = hurried
    for _ in range(AT_ONCE):
        answer = client.get("/v1/search", params={"market": "lisbon", **STAY})
        assert (answer.status_code, answer.json()["type"]) in {(503, "/problems/service-unavailable"), BUSY}
        assert answer.headers["Retry-After"]
    await session.rollback()
    client.app_state["services"] = services
    eventually(lambda: len(services.guards.reading) == len(services.guards.confirming) == 0)
    after = search(client, **STAY)
    assert [result["listing_id"] for result in after["results"]] == [r["listing_id"] for r in before["results"]]
    assert 'lodestay_search_without_total{step="retrieve_from_database",why="late"}' in client.get("/metrics").text


BUSY = (503, "/problems/too-busy")
"""Where those before are still being stopped."""
