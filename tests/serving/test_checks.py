"""What a search cannot mean is refused, with the way out; what was saved before is still read."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

from search.today import Today
from serving.saved_searches.stored import new_search, request_of
from serving.search.checks import CLOSED, refuse_senseless
from serving.search.places import Where
from serving.search.schemas import SearchQuery
from tests.serving.marketplace import Marketplace
from tests.serving.test_bookings import SignIn
from tests.transactional.factories import TODAY

UNKNOWN: list[tuple[dict[str, str], str]] = [
    ({"amenity": "teleporter"}, "facets"),
    ({"amenity": "ballcony"}, "balcony"),
    ({"room_type": "castle"}, "entire_home"),
    ({"category": "veiws"}, "views"),
    ({"allows": "dragons"}, "pets"),
    ({"accessibility": "step-free"}, "step_free"),
    ({"cancellation_policy": "Flexibel"}, "flexible"),
    ({"host_language": "klingon"}, "ISO 639-1"),
]


@pytest.mark.parametrize(("asked", "hinted"), UNKNOWN)
def test_a_value_that_no_listing_can_have_is_refused(
    *, asked: dict[str, str], hinted: str, client: TestClient, marketplace: Marketplace, signed_in: SignIn
) -> None:
    """Search, price calendar and saving a search name the parameter and the value, and hint at those like it."""
    ((parameter, value),) = asked.items()
    params = {"market": "lisbon", **asked}
    body = {"name": "One", "search": {"market": "lisbon", parameter: [value]}}
    for answer in (
        client.get("/v1/search", params=params),
        client.get("/v1/search/price-calendar", params=params),
        client.post("/v1/saved-searches", json=body, headers=signed_in(marketplace.guest)),
    ):
        problem = answer.json()
        assert (answer.status_code, problem["type"]) == (422, "/problems/invalid-search"), problem
        assert f"`{parameter}`" in problem["detail"]
        assert value in problem["detail"]
        assert hinted in problem["hint"]
        assert (problem["parameter"], problem["value"]) == (parameter, value)


def test_every_known_value_is_taken(client: TestClient, marketplace: Marketplace) -> None:
    """The control: no value of a vocabulary is refused, and nothing of the open ones is."""
    for parameter, known in CLOSED.items():
        for value in known:
            refuse_senseless(SearchQuery.model_validate({parameter: [value]}))
    asked = {"market": "lisbon", "property_type": "moon base", "neighbourhood": "Nowhere", "host_language": "gsw"}
    assert client.get("/v1/search", params=asked).status_code == 200


def test_a_radius_around_nothing_is_refused(client: TestClient, marketplace: Marketplace) -> None:
    """It would be passed over beside a place, and alone; with a centre it counts."""
    for asked in ({"radius_km": 5}, {"radius_km": 5, "place": "Lisbon"}, {"radius_km": 5, "market": "lisbon"}):
        answer = client.get("/v1/search", params=asked)
        assert answer.status_code == 422
        assert "latitude and longitude" in answer.json()["hint"]
    around = {"latitude": 38.72, "longitude": -9.14, "radius_km": 5}
    assert client.get("/v1/search", params=around).status_code == 200


def test_a_radius_that_a_form_fills_in_is_no_wish(client: TestClient, marketplace: Marketplace) -> None:
    """The default, which "Try it out" in /docs sends with every search, says nothing without a centre."""
    default = SearchQuery.model_fields["radius_km"].default
    assert client.get("/v1/search", params={"market": "lisbon", "radius_km": default}).status_code == 200


def test_what_was_saved_before_is_still_read() -> None:
    """A stored search with a value that would be refused today is asked as it was, and ends nothing."""
    query = SearchQuery(market="lisbon", amenity=["teleporter"], host_language=["klingon"], radius_km=5)
    where, today = Where(None, "lisbon", None, None, "Europe/Lisbon", "EUR", None), Today(TODAY)
    asked = request_of(new_search("Old", query, where, today=today), {}, today=today)
    assert (asked.filters.amenities, asked.filters.host_languages) == ({"teleporter"}, {"klingon"})


WORDS: list[tuple[dict[str, Any], str, str]] = [
    ({"min_price": "500", "max_price": "100"}, "lowest price 500.00 EUR is above the highest 100.00 EUR", "Swap"),
    ({"amenty": "wifi"}, "amenty: Not known here", "Did you mean `amenity`?"),
    ({"chek_in": "2026-07-01"}, "chek_in: Not known here", "`check_in`"),
    ({"xyzzy": "1"}, "xyzzy: Not known here", "See `errors`"),
]


@pytest.mark.parametrize(("asked", "said", "hinted"), WORDS)
def test_a_refusal_speaks_as_the_caller_does(
    *, asked: dict[str, Any], said: str, hinted: str, client: TestClient, marketplace: Marketplace
) -> None:
    """Amounts in the units they were sent in, and parameters that are written like the one that is not known."""
    problem = client.get("/v1/search", params={"market": "lisbon", **asked}).json()
    fields = [f"{each['field']}: {each['message']}" for each in problem.get("errors", ())]
    assert said in " ".join([problem["detail"], *fields])
    assert hinted in problem["hint"]


def test_an_unknown_field_of_a_body_is_hinted_at_where_it_stands(
    client: TestClient, marketplace: Marketplace, signed_in: SignIn
) -> None:
    """Inside the search of a saved search the names are those of a search, at the top those of the body."""
    for body, hinted in (
        ({"name": "One", "search": {"amenty": ["wifi"]}}, "`amenity`"),
        ({"nam": "One", "search": {}}, "`name`"),
    ):
        answer = client.post("/v1/saved-searches", json=body, headers=signed_in(marketplace.guest))
        assert answer.status_code == 422
        assert hinted in answer.json()["hint"]
