"""Many listings at once, and which of them changed."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from tests.transactional.factories import actor_of, create_host, create_listing, create_user
from transactional.listings import service
from transactional.listings.cards import load_cards
from transactional.outbox.changes import listings_changed_since
from transactional.outbox.topics import Topic


async def test_cards_join_what_stands_around_a_listing(session: AsyncSession) -> None:
    """Host's record and rate plan where there are any; a host without a profile is no superhost; absent: absent."""
    starred = await create_listing(session, host=await create_host(session, is_superhost=True), is_active=False)
    plain = await create_listing(session, host=await create_user(session))
    cards = await load_cards(session, [starred.listing_id, plain.listing_id, 10**12])
    assert {number: card.is_superhost for number, card in cards.items()} == {
        starred.listing_id: True,
        plain.listing_id: False,
    }
    card = cards[starred.listing_id]
    assert (card.market, card.is_active, card.base_price_minor, card.neighbourhood) == ("lisbon", False, 10_000, None)


async def test_changed_listings_are_named_once(session: AsyncSession) -> None:
    """By kind of change and from an instant on."""
    host = await create_host(session)
    first, second = [await create_listing(session, host=host) for _ in range(2)]
    for listing in (second, first):
        await service.deactivate(session, actor_of(host), listing.listing_id)
        await service.activate(session, actor_of(host), listing.listing_id)
    now = (await session.execute(select(func.now()))).scalar_one()
    both = {Topic.LISTING_ACTIVATED, Topic.LISTING_DEACTIVATED}
    assert await listings_changed_since(session, now, topics=both) == [first.listing_id, second.listing_id]
    assert await listings_changed_since(session, now, topics={Topic.REVIEW_ADDED}) == []
    assert await listings_changed_since(session, now + timedelta(seconds=1), topics=both) == []
