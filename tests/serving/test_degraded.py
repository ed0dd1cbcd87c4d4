"""What search does while services are away: poorer, said so, never a failure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from fastapi.testclient import TestClient
from pydantic import HttpUrl

from lodestay.clock import FixedClock
from lodestay.settings import Settings
from serving.app import create_app
from serving.models import NO_MEANING
from serving.search.retrieval import NO_ENGINE
from serving.search.service import NO_RANKING, NO_REASONS
from serving.search.steps import FAILED
from tests.serving.conftest import no_cities
from tests.serving.lacking import lacks
from tests.serving.marketplace import Marketplace
from tests.serving.proxy import Proxy, proxy_to
from tests.serving.test_bookings import STAY, SignIn, hold
from tests.serving.test_search import search

pytestmark = pytest.mark.opensearch


@pytest.fixture
def proxy(opensearch_url: str) -> Iterator[Proxy]:
    """A way to OpenSearch that can be cut."""
    with proxy_to(opensearch_url) as proxy:
        yield proxy


@pytest.fixture
def cuttable(settings: Settings, clock: FixedClock, proxy: Proxy, index_alias: str) -> Iterator[TestClient]:
    """An application that reaches OpenSearch through the proxy."""
    known = {"opensearch_url": HttpUrl(proxy.url), "index_alias": index_alias, "search_timeout_ms": 10_000}
    with TestClient(create_app(settings.model_copy(update=known), clock, no_cities)) as client:
        yield client


def essence(answer: dict[str, object]) -> object:
    """What must be the same whoever answered: which listings, at which totals, with which counts."""
    results = answer["results"]
    assert isinstance(results, list)
    prices = {result["listing_id"]: result["price"] for result in results}
    return answer["total_count"], prices, answer["facets"], answer["histogram"]


@pytest.mark.parametrize("dates", [STAY, {"guests": 2}], ids=["for a stay", "without dates"])
def test_without_opensearch_the_database_answers_the_same(
    dates: dict[str, object], cuttable: TestClient, proxy: Proxy, marketplace: Marketplace
) -> None:
    """OpenSearch gone: the same listings, totals and counts, and `degraded` says why the order may be poorer.

    Without dates a night costs the median of the free ones, which for the house is not its base price.
    """
    asked = dates | {"room_type": "entire_home"}
    well = search(cuttable, **asked)
    assert not lacks(well["degraded"], NO_ENGINE)
    proxy.is_down = True
    degraded = search(cuttable, **asked)
    assert lacks(degraded["degraded"], NO_ENGINE)
    assert essence(degraded) == essence(well)
    assert len(well["results"]) == 2
    proxy.is_down = False
    assert not lacks(search(cuttable, **asked)["degraded"], NO_ENGINE)


def test_a_silent_opensearch_is_given_up(
    settings: Settings, clock: FixedClock, proxy: Proxy, index_alias: str, marketplace: Marketplace
) -> None:
    """A node that takes requests and never answers costs the time that a search has; suggestions do without."""
    known = {"opensearch_url": HttpUrl(proxy.url), "index_alias": index_alias, "search_timeout_ms": 1_500}
    with TestClient(create_app(settings.model_copy(update=known), clock, no_cities)) as client:
        proxy.is_silent = True
        assert lacks(search(client, **STAY)["degraded"], NO_ENGINE)
        suggestions = client.get("/v1/suggest", params={"q": "Lisb"}).json()
    assert suggestions["items"][0]["market"] == "lisbon"
    assert suggestions["degraded"] == []


@dataclass
class Broken:
    """Stands in for an embedder, a ranker or an engine, and fails in one of their methods."""

    inner: Any
    method: str

    def __getattr__(self, name: str) -> Any:
        if name == self.method:
            raise ZeroDivisionError(name)
        return getattr(self.inner, name)


@pytest.mark.parametrize(
    ("part", "method", "words"),
    [
        ("embedder", "embed_query", NO_MEANING),
        ("ranker", "score", NO_RANKING[FAILED]),
        ("ranker", "explain", NO_REASONS[FAILED]),
    ],
)
def test_a_step_that_fails_makes_the_answer_poorer_and_no_error(
    *,
    part: str,
    method: str,
    words: str,
    searching: TestClient,
    marketplace: Marketplace,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Embedding, scoring or explaining raises: the same listings at the same totals, and `degraded` names the step."""
    asked = STAY | {"text": "a garden", "sort": "relevance"}
    well = search(searching, **asked)
    assert words not in well["degraded"]
    services = searching.app_state["services"]
    broken = replace(services.models.current, **{part: Broken(getattr(services.models.current, part), method)})
    monkeypatch.setattr(services.models, "_current", broken)
    poorer = search(searching, **asked)
    assert poorer["degraded"].count(words) == 1
    assert essence(poorer) == essence(well)
    assert all(bool(result["reasons"]) is (method == "embed_query") for result in poorer["results"])


def unreadable(*_args: object) -> None:
    """Fail as on an answer of another shape."""
    raise KeyError("hits")


def test_an_answer_of_the_engine_that_cannot_be_read_is_none(
    searching: TestClient, marketplace: Marketplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the engine fails with, PostgreSQL answers."""
    well = search(searching, **STAY)
    monkeypatch.setattr("search.engine.retrieved", unreadable)
    poorer = search(searching, **STAY)
    assert lacks(poorer["degraded"], NO_ENGINE)
    assert essence(poorer) == essence(well)


def test_without_any_address_search_answers_and_bookings_count(
    client: TestClient, marketplace: Marketplace, signed_in: SignIn
) -> None:
    """Without OpenSearch configured at all, search, suggestions and readiness say so; held nights are not offered."""
    hold(client, signed_in, marketplace.guest, marketplace.loft)
    answer = search(client, **STAY)
    assert lacks(answer["degraded"], NO_ENGINE)
    assert answer["total_count"] == 2
    ready = client.get("/readyz")
    states = {part["name"]: part["state"] for part in ready.json()["dependencies"]}
    assert ready.status_code == 200
    assert (states["postgresql"], states["opensearch"], states["ranking model"]) == ("up", "down", "degraded")


def test_without_postgresql_the_answer_is_a_503_that_says_so(settings: Settings, clock: FixedClock) -> None:
    """PostgreSQL is the truth: without it there is no answer, and no traceback either."""
    nowhere = settings.model_copy(
        update={"database_url": type(settings.database_url)("postgresql://a:b@127.0.0.1:1/c")}
    )
    with TestClient(create_app(nowhere, clock, no_cities)) as client:
        answer = client.get("/v1/search")
        assert (answer.status_code, answer.json()["type"]) == (503, "/problems/service-unavailable")
        assert answer.headers["Retry-After"]
        assert client.get("/readyz").status_code == 503
        assert client.get("/healthz").status_code == 200
        assert "lodestay_outbox_lag NaN" in client.get("/metrics").text
