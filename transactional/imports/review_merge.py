"""Reviews: what came in over what is there."""

from __future__ import annotations

from typing import Final

from lodestay.snapshot import DATE_ONLY
from transactional.imports.repository import Db

_COLUMNS: Final = "author_key, written_on, rating, comment, language"
# Reviews are looked up listing by listing (OFFSET 0 keeps it so). Left to choose, and with statistics from before the
# source's reviews came, PostgreSQL expects none of them: it reads those of all markets, and `resolved` for each.
_REMOVE_GONE: Final = """
    WITH gone AS MATERIALIZED (
        SELECT held.review_id
        FROM resolved r
        CROSS JOIN LATERAL (
            SELECT review_id, listing_id, source_id FROM reviews
            WHERE listing_id = r.listing_id AND source = %(source)s OFFSET 0
        ) held
        WHERE NOT EXISTS (
            SELECT FROM in_reviews_of i WHERE i.listing_id = held.listing_id AND i.review_id = held.source_id
        )
    )
    DELETE FROM reviews v USING gone WHERE v.review_id = gone.review_id
"""


def merge_reviews(db: Db, source: str) -> int:
    """Add, update and remove the source's reviews of the listings that came in; say how many.

    A review that the source took back goes. Reviews that are dates only never replace full ones, and
    are replaced by them.
    """
    db.execute(
        "CREATE TEMP TABLE in_reviews_of ON COMMIT DROP AS"
        " SELECT r.listing_id, i.* FROM in_reviews i JOIN resolved r USING (source_id)"
    )
    db.execute("ANALYZE in_reviews_of")
    parameters = {"source": source, "dates": f"{DATE_ONLY}%"}
    dates_only = db.execute("SELECT bool_and(review_id LIKE %(dates)s) FROM in_reviews_of", parameters).fetchone()
    if dates_only and dates_only[0]:
        return db.execute(
            f"""
            INSERT INTO reviews (listing_id, source, source_id, {_COLUMNS})
            SELECT listing_id, %(source)s, review_id, {_COLUMNS} FROM in_reviews_of i
            WHERE NOT EXISTS (
                SELECT FROM reviews v WHERE v.listing_id = i.listing_id AND v.source = %(source)s
                  AND (v.source_id = i.review_id OR v.written_on = i.written_on AND v.source_id NOT LIKE %(dates)s)
            )
            """,
            parameters,
        ).rowcount
    gone = db.execute(_REMOVE_GONE, parameters).rowcount
    written = db.execute(
        f"""
        INSERT INTO reviews (listing_id, source, source_id, {_COLUMNS})
        SELECT listing_id, %(source)s, review_id, {_COLUMNS} FROM in_reviews_of ORDER BY listing_id, written_on
        ON CONFLICT (listing_id, source, source_id) DO UPDATE
        SET author_key = excluded.author_key, written_on = excluded.written_on, rating = excluded.rating,
            comment = excluded.comment, language = excluded.language
        WHERE (reviews.author_key, reviews.written_on, reviews.rating, reviews.comment, reviews.language)
              IS DISTINCT FROM
              (excluded.author_key, excluded.written_on, excluded.rating, excluded.comment, excluded.language)
        """,
        parameters,
    ).rowcount
    return gone + written
