"""Pages by cursor: the order as it was, whatever happens meanwhile and whoever answers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from lodestay.clock import FixedClock
from serving.app import create_app
from serving.search.cursor import InvalidSearchCursor, Order, SearchCursorExpired, seal, unseal
from serving.search.schemas import MAX_CURSOR, SearchQuery
from tests.serving.conftest import no_cities
from tests.serving.marketplace import Marketplace
from tests.serving.test_bookings import STAY, SignIn, hold
from tests.serving.test_search import logged, search
from tests.transactional.factories import create_listing

KEY = "a key"
ENDS = datetime(2026, 6, 15, 10, tzinfo=UTC)
BEFORE = ENDS - timedelta(minutes=1)
QUERY = SearchQuery(market="lisbon", guests=2, amenity=["wifi"])
ORDERS = st.builds(
    Order,
    ranker=st.text(max_size=40),
    shown=st.integers(0, 499),
    listing_ids=st.lists(st.integers(1, 2**63 - 1) | st.integers(1, 10**6), max_size=500).map(tuple),
    ends_at=st.just(ENDS),
)


@settings(max_examples=40)
@given(ORDERS)
def test_an_order_is_read_back(order: Order) -> None:
    """Whatever it holds, the text is short enough to be sent back and means the same."""
    cursor = seal(order, QUERY, key=KEY)
    assert len(cursor) <= MAX_CURSOR
    assert unseal(cursor, QUERY, key=KEY, now=BEFORE) == order


def test_five_hundred_listings_of_ten_million_are_two_thousand_characters() -> None:
    """What a page's answer grows by, of some forty thousand."""
    order = Order("ranking@3", 20, tuple(range(9_000_000, 9_000_480)), ENDS)
    assert len(seal(order, QUERY, key=KEY)) < 2_000


@settings(max_examples=40)
@given(ORDERS, st.data())
def test_nobody_else_can_make_or_change_one(order: Order, data: st.DataObject) -> None:
    """Another character anywhere, a part of one, another key: none is taken, and none is an error of ours."""
    cursor = seal(order, QUERY, key=KEY)
    place = data.draw(st.integers(0, len(cursor) - 2))  # the last may hold bits that mean nothing
    other = data.draw(st.sampled_from("Ab0-_ é").filter(lambda c: c != cursor[place]))
    for bad in (cursor[:place] + other + cursor[place + 1 :], cursor[:place], seal(order, QUERY, key="another")):
        with pytest.raises(InvalidSearchCursor):
            unseal(bad, QUERY, key=KEY, now=BEFORE)


def test_it_is_good_for_its_search_and_half_an_hour() -> None:
    """Another search's parameters are refused, another page size is not; after its time it says that it is over."""
    cursor = seal(Order("baseline", 20, (4, 2), ENDS), QUERY, key=KEY)
    assert unseal(cursor, QUERY.model_copy(update={"page_size": 3, "cursor": cursor}), key=KEY, now=BEFORE)
    with pytest.raises(InvalidSearchCursor, match="another search"):
        unseal(cursor, QUERY.model_copy(update={"guests": 3}), key=KEY, now=BEFORE)
    with pytest.raises(SearchCursorExpired):
        unseal(cursor, QUERY, key=KEY, now=ENDS)


@pytest.fixture
async def many(session: AsyncSession, marketplace: Marketplace) -> list[int]:
    """Ten more listings, each dearer than the one before."""
    listings = [
        await create_listing(session, rate_plan={"base_price_minor": 30_000 + 500 * n, "weekend_price_minor": None})
        for n in range(10)
    ]
    await session.commit()
    return [listing.listing_id for listing in listings]


def ids(answer: Any) -> list[int]:
    """Listings of a page."""
    return [result["listing_id"] for result in answer["results"]]


async def test_pages_neither_repeat_nor_skip(
    *,
    client: TestClient,
    many: list[int],
    marketplace: Marketplace,
    signed_in: SignIn,
    session: AsyncSession,
    request: pytest.FixtureRequest,
    clock: FixedClock,
    tmp_path: Any,
) -> None:
    """A booking, other prices and another process between two pages: each listing once, in its place, at its new price.

    The control is a page by its number, which repeats what the new prices have moved.
    """
    asked = STAY | {"sort": "price", "page_size": 4}
    whole = ids(search(client, **asked | {"page_size": 50}))
    first = search(client, **asked)
    assert (ids(first), first["pages"]) == (whole[:4], 4)
    hold(client, signed_in, marketplace.guest, whole[6])
    await session.execute(
        text("UPDATE rate_plans SET base_price_minor = 1000 WHERE listing_id = ANY(:dearest)"),
        {"dearest": whole[-3:]},
    )
    await session.commit()
    assert set(ids(search(client, **asked, page=2))) & set(whole[:4]), "by number, pages repeat"
    with TestClient(create_app(request.getfixturevalue("settings"), clock, no_cities)) as another:
        second = search(another, **asked, cursor=first["next_cursor"])
    assert ids(second) == [whole[4], whole[5], whole[7]]
    assert [result["rank"] for result in second["results"]] == [5, 6, 8]
    assert (second["page"], second["ranker"], second["total_count"]) == (2, "sort:price", len(whole) - 1)
    third = search(client, **asked, cursor=second["next_cursor"])
    last = search(client, **asked, cursor=third["next_cursor"])
    assert ids(third) + ids(last) == whole[8:]
    cheap = [result for result in third["results"] + last["results"] if result["listing_id"] in whole[-3:]]
    assert all(result["price"]["total"]["minor"] < 30_000 for result in cheap)
    assert last["next_cursor"] is None
    shown = [
        event for event in logged(tmp_path) if event["type"] == "search" and event["search_id"] == last["search_id"]
    ]
    assert [each["position"] for each in shown[0]["results"]] == [13]


def test_the_ranked_order_is_kept_too(client: TestClient, many: list[int], marketplace: Marketplace) -> None:
    """By relevance the pages by cursor are the whole order, with scores and reasons, also with other sizes of pages."""
    whole = search(client, **STAY, page_size=50)
    page = search(client, **STAY, page_size=6)
    seen = ids(page)
    while page["next_cursor"] is not None:
        page = search(client, **STAY, page_size=4, cursor=page["next_cursor"])
        assert all(result["score"] is not None and result["reasons"] for result in page["results"])
        seen += ids(page)
    assert seen == ids(whole)


def test_cursors_that_are_not_good_say_why(
    client: TestClient, many: list[int], marketplace: Marketplace, clock: FixedClock
) -> None:
    """A text that is none, one of another search, one that is over, one with a page: each its own clear problem."""
    cursor = search(client, **STAY, page_size=4)["next_cursor"]
    asked = {"market": "lisbon", **STAY, "page_size": 4}
    answers = [
        client.get("/v1/search", params=asked | {"cursor": "nonsense"}),
        client.get("/v1/search", params=asked | {"cursor": cursor, "guests": 1}),
        client.get("/v1/search", params=asked | {"cursor": cursor, "page": 2}),
    ]
    assert [answer.status_code for answer in answers] == [422, 422, 422]
    assert [answer.json()["type"] for answer in answers[:2]] == ["/problems/invalid-search-cursor"] * 2
    clock.advance(timedelta(minutes=31))
    late = client.get("/v1/search", params=asked | {"cursor": cursor})
    assert (late.status_code, late.json()["type"]) == (409, "/problems/search-cursor-expired")
    assert late.json()["hint"] == "Search again without a cursor."
