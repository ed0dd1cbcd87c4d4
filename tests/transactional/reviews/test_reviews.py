"""Reviews."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from tests.transactional.factories import create_listing
from transactional.reviews.models import Review
from transactional.reviews.repository import NewReview, add_reviews, list_of_listing


async def test_reviews_page_newest_first_and_are_added_once(session: AsyncSession) -> None:
    """Every review that says something, once, however many are of the same day; the outbox hears once a listing."""
    listing, other = await create_listing(session), await create_listing(session)
    first = NewReview(listing.listing_id, "test", "0", "a" * 32, date(2026, 1, 1), 5, "Lovely.", "en")
    reviews = [
        replace(first, source_id=str(n), written_on=date(2026, 1, 1) + timedelta(days=n // 3), comment=f"Review {n}")
        for n in range(8)
    ]
    silent = replace(first, source_id="silent", comment="", rating=None)
    elsewhere = replace(first, listing_id=other.listing_id)
    assert await add_reviews(session, [*reviews, silent, elsewhere]) == 10
    assert await add_reviews(session, reviews[:3]) == 0
    seen: list[Review] = []
    cursor = None
    while True:
        page = await list_of_listing(session, listing.listing_id, cursor=cursor, size=3)
        seen += page.items
        cursor = page.next_cursor
        if cursor is None:
            break
    assert sorted(review.source_id for review in seen) == [str(n) for n in range(8)]
    assert [review.written_on for review in seen] == sorted((review.written_on for review in seen), reverse=True)
    told = (await session.execute(text("SELECT listing_id, payload FROM outbox ORDER BY listing_id"))).all()
    assert [(row.listing_id, row.payload) for row in told] == [
        (listing.listing_id, {"reviews": 9}),
        (other.listing_id, {"reviews": 1}),
    ]


@pytest.mark.parametrize(
    ("before", "given", "after"),
    [
        ((Decimal("4.00"), 3), [5, 5, None], (Decimal("4.40"), 6)),  # (3 x 4 + 5 + 5) / 5
        ((None, 0), [4, 5], (Decimal("4.50"), 2)),
        ((Decimal("4.80"), 10), [None], (Decimal("4.80"), 11)),
    ],
    ids=["among others", "the first ones", "without a rating"],
)
async def test_a_review_moves_the_rating_and_the_count_once(
    session: AsyncSession,
    before: tuple[Decimal | None, int],
    given: list[int | None],
    after: tuple[Decimal, int],
) -> None:
    """As many old reviews as there were weigh with the new ones; the same reviews again move nothing."""
    listing = await create_listing(session, rating=before[0], review_count=before[1])
    bystander = await create_listing(session, rating=Decimal("3.00"), review_count=1)
    one = NewReview(listing.listing_id, "test", "0", "a" * 32, date(2026, 1, 1), None, "Fine.", "en")
    reviews = [replace(one, source_id=str(n), rating=rating) for n, rating in enumerate(given)]
    for _ in range(2):
        await add_reviews(session, reviews)
    for known in (listing, bystander):
        await session.refresh(known)
    assert (listing.rating, listing.review_count) == after
    assert (listing.last_review_on, listing.version) == (date(2026, 1, 1), 2)
    assert (bystander.rating, bystander.review_count, bystander.version) == (Decimal("3.00"), 1, 1)
