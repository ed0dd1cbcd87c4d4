"""A PostgreSQL that does not answer: reads give up in their time, and leave nothing behind."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from lodestay.clock import FixedClock
from lodestay.settings import Settings
from serving.app import create_app
from serving.search.budget import Allowance
from tests.serving.conftest import no_cities
from tests.serving.marketplace import Marketplace
from tests.serving.proxy import Proxy, proxy_to
from tests.serving.test_bookings import STAY, SignIn
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


@pytest.fixture
def freezing(postgres: str) -> Iterator[Proxy]:
    """A way to PostgreSQL that takes everything and answers nothing, when it is told to."""
    with proxy_to(postgres) as proxy:
        yield proxy


@pytest.fixture
def impatient(
    settings: Settings, clock: FixedClock, freezing: Proxy, marketplace: Marketplace, monkeypatch: pytest.MonkeyPatch
) -> Iterator[TestClient]:
    """A client of an application behind the proxy; what is read must be answered in a second."""
    monkeypatch.setattr("serving.app.READ_SECONDS", 0.9)
    monkeypatch.setattr("serving.search.markets.KEPT_SECONDS", 0.0)
    monkeypatch.setattr("serving.health.service.PATIENCE_SECONDS", 0.2)
    address = urlsplit(settings.require_database_url())
    behind = address._replace(netloc=f"{address.username}:{address.password}@{freezing.url.removeprefix('http://')}")
    known = {"database_url": SecretStr(behind.geturl()), "search_timeout_ms": 500}
    with TestClient(create_app(settings.model_copy(update=known), clock, no_cities)) as client:
        yield client
        freezing.is_down = True  # whoever still waits hears that it is in vain


def test_a_frozen_database_keeps_no_reader_waiting(
    impatient: TestClient, freezing: Proxy, marketplace: Marketplace, signed_in: SignIn
) -> None:
    """Suggestions come all the same; whatever needs PostgreSQL is a 503 with the time to come again; metrics go on."""
    guest = signed_in(marketplace.guest)
    reads = [
        f"/v1/listings/{marketplace.loft}",
        f"/v1/listings/{marketplace.loft}/similar",
        f"/v1/listings/{marketplace.loft}/price-calendar?nights=2",
        "/v1/recently-viewed",
        "/v1/saved-searches",
    ]
    assert {path: impatient.get(path, headers=guest).status_code for path in reads} == dict.fromkeys(reads, 200)
    assert impatient.get("/v1/suggest", params={"q": "L", "market": "lisbon"}).status_code == 200
    freezing.is_silent = True
    suggested = impatient.get("/v1/suggest", params={"q": "L", "market": "lisbon"})
    assert (suggested.status_code, suggested.json()["items"][0]["text"]) == (200, "Lisbon")
    for path in reads:
        answer = impatient.get(path, headers=guest)
        assert (answer.status_code, answer.json()["type"]) == (503, "/problems/service-unavailable"), path
        assert answer.headers["Retry-After"]
        assert answer.json()["request_id"] == answer.headers["X-Request-ID"]
    assert impatient.get("/readyz").status_code == 503
    assert "lodestay_outbox_lag NaN" in impatient.get("/metrics").text
