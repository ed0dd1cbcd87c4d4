"""Latency of whole searches over HTTP at city size, beside the same API with PostgreSQL alone."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from time import perf_counter
from typing import Any

import httpx2
import numpy as np

from bench.report import Figure, Latency, latency
from lodestay.errors import ServiceUnavailable
from lodestay.local.ports import free_port
from lodestay.settings import get_settings
from search.request import MAX_TEXT
from warehouse.runner import open_warehouse

WARM_UP, TAKEN, TAKEN_SLOW = 30, 300, 40
TITLES = 100
SEED = 20261122
CLOSED = "http://127.0.0.1:9"
"""Nobody listens on the discard port: OpenSearch is down for the process that is told this address."""

NOTES = """
A request is a whole search of one city over HTTP: dates, two to four guests, a filter or two, facets, price
histogram, ranking of up to 500 candidates, confirmation of the page against PostgreSQL, event log. Client and
services share the cores. Requests are seeded and differ from the warm-up's. The alternative is the same API told that
OpenSearch is down and that holds no columns, on the same requests. A title is one that a single listing of the
city has; answers that come late, without the words, count as they are.
"""


def measure() -> list[Figure]:
    """Fire the same seeded requests at the API and at one that has PostgreSQL alone."""
    settings = get_settings()
    if settings.api_url is None:
        raise ServiceUnavailable("The API is not up.", hint="Run `make demo` or `lodestay up` first.")
    market, size = _largest_market(settings.lake)
    requests = list(_requests(market, count=WARM_UP + TAKEN))
    ours = latency(_fire(str(settings.api_url), requests, warm_up=WARM_UP))
    written = _written(str(settings.api_url), market)
    with _api_without_index() as address:
        theirs = latency(_fire(address, requests[: WARM_UP // 3 + TAKEN_SLOW], warm_up=WARM_UP // 3))
    where = f"{market}, {size:,} listings"
    return [
        Figure(f"search over HTTP, p50 ({where})", "ms", ours.p50, theirs.p50, "answered from PostgreSQL"),
        Figure(f"search over HTTP, p99 ({where})", "ms", ours.p99, theirs.p99, "answered from PostgreSQL"),
        Figure(f"a listing's whole title, typed: it is first ({TITLES} titles)", "%", written.first, None, None),
        Figure("search with a title, p50", "ms", written.took.p50, written.took.p99, "p99"),
    ]


@dataclass(frozen=True)
class _Written:
    """What searches with a title come to: per cent of those whose listing is first, and what they take."""

    first: float
    took: Latency


def _written(address: str, market: str) -> _Written:
    """Type titles of listings of a market, without dates."""
    first, seconds = 0, []
    with httpx2.Client(base_url=address, timeout=30) as client:
        titles = _titles(client, market)
        for number, (title, listing_id) in enumerate(titles):
            started = perf_counter()
            answer = client.get("/v1/search", params={"market": market, "text": title[:MAX_TEXT]}).raise_for_status()
            if number >= len(titles) - TITLES:  # the others warm up
                seconds.append(perf_counter() - started)
                first += answer.json()["results"][0]["listing_id"] == listing_id
    return _Written(100 * first / len(seconds), latency(seconds))


def _titles(client: httpx2.Client, market: str) -> list[tuple[str, int]]:
    """Titles and who bears them, one listing alone of those looked at, in an order of no meaning."""
    bearers: dict[str, set[int]] = {}
    for sort in ("price", "-price", "-rating", "distance"):
        for page in range(1, 11):
            asked = {"market": market, "sort": sort, "page": page, "page_size": 50}
            for result in client.get("/v1/search", params=asked).raise_for_status().json()["results"]:
                bearers.setdefault(result["title"], set()).add(result["listing_id"])
    alone = [(title, ids.pop()) for title, ids in sorted(bearers.items()) if len(ids) == 1]
    order = np.random.default_rng(SEED).permutation(len(alone))
    return [alone[place] for place in order[: TITLES + TITLES // 10].tolist()]


def _largest_market(lake: str) -> tuple[str, int]:
    with open_warehouse(lake) as warehouse:
        row = warehouse.execute(
            "SELECT market, count(*) FROM staging.stg_listings WHERE is_active GROUP BY 1 ORDER BY 2 DESC LIMIT 1"
        ).fetchone()
    if row is None:
        raise ServiceUnavailable("The lake has no listings.", hint="Run `make demo` first.")
    return str(row[0]), int(row[1])


def _requests(market: str, *, count: int) -> Iterator[dict[str, Any]]:
    """Draw searches of a city, each of its own dates, party and filters."""
    rng = np.random.default_rng(SEED)
    today = datetime.now(UTC).date()
    for _ in range(count):
        check_in: date = today + timedelta(days=int(rng.integers(3, 150)))
        request: dict[str, Any] = {
            "market": market,
            "check_in": check_in.isoformat(),
            "check_out": (check_in + timedelta(days=int(rng.choice([2, 3, 4, 7, 30])))).isoformat(),
            "guests": int(rng.integers(2, 5)),
        }
        if rng.random() < 0.5:
            request["amenity"] = ["wifi"]
        if rng.random() < 0.3:
            request["room_type"] = ["entire_home"]
        yield request


def _fire(address: str, requests: list[dict[str, Any]], *, warm_up: int) -> list[float]:
    """Seconds of each request after the warm-up, one after the other."""
    seconds = []
    with httpx2.Client(base_url=address, timeout=30) as client:
        for number, request in enumerate(requests):
            started = perf_counter()
            client.get("/v1/search", params=request).raise_for_status()
            if number >= warm_up:
                seconds.append(perf_counter() - started)
    return seconds


@contextmanager
def _api_without_index() -> Iterator[str]:
    """Run an API whose OpenSearch is down, until the block ends."""
    port = free_port(None)
    command = [
        sys.executable,
        "-m",
        "uvicorn",
        "serving.app:create_app",
        "--factory",
        "--port",
        str(port),
        "--log-level",
        "error",
    ]
    environment = os.environ | {
        "LODESTAY_OPENSEARCH_URL": CLOSED,
        "LODESTAY_SEARCH_COLUMNS": "false",
        "LODESTAY_SEARCH_TIMEOUT_MS": "10000",  # so that it looks at all listings, as the other does
    }
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)  # noqa: S603 - our own service
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_for(address)
        yield address
    finally:
        process.terminate()
        process.wait(timeout=20)


def _wait_for(address: str) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            httpx2.get(f"{address}/healthz", timeout=2)
        except httpx2.HTTPError:
            time.sleep(0.3)
        else:
            return
    raise ServiceUnavailable("The API to compare with did not start.", hint="Look at its messages above.")
