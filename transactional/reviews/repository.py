"""Queries on reviews."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from transactional.kit.copying import copy_rows
from transactional.kit.cursors import DayKey, Page, decode_day, page
from transactional.outbox.topics import Topic
from transactional.reviews.models import Review

_COLUMNS = ("listing_id", "source", "source_id", "author_key", "written_on", "rating", "comment", "language")
_STAGE = text("CREATE TEMPORARY TABLE new_reviews (LIKE reviews) ON COMMIT DROP")
_NAMED = ", ".join(_COLUMNS)
_LOCK = text("""
    SELECT listing_id FROM listings WHERE listing_id IN (SELECT listing_id FROM new_reviews)
    ORDER BY listing_id FOR NO KEY UPDATE
""")
# Old ratings weigh as many reviews as there were; reviews without one count and do not weigh.
_ADD = text(f"""
    WITH added AS (
        INSERT INTO reviews ({_NAMED}) SELECT {_NAMED} FROM new_reviews
        ON CONFLICT (listing_id, source, source_id) DO NOTHING
        RETURNING listing_id, rating, written_on
    ), news AS (
        SELECT listing_id, count(*) AS reviews, count(rating) AS rated, coalesce(sum(rating), 0) AS stars,
               min(written_on) AS first_on, max(written_on) AS last_on
        FROM added GROUP BY listing_id
    ), moved AS (
        UPDATE listings
        SET rating = CASE WHEN rated = 0 THEN rating
                          WHEN rating IS NULL THEN round(stars / rated, 2)
                          ELSE round((rating * review_count + stars) / (review_count + rated), 2) END,
            review_count = review_count + reviews,
            first_review_on = least(first_review_on, first_on),
            last_review_on = greatest(last_review_on, last_on),
            version = version + 1,
            updated_at = now()
        FROM news WHERE news.listing_id = listings.listing_id
        RETURNING listings.listing_id, market_key, reviews
    ), told AS (
        INSERT INTO outbox (topic, market_key, listing_id, payload)
        SELECT '{Topic.REVIEW_ADDED}', market_key, listing_id, jsonb_build_object('reviews', reviews) FROM moved
    )
    SELECT coalesce(sum(reviews), 0) FROM news
""")


@dataclass(frozen=True, slots=True)
class NewReview:
    """A review to add; the author is a pseudonym and the text is masked already.

    `source` and `source_id` name it where it comes from: the same one is added once.
    """

    listing_id: int
    source: str
    source_id: str
    author_key: str
    written_on: date
    rating: int | None
    comment: str
    language: str | None


async def list_of_listing(session: AsyncSession, listing_id: int, *, cursor: str | None, size: int) -> Page[Review]:
    """A listing's reviews that say something, newest first."""
    statement = select(Review).where(Review.listing_id == listing_id, Review.comment != "")
    last = decode_day(cursor)
    if last is not None:
        statement = statement.where(tuple_(Review.written_on, Review.review_id) < (last.on, last.row_id))
    newest_first = statement.order_by(Review.written_on.desc(), Review.review_id.desc()).limit(size + 1)
    rows = (await session.scalars(newest_first)).all()
    return page(rows, [DayKey(row.written_on, row.review_id) for row in rows], size=size)


async def add_reviews(session: AsyncSession, reviews: Sequence[NewReview]) -> int:
    """Add the reviews that are not there yet; say how many.

    Each listing's rating and count move with them, and the outbox hears of it once a listing. Where a listing
    comes from a source, the source's next word on both stands again.
    """
    await session.execute(_STAGE)
    numbered = ((0, *(getattr(review, name) for name in _COLUMNS)) for review in reviews)
    await copy_rows(session, "new_reviews", ("review_id", *_COLUMNS), numbered)
    await session.execute(_LOCK)
    added = int((await session.execute(_ADD)).scalar_one())
    await session.execute(text("DROP TABLE new_reviews"))
    return added
