"""Suggestions from a real index."""

from __future__ import annotations

import pytest
from opensearchpy import AsyncOpenSearch

from search.engine import connect
from search.gazetteer import Gazetteer
from search.places import market_place
from search.request import Point
from search.suggest import NO_LISTINGS, Suggester, SuggestionKind
from tests.search.conftest import IndexedMarketplace

pytestmark = pytest.mark.opensearch

GAZETTEER = Gazetteer(
    lambda: [market_place(market="s", name="Sunnydale", country="US", location=Point(34, -119), listings=5)]
)


@pytest.fixture
def suggester(async_client: AsyncOpenSearch, marketplace: IndexedMarketplace) -> Suggester:
    """Over the marketplace's titles and one place."""
    return Suggester(async_client, GAZETTEER, alias=marketplace.alias, timeout_ms=20_000)


@pytest.mark.parametrize(
    ("typed", "word"),
    [("s", "s"), ("sunn", "sunny"), ("vel", "vélo"), ("Suana", "sauna"), ("charmign", "charming"), ("公", "公寓")],
)
async def test_titles_by_the_beginning_of_a_word(suggester: Suggester, typed: str, word: str) -> None:
    """A word of the title begins as typed; accents are forgiven, and a slip from four letters on."""
    found = await suggester.suggest(typed, near=None, market=None, limit=10)
    titles = [s.text.casefold() for s in found.items if s.kind is SuggestionKind.LISTING]
    assert titles
    assert all(any(w.startswith(word) for w in title.split()) for title in titles)


async def test_every_typed_word_counts(suggester: Suggester) -> None:
    """Two beginnings must both be there, in any order."""
    found = await suggester.suggest("lof sun", near=None, market=None, limit=10)
    assert found.items
    assert all("loft" in s.text.casefold() and "sunny" in s.text.casefold() for s in found.items)


async def test_places_stand_before_listings(suggester: Suggester) -> None:
    """A place comes first, and leaves room for listings; of them, those of the guest's market stand before others."""
    found = await suggester.suggest("sunny", near=None, market="singapore", limit=6)
    assert (found.items[0].kind, found.items[0].text) == (SuggestionKind.MARKET, "Sunnydale")
    listings = [s.market for s in found.items if s.kind is SuggestionKind.LISTING]
    assert len(listings) == 5
    assert listings == sorted(listings, key=lambda market: market != "singapore")


async def test_inactive_listings_are_not_suggested(suggester: Suggester, marketplace: IndexedMarketplace) -> None:
    """Only what can be opened is suggested."""
    active = {row["listing_id"] for row in marketplace.supply.listings if row["is_active"]}
    found = await suggester.suggest("s", near=None, market=None, limit=300)
    assert {s.listing_id for s in found.items if s.listing_id} <= active


@pytest.mark.parametrize("typed", ["", "   ", "zzzzzz", "x" * 10_000, "🏖"], ids=range(5))
async def test_nothing_to_suggest(suggester: Suggester, typed: str) -> None:
    """Nonsense of any length gives an empty list."""
    found = await suggester.suggest(typed, near=None, market=None, limit=5)
    assert (found.items, found.degraded) == ((), ())


@pytest.mark.parametrize("address", ["http://127.0.0.1:9", None])
async def test_without_the_index_places_remain(address: str | None) -> None:
    """The node down, or none known: places are suggested, and the answer says what is missing and no more."""
    client = None if address is None else connect(address)
    suggester = Suggester(client, GAZETTEER, alias="listings", timeout_ms=500)
    found = await suggester.suggest("sun", near=None, market=None, limit=5)
    if client is not None:
        await client.close()
    assert [s.text for s in found.items] == ["Sunnydale"]
    assert found.degraded == (NO_LISTINGS,)
