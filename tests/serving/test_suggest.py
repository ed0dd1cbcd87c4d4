"""Suggestions over HTTP: from memory, kept up by the outbox, where the guest looks first."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fastapi.testclient import TestClient
from sqlalchemy.ext.asyncio import AsyncSession

from lodestay.clock import FixedClock
from lodestay.lake import mart
from lodestay.settings import Settings
from search import titles
from search.places import market_place
from search.request import Point
from search.suggest import NO_LISTINGS, Suggestion, SuggestionKind
from serving.app import create_app
from serving.suggest import shelf
from serving.suggest.schemas import SuggestionOut
from tests.serving.conftest import no_cities
from tests.serving.marketplace import Marketplace
from tests.serving.test_bookings import SignIn
from tests.serving.test_columns import eventually
from tests.transactional.factories import create_host, create_listing, create_market

OSLO = {"latitude": 59.91, "longitude": 10.75}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look for changes at once."""
    monkeypatch.setattr(shelf, "POLL_SECONDS", 0.02)
    monkeypatch.setattr(shelf, "LOOK_EVERY_SECONDS", 0.02)


def suggest(client: TestClient, typed: str, **where: Any) -> list[Any]:
    """Texts that are suggested."""
    answer = client.get("/v1/suggest", params={"q": typed, **where})
    assert answer.status_code == 200, answer.text
    assert answer.json()["degraded"] == []
    return [item["text"] for item in answer.json()["items"]]


def test_from_the_first_letter_on(client: TestClient, marketplace: Marketplace) -> None:
    """A place and a title that begin so, the place first; the title with its number."""
    assert suggest(client, "L") == ["Lisbon", "Loft by the river"]
    items = client.get("/v1/suggest", params={"q": "riv"}).json()["items"]
    assert [(item["kind"], item["listing_id"], item["market"]) for item in items] == [
        ("listing", marketplace.loft, "lisbon")
    ]


def test_a_name_in_another_language_is_written_down() -> None:
    """An app can show beside a place the name that was typed."""
    vienna = market_place(market="vienna", name="Vienna", country="AT", location=Point(48.2, 16.4), listings=9)
    found = Suggestion(SuggestionKind.MARKET, "Vienna", vienna, None, "vienna", "Wien")
    assert SuggestionOut.of(found).model_dump(include={"text", "matched", "market"}) == {
        "text": "Vienna",
        "matched": "Wien",
        "market": "vienna",
    }


def test_what_a_host_changes_is_known_in_a_moment(
    client: TestClient, marketplace: Marketplace, signed_in: SignIn
) -> None:
    """A listing off the market is suggested no more, and again when it is back."""
    headers, path = signed_in(marketplace.host), f"/v1/listings/{marketplace.loft}/active"
    for active in (False, True):
        assert client.put(path, headers=headers, json={"active": active}).status_code == 204
        eventually(lambda active=active: bool(suggest(client, "loft")) is active)


def test_after_many_changes_the_titles_are_read_anew(
    client: TestClient, marketplace: Marketplace, signed_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The table of what changed stays small: past its size everything is read again, and nothing is lost."""
    monkeypatch.setattr(titles, "MOST_CHANGED", 0)
    held = client.app_state["services"].suggestions.titles
    headers, path = signed_in(marketplace.host), f"/v1/listings/{marketplace.loft}/active"
    for active in (False, True):
        assert client.put(path, headers=headers, json={"active": active}).status_code == 204
    eventually(lambda: client.app_state["services"].suggestions.titles is not held)
    eventually(lambda: suggest(client, "loft") == ["Loft by the river"])


async def test_where_the_guest_looks_comes_first(
    session: AsyncSession, settings: Settings, clock: FixedClock, marketplace: Marketplace
) -> None:
    """The market named, else the nearest of those around; a point far from all says nothing of listings."""
    oslo = await create_market(session, market_key="oslo", name="Oslo", **OSLO)
    await create_listing(session, market=oslo, host=await create_host(session), title="Loft in the woods")
    await session.commit()
    with TestClient(create_app(settings, clock, no_cities)) as client:
        at_home, away = ["Loft by the river", "Loft in the woods"], ["Loft in the woods", "Loft by the river"]
        assert suggest(client, "loft", market="lisbon") == at_home
        assert suggest(client, "loft", market="oslo") == away
        assert suggest(client, "loft", **OSLO) == away
        assert suggest(client, "loft", latitude=38.7, longitude=-9.1) == at_home
        assert suggest(client, "loft", latitude=-80, longitude=0) == at_home
        assert suggest(client, "loft", market="lisbon", **OSLO) == at_home


@pytest.fixture
def popular(settings: Settings, clock: FixedClock, marketplace: Marketplace) -> Iterator[TestClient]:
    """A client of an application whose lake has popular searches."""
    write_popular(settings.lake, "lofty dreams")
    with TestClient(create_app(settings, clock, no_cities)) as client:
        yield client


def write_popular(lake: str, *asked: str) -> None:
    """Write the mart: wishes, one that never found anything, and one of many visits that may be one person's."""
    usual = {"market": "lisbon", "visitors": 100, "signed_in": 10, "searches": 100, "searches_without_results": 3}
    unusual = [
        {"asked": "loft on the moon", "searches_without_results": 100},
        {"asked": "loft of my rival is bad", "signed_in": 9},
    ]
    rows = [usual | row for row in (*({"asked": text} for text in asked), *unusual)]
    folder = Path(mart("popular_searches").path(lake))
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows), folder / "part-0.parquet")


def test_what_many_asked_for_is_suggested(popular: TestClient, settings: Settings) -> None:
    """A popular search that finds something stands before titles; a newer mart takes the old one's place."""
    eventually(lambda: suggest(popular, "lof") == ["lofty dreams", "Loft by the river"])
    write_popular(settings.lake, "loft for two", "lofty dreams")
    eventually(lambda: suggest(popular, "loft for") == ["loft for two"])


def test_before_the_titles_are_read_places_answer(
    client: TestClient, marketplace: Marketplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An answer without listings says so."""
    monkeypatch.setattr(client.app_state["services"].suggestions, "_titles", None)
    monkeypatch.setattr(client.app_state["services"].suggestions, "_load", None)
    answer = client.get("/v1/suggest", params={"q": "l"}).json()
    assert [item["text"] for item in answer["items"]] == ["Lisbon"]
    assert answer["degraded"] == [NO_LISTINGS]


def test_bad_input_is_a_clear_problem(client: TestClient) -> None:
    """Nothing, 10,000 letters, half a point and a point beyond the pole are refused, and the field is named."""
    for asked in ({}, {"q": ""}, {"q": "x" * 10_000}, {"q": "x", "latitude": 1}, {"q": "x", "latitude": 91}):
        answer = client.get("/v1/suggest", params=asked)
        assert answer.status_code == 422, asked
        assert answer.json()["errors"]


def test_what_has_no_words_completes_to_nothing(client: TestClient, marketplace: Marketplace) -> None:
    """Blanks, control characters and emoji are no error."""
    for typed in (" ", "\x00", "🏖🏖", "\u202e", "%", "公" * 100):
        assert suggest(client, typed) == []


def test_an_unknown_market_is_named(client: TestClient, marketplace: Marketplace) -> None:
    """A market that there is not answers 404."""
    assert client.get("/v1/suggest", params={"q": "l", "market": "atlantis"}).status_code == 404
