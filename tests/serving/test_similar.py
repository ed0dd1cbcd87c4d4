"""Similar listings over HTTP, and how alike is alike."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from pydantic import HttpUrl

from lodestay.clock import FixedClock
from lodestay.settings import Settings
from serving.app import create_app
from serving.similar.rules import Traits, likeness
from serving.similar.service import NO_MEANING
from tests.serving.conftest import no_cities
from tests.serving.lacking import lacks
from tests.serving.marketplace import Marketplace
from tests.serving.proxy import Proxy, proxy_to
from tests.serving.test_bookings import STAY, SignIn, hold, quote

LOFT = Traits("entire_home", "loft", 4, 10_000)


def similar(client: TestClient, listing_id: int, **asked: Any) -> Any:
    """Ask for similar listings and expect an answer."""
    wish: dict[str, Any] = {**STAY, **asked}
    answer = client.get(f"/v1/listings/{listing_id}/similar", params=wish)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.fixture
def proxy(opensearch_url: str) -> Iterator[Proxy]:
    """A way to OpenSearch that can be cut."""
    with proxy_to(opensearch_url) as proxy:
        yield proxy


@pytest.mark.opensearch
def test_similar_listings_are_free_priced_and_explained_also_without_the_index(
    *,
    settings: Settings,
    clock: FixedClock,
    proxy: Proxy,
    index_alias: str,
    marketplace: Marketplace,
    signed_in: SignIn,
) -> None:
    """With the index meaning counts; without it the same listings are there at the same totals, and it is said."""
    known = {"opensearch_url": HttpUrl(proxy.url), "index_alias": index_alias, "search_timeout_ms": 10_000}
    with TestClient(create_app(settings.model_copy(update=known), clock, no_cities)) as client:
        found = similar(client, marketplace.loft)
        assert found["degraded"] == []
        results = {result["listing_id"]: result for result in found["results"]}
        assert set(results) == {marketplace.studio, marketplace.house_of_other_host}
        for listing_id, result in results.items():
            assert {"meaning", "place", "price", "type"} == {reason["code"] for reason in result["reasons"]}
            assert result["score"] == pytest.approx(sum(r["contribution"] for r in result["reasons"]), abs=1e-3)
            quoted = quote(client, signed_in(marketplace.guest), listing_id).json()
            assert result["price"]["total"] == quoted["total"]
            assert "proof" not in result
        proxy.is_down = True
        poorer = similar(client, marketplace.loft)
        assert lacks(poorer["degraded"], NO_MEANING)
        totals = {result["listing_id"]: result["price"] for result in poorer["results"]}
        assert totals == {listing_id: result["price"] for listing_id, result in results.items()}
        assert not any(r["code"] == "meaning" for result in poorer["results"] for r in result["reasons"])


def test_what_is_taken_is_not_similar_and_bad_wishes_are_refused(
    client: TestClient, marketplace: Marketplace, signed_in: SignIn
) -> None:
    """Held nights leave the answer; the nearest, likest is first; dates nobody can book and strangers are refused."""
    assert [r["listing_id"] for r in similar(client, marketplace.house_of_other_host)["results"]] == [
        marketplace.loft,
        marketplace.studio,
    ]
    assert len(similar(client, marketplace.house_of_other_host, size=1)["results"]) == 1
    hold(client, signed_in, marketplace.guest, marketplace.loft)
    taken = similar(client, marketplace.house_of_other_host)
    assert [r["listing_id"] for r in taken["results"]] == [marketplace.studio]
    undated = client.get(f"/v1/listings/{marketplace.house_of_other_host}/similar").json()
    assert [r["price"]["total"] for r in undated["results"]] == [None, None]
    for path, asked, kind in (
        ("/v1/listings/999999/similar", {}, "listing-not-found"),
        (
            f"/v1/listings/{marketplace.loft}/similar",
            {"check_in": "2026-06-01", "check_out": "2026-06-03"},
            "invalid-search",
        ),
        (
            f"/v1/listings/{marketplace.loft}/similar",
            {"check_in": "2028-06-01", "check_out": "2028-06-03"},
            "invalid-search",
        ),
        (f"/v1/listings/{marketplace.loft}/similar", {"check_in": "2026-06-25"}, "invalid-input"),
        (f"/v1/listings/{marketplace.loft}/similar", {"currency": "XXX"}, "no-exchange-rate"),
    ):
        assert client.get(path, params=asked).json()["type"] == f"/problems/{kind}"


TRAITS = st.builds(
    Traits,
    room_type=st.sampled_from(["entire_home", "private_room"]),
    property_type=st.sampled_from(["loft", "villa"]),
    accommodates=st.integers(1, 16),
    nightly_minor=st.one_of(st.none(), st.integers(1, 10**7)),
)


@given(TRAITS, TRAITS, st.one_of(st.none(), st.floats(-1, 1)), st.floats(0, 25), st.floats(0.1, 5))
def test_likeness_is_a_share_that_its_reasons_add_up_to(
    own: Traits, other: Traits, cosine: float | None, km: float, further: float
) -> None:
    """From 0 to 1, the whole of its reasons, 1 for the same thing in the same place, and less further away."""
    alike = likeness(own, other, cosine=cosine, distance_km=km)
    assert 0 <= alike.score <= 1 + 1e-9
    assert alike.score == pytest.approx(sum(reason.contribution for reason in alike.reasons))
    assert likeness(own, own, cosine=None if cosine is None else 1.0, distance_km=0).score == pytest.approx(1)
    assert likeness(own, other, cosine=cosine, distance_km=km + further).score < alike.score


def test_reasons_speak_of_what_differs() -> None:
    """In words, the weightiest first."""
    other = Traits("private_room", "shared_house", 2, 9_000)
    alike = likeness(LOFT, other, cosine=0.8, distance_km=1.24)
    assert {reason.code: reason.sentence for reason in alike.reasons} == {
        "meaning": "80 % alike in what it says of itself",
        "place": "1.2 km away",
        "price": "A night costs 10 % less",
        "type": "Another kind: shared house for 2",
    }
    assert alike.reasons[0].code == "meaning"
