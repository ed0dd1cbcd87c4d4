"""Listings, their calendars and reviews, and what hosts do to them, over HTTP."""

from __future__ import annotations

from datetime import date

from fastapi.testclient import TestClient
from sqlalchemy.ext.asyncio import AsyncSession

from tests.serving.marketplace import Marketplace
from tests.serving.test_bookings import SignIn, hold, quote
from transactional.reviews.repository import NewReview, add_reviews


def test_a_listing_shows_the_calendar_that_a_quote_obeys(
    client: TestClient, marketplace: Marketplace, signed_in: SignIn
) -> None:
    """The nights of the window are there with their prices, and held nights are not available."""
    hold(client, signed_in, marketplace.guest, marketplace.loft)
    listing = client.get(f"/v1/listings/{marketplace.loft}?from=2026-06-24&to=2026-06-30").json()
    assert (listing["currency"], listing["host"]["listings"]) == ("EUR", 2)
    nights = {night["night"]: night for night in listing["calendar"]}
    assert list(nights) == [f"2026-06-{day}" for day in range(24, 30)]
    assert [night["available"] for night in nights.values()] == [True, False, False, False, True, True]
    assert nights["2026-06-26"]["price"]["minor"] == 12_000  # a Friday


def test_a_window_has_bounds(client: TestClient, marketplace: Marketplace) -> None:
    """More than a year of nights, or none, is refused; without dates the next thirty are shown."""
    path = f"/v1/listings/{marketplace.loft}"
    assert client.get(f"{path}?from=2026-01-01&to=2027-01-03").json()["type"] == "/problems/invalid-window"
    assert client.get(f"{path}?from=2026-07-01&to=2026-07-01").status_code == 422
    assert client.get(f"{path}?to=2026-01-01").status_code == 422
    assert len(client.get(path).json()["calendar"]) == 30


async def test_reviews_are_paged_without_authors(
    session: AsyncSession, client: TestClient, marketplace: Marketplace
) -> None:
    """Newest first, each once, and no key of a person among them."""
    reviews = [
        NewReview(marketplace.loft, "test", str(n), f"author-{n}", date(2026, 5, n + 1), 5, f"Stay {n}", "en")
        for n in range(5)
    ]
    await add_reviews(session, reviews)
    await session.commit()
    seen, cursor = [], None
    while True:
        page = client.get(
            f"/v1/listings/{marketplace.loft}/reviews", params={"size": 2} | ({"cursor": cursor} if cursor else {})
        ).json()
        seen += [review["comment"] for review in page["items"]]
        assert "author" not in str(page)
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == [f"Stay {n}" for n in (4, 3, 2, 1, 0)]


def test_a_host_takes_a_listing_off_the_market_and_back(
    client: TestClient, marketplace: Marketplace, signed_in: SignIn
) -> None:
    """Off the market guests neither see nor book it, its host still sees it, and what is booked stays booked."""
    held = hold(client, signed_in, marketplace.guest, marketplace.loft)
    listing, headers = f"/v1/listings/{marketplace.loft}", signed_in(marketplace.host)
    for _ in range(2):
        assert client.put(f"{listing}/active", headers=headers, json={"active": False}).status_code == 204
    assert client.get(listing).status_code == 404
    assert client.get(listing, headers=headers).status_code == 200
    assert quote(client, signed_in(marketplace.other_guest), marketplace.loft).status_code == 404
    booking = client.get(f"/v1/bookings/{held['booking_id']}", headers=signed_in(marketplace.guest)).json()
    assert booking["status"] == "held"
    assert client.put(f"{listing}/active", headers=headers, json={"active": True}).status_code == 204
    assert client.get(listing).status_code == 200


def test_prices_are_suggested_by_the_rule_without_a_model(
    client: TestClient, marketplace: Marketplace, signed_in: SignIn
) -> None:
    """Without a model the listing's own median is the suggestion, and the answer says what made it."""
    path = f"/v1/listings/{marketplace.loft}/price-suggestions"
    answer = client.get(path, headers=signed_in(marketplace.host), params={"from": "2026-07-01", "to": "2026-07-04"})
    suggestions = answer.json()
    assert suggestions["model"] == "rule"
    assert suggestions["degraded"]
    assert [night["suggested"]["minor"] for night in suggestions["nights"]] == [10_000] * 3
    assert all(n["low"]["minor"] < n["suggested"]["minor"] < n["high"]["minor"] for n in suggestions["nights"])
    past = client.get(path, headers=signed_in(marketplace.host), params={"from": "2026-06-01", "to": "2026-06-04"})
    assert past.status_code == 422
