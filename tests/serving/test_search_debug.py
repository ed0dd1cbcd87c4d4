"""`debug=true`: how an answer came about, and why a listing is not in it, for those whom it concerns."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from ml.ranking.features import FEATURES
from search.request import Filters
from serving.search.hindrances import named
from tests.serving.marketplace import Marketplace
from tests.serving.test_bookings import STAY, SignIn, hold
from tests.serving.test_search import logged, search


def debugged(client: TestClient, headers: dict[str, str], **asked: Any) -> Any:
    """What a search says of itself."""
    answer = client.get("/v1/search", params={"market": "lisbon", "debug": True, **STAY, **asked}, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()["debug"]


def test_an_administrator_sees_steps_counts_and_features(
    client: TestClient, marketplace: Marketplace, signed_in: SignIn, tmp_path: Path
) -> None:
    """Times and faults of each step, counts, and of each result what the ranker saw and made of it; nothing logged."""
    told = debugged(client, signed_in(marketplace.admin))
    steps = {step["step"]: step for step in told["steps"]}
    assert steps["confirm"]["milliseconds"] > 0
    assert steps["retrieve"]["missing"] == "failed"
    assert (told["found"], told["ordered"], told["dropped"], told["listing"]) == (3, 3, 0, None)
    assert [result["rank"] for result in told["results"]] == [1, 2, 3]
    for result in told["results"]:
        assert result["confirmed"]
        assert set(result["contributions"]) <= set(FEATURES)
        assert result["score"] == pytest.approx(sum(result["contributions"].values()))
        assert result["features"]["distance_km"] >= 0
    assert not logged(tmp_path), "nobody was shown this as a guest is"
    assert search(client, **STAY)["debug"] is None


def test_a_host_sees_their_own_listing_alone(client: TestClient, marketplace: Marketplace, signed_in: SignIn) -> None:
    """Its place, features and contributions, and those of no other."""
    told = debugged(client, signed_in(marketplace.host), debug_listing=marketplace.loft)
    assert [result["listing_id"] for result in told["results"]] == [marketplace.loft]
    assert told["listing"] == {"listing_id": marketplace.loft, "rank": told["results"][0]["rank"], "hindrances": []}


def test_others_see_nothing(client: TestClient, marketplace: Marketplace, signed_in: SignIn) -> None:
    """Nobody in particular, a guest, a host without a listing or with another's: each is told so."""
    asked = {"market": "lisbon", "debug": True}
    theirs = asked | {"debug_listing": marketplace.house_of_other_host}
    answers = [
        client.get("/v1/search", params=asked),
        client.get("/v1/search", params=asked, headers=signed_in(marketplace.guest)),
        client.get("/v1/search", params=theirs, headers=signed_in(marketplace.guest)),
        client.get("/v1/search", params=asked, headers=signed_in(marketplace.host)),
        client.get("/v1/search", params=theirs, headers=signed_in(marketplace.host)),
        client.get("/v1/search", params={"debug_listing": 1}, headers=signed_in(marketplace.admin)),
        client.get("/v1/search", params=asked | {"debug_listing": 10**9}, headers=signed_in(marketplace.admin)),
    ]
    assert [answer.status_code for answer in answers] == [401, 403, 403, 403, 403, 422, 404]


ASKED: tuple[tuple[dict[str, Any], list[str]], ...] = (
    ({"guests": 5}, ["guests"]),
    ({"room_type": "private_room"}, ["room_types"]),
    ({"amenity": ["wifi", "pool"]}, ["amenities"]),
    ({"max_price": 10}, ["max_price_minor"]),
    ({"min_bedrooms": 9, "min_rating": 4.9}, ["min_bedrooms", "min_rating"]),
    ({"bounds": "10,10,11,11"}, ["area"]),
    ({"check_in": "2026-08-01", "check_out": "2026-10-15"}, ["max_stay"]),
)


def test_each_thing_that_keeps_a_listing_out_is_named(
    client: TestClient, marketplace: Marketplace, signed_in: SignIn
) -> None:
    """Every part of the search that the loft does not meet, and no other."""
    for asked, rules in ASKED:
        told = debugged(client, signed_in(marketplace.host), debug_listing=marketplace.loft, **asked)
        why = told["listing"]
        assert why["rank"] is None
        assert [each["rule"] for each in why["hindrances"]] == rules
        assert all(each["sentence"] for each in why["hindrances"])
        assert "minor" not in str([each["sentence"] for each in why["hindrances"]]), "a price is a price to a host"


def test_every_filter_is_spoken_of_in_the_guests_terms() -> None:
    """Every filter has a sentence of its own, without the name of its field."""
    for filtered in fields(Filters):
        assert "_" not in named(filtered.name).sentence


async def test_what_the_host_did_keeps_it_out_too(
    client: TestClient, marketplace: Marketplace, signed_in: SignIn, session: AsyncSession
) -> None:
    """Nights that somebody has, with the nights; a listing off the market; one without prices."""
    owner = signed_in(marketplace.host)
    hold(client, signed_in, marketplace.guest, marketplace.loft)
    (taken,) = debugged(client, owner, debug_listing=marketplace.loft)["listing"]["hindrances"]
    assert (taken["rule"], taken["nights"]) == ("nights_taken", ["2026-06-25", "2026-06-26", "2026-06-27"])
    assert taken["sentence"] == "Somebody has the nights of 2026-06-25, 2026-06-26, 2026-06-27."
    await session.execute(text("UPDATE listings SET is_active = false"))
    await session.execute(text("DELETE FROM rate_plans WHERE listing_id = :id"), {"id": marketplace.studio})
    await session.commit()
    off = debugged(client, owner, debug_listing=marketplace.loft)["listing"]["hindrances"]
    assert [each["rule"] for each in off] == ["inactive", "nights_taken"]
    bare = debugged(client, owner, debug_listing=marketplace.studio)["listing"]["hindrances"]
    assert [each["rule"] for each in bare] == ["inactive", "no_rate_plan"]
