"""Search over HTTP on a real index and a real database."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest
from fastapi.testclient import TestClient

from tests.serving.marketplace import Marketplace
from tests.serving.test_bookings import STAY, SignIn, hold, quote

pytestmark = pytest.mark.opensearch


def search(client: TestClient, **asked: Any) -> Any:
    """Search and expect an answer."""
    answer = client.get("/v1/search", params={"market": "lisbon", **asked})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_search_ranks_prices_and_explains(searching: TestClient, marketplace: Marketplace) -> None:
    """Every listing that takes the stay is there, with PostgreSQL's total, a distance and reasons."""
    answer = search(searching, **STAY)
    assert answer["total_count"] == 3
    assert [result["rank"] for result in answer["results"]] == [1, 2, 3]
    assert all(result["reasons"] and result["distance_km"] is not None for result in answer["results"])
    assert answer["ranker"] == "baseline"
    assert any("ranking model" in words for words in answer["degraded"])


def test_a_stay_that_has_begun_before_today_is_refused(searching: TestClient, marketplace: Marketplace) -> None:
    """Yesterday where the guest looks cannot be booked, and the answer says so; today can."""
    asked = {"market": "lisbon", "guests": 2}
    past = searching.get("/v1/search", params=asked | {"check_in": "2026-06-14", "check_out": "2026-06-17"})
    assert past.status_code == 422
    assert "2026-06-14 has passed" in past.json()["detail"]
    search(searching, check_in="2026-06-15", check_out="2026-06-17")


def test_the_total_of_a_result_is_the_total_of_its_quote(
    searching: TestClient, marketplace: Marketplace, signed_in: SignIn
) -> None:
    """What search shows is what a quote says, to the cent, fees and taxes included."""
    for result in search(searching, **STAY)["results"]:
        quoted = quote(searching, signed_in(marketplace.guest), result["listing_id"]).json()
        assert result["price"]["charged"] == result["price"]["total"] == quoted["total"]


def test_nights_that_somebody_has_are_not_offered(
    searching: TestClient, marketplace: Marketplace, signed_in: SignIn
) -> None:
    """A booking that the index has not heard of yet is taken off the page by PostgreSQL."""
    hold(searching, signed_in, marketplace.guest, marketplace.loft)
    shown = [result["listing_id"] for result in search(searching, **STAY)["results"]]
    assert sorted(shown) == sorted([marketplace.studio, marketplace.house_of_other_host])


def test_a_price_that_changed_is_held_to_what_was_asked_for(
    searching: TestClient, marketplace: Marketplace, signed_in: SignIn
) -> None:
    """A listing that became dearer than the guest wants, which the index has not heard of yet, is not shown."""
    total = {r["listing_id"]: r["price"]["total"]["minor"] for r in search(searching, **STAY)["results"]}
    most = total[marketplace.loft] // 100 + 1
    assert marketplace.loft in [r["listing_id"] for r in search(searching, **STAY, max_price=most)["results"]]
    nights = {"from": STAY["check_in"], "to": STAY["check_out"]}
    edit = {"ranges": [nights], "set": {"price_minor": 999_900}}
    path = f"/v1/listings/{marketplace.loft}/calendar/nights"
    assert searching.patch(path, headers=signed_in(marketplace.host), json=edit).status_code == 200
    shown = search(searching, **STAY, max_price=most)["results"]
    assert marketplace.loft not in [result["listing_id"] for result in shown]
    assert all(result["price"]["total"]["minor"] <= most * 100 for result in shown)
    assert marketplace.loft in [r["listing_id"] for r in search(searching, **STAY)["results"]]


def test_filters_facets_and_sort(searching: TestClient, marketplace: Marketplace) -> None:
    """A ticked facet narrows the results and leaves its own counts whole; a price order is exact."""
    answer = search(searching, **STAY, room_type="entire_home", sort="-price")
    assert [result["listing_id"] for result in answer["results"]] == [
        marketplace.house_of_other_host,
        marketplace.loft,
    ]
    counts = {value["value"]: value["count"] for value in answer["facets"]["room_type"]}
    assert counts == {"entire_home": 2, "private_room": 1}
    assert answer["ranker"] == "sort:-price"


def logged(home: Path) -> list[Any]:
    """Events of the log."""
    files = (home / "lake" / "raw" / "events").rglob("*.jsonl")
    return [orjson.loads(line) for file in files for line in file.read_text(encoding="utf-8").splitlines()]


def test_words_are_understood_across_languages(searching: TestClient, marketplace: Marketplace, tmp_path: Path) -> None:
    """A German wish is closest in meaning to the English listing that fits it best."""
    answer = search(searching, text="Haus mit Garten", **STAY)
    assert not any("meaning" in words for words in answer["degraded"])
    closeness = {shown["features"]["vector_score"]: shown["listing_id"] for shown in logged(tmp_path)[0]["results"]}
    assert closeness[max(closeness)] == marketplace.house_of_other_host


def test_pages_do_not_overlap(searching: TestClient, marketplace: Marketplace) -> None:
    """Pages of one partition the results; a page behind the last is empty."""
    pages = [search(searching, page=page, page_size=1)["results"] for page in (1, 2, 3, 4)]
    assert [len(page) for page in pages] == [1, 1, 1, 0]
    assert len({page[0]["listing_id"] for page in pages[:3]}) == 3


def test_what_was_shown_is_logged_with_what_the_ranker_saw(
    searching: TestClient, marketplace: Marketplace, tmp_path: Path, signed_in: SignIn
) -> None:
    """The log has the page as shown, the features used, a pseudonym, and nobody's id."""
    answer = searching.get(
        "/v1/search", params={"market": "lisbon", **STAY}, headers=signed_in(marketplace.guest)
    ).json()
    (event,) = logged(tmp_path)
    assert event["search_id"] == answer["search_id"]
    shown = [(each["listing_id"], each["position"], each["total_minor"]) for each in event["results"]]
    assert shown == [(r["listing_id"], r["rank"], r["price"]["total"]["minor"]) for r in answer["results"]]
    assert event["results"][0]["features"]["guests"] == 2
    assert event["guest_key"]
    assert str(marketplace.guest.user_id) not in str(event)


def test_a_polygon_is_searched(searching: TestClient, marketplace: Marketplace) -> None:
    """Only what lies inside is found, with a distance from its middle."""
    everything = search(searching, **STAY)["results"]
    loft = next(result for result in everything if result["listing_id"] == marketplace.loft)
    latitude, longitude = loft["latitude"], loft["longitude"]

    def drawn(*corners: tuple[float, float]) -> str:
        return ";".join(f"{latitude + north},{longitude + east}" for north, east in corners)

    found = search(searching, polygon=drawn((0.02, 0), (-0.02, 0.02), (-0.01, 0), (-0.02, -0.02)), **STAY)
    assert {result["listing_id"] for result in found["results"]} == {marketplace.loft, marketplace.studio}
    assert all(result["distance_km"] < 1.5 for result in found["results"])
    # The same box, but the homes lie in the bay.
    beside = search(searching, polygon=drawn((0.02, -0.02), (-0.01, 0), (0.02, 0.02), (-0.02, 0)), **STAY)
    assert beside["total_count"] == 0


@pytest.mark.parametrize(
    ("polygon", "words"),
    [
        ("38.7,-9.1;38.8,-9.1", "2 points"),
        ("38.7,-9.1;38.8", "Point 2 of `polygon`"),
        ("38.7,-9.1;38.8,west;38.7,-9.0", "Point 2 of `polygon`"),
        ("38.7,-9.1;38.8,-9.0;38.8,-9.1;38.7,-9.0", "crosses or touches itself"),
        ("38.7,-9.1;98.8,-9.0;38.8,-9.1", "no place on Earth"),
        (";".join(f"{38 + n / 1000},-9.1" for n in range(101)), "101 points"),
    ],
)
def test_what_is_no_polygon_is_told(client: TestClient, marketplace: Marketplace, polygon: str, words: str) -> None:
    """Each way to go wrong has its own words."""
    answer = client.get("/v1/search", params={"polygon": polygon})
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/invalid-search")
    assert words in answer.json()["detail"]


def test_a_polygon_has_a_size_and_stands_alone(client: TestClient, marketplace: Marketplace) -> None:
    """A text that no hundred corners need is refused unread, and so is a second area."""
    for asked in ({"polygon": "1,1;" * 1_001}, {"polygon": "1,1;2,2;2,1", "bounds": "1,1,2,2"}):
        assert client.get("/v1/search", params=asked).status_code == 422


def test_facets_of_what_listings_have(searching: TestClient, marketplace: Marketplace) -> None:
    """Categories, languages and numbers are counted without their own filter; what they leave is what they said."""
    whole = search(searching, **STAY)["facets"]
    assert whole["category"] == [{"value": "pools", "count": 1, "selected": False}]
    assert {value["value"]: value["count"] for value in whole["host_language"]} == {"en": 3, "pt": 3}
    for name, asked in (("category", "pools"), ("host_language", "pt"), ("min_bedrooms", "1"), ("min_rating", "4.8")):
        told = next(value["count"] for value in whole[name] if value["value"] == asked)
        narrowed = search(searching, **STAY, **{name: asked})
        assert narrowed["total_count"] == told
        assert [value["count"] for value in narrowed["facets"][name]] == [value["count"] for value in whole[name]]
