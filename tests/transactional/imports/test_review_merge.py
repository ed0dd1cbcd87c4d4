"""Reviews of a market beside those of many others: merged by what came in, and the others' are left alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from transactional.imports.review_merge import merge_reviews

Db = psycopg.Connection[Any]

LISTINGS = 500
"""In the market that is imported, with ten reviews each; other markets of the source have as many, ten times."""
Plan = dict[str, Any]


class Explained(psycopg.Cursor[Any]):
    """A cursor that has the plan of each removal written down before it is carried out."""

    plans: list[Plan]

    def execute(self, query: Any, params: Any = None, **options: Any) -> Explained:
        """Explain, then do."""
        if "DELETE FROM reviews" in query:
            super().execute(f"EXPLAIN (FORMAT JSON) {query}", params, **options)
            self.plans += [told["Plan"] for (explained,) in self for told in explained]
        super().execute(query, params, **options)
        return self


@pytest.fixture
def merging(database_url: str) -> Iterator[tuple[Db, list[Plan]]]:
    """A transaction as an import has it when reviews come to their turn, and the plans of its removals."""
    plans: list[Plan] = []
    factory = type("Explaining", (Explained,), {"plans": plans})
    with psycopg.connect(database_url, cursor_factory=factory) as connection:
        connection.execute("SET LOCAL session_replication_role = replica")  # reviews need no listings here
        _hold_reviews(connection, listings=LISTINGS * 11)
        connection.execute(
            "CREATE TEMP TABLE resolved ON COMMIT DROP AS"
            " SELECT n::bigint AS listing_id, n::text AS source_id FROM generate_series(1, %s) n",
            [LISTINGS],
        )
        connection.execute("CREATE UNIQUE INDEX ON resolved (source_id)")
        connection.execute("ANALYZE resolved")
        yield connection, plans
        connection.rollback()


def _hold_reviews(db: Db, *, listings: int) -> None:
    """Write reviews of many listings, of which PostgreSQL's statistics know nothing: they are of another source's."""
    db.execute(
        "INSERT INTO reviews (listing_id, source, source_id, author_key, written_on, rating, comment)"
        " SELECT n, 'house', n::text, 'a', DATE '2026-01-01', 5, 'Fine' FROM generate_series(1, %s) n",
        [LISTINGS],
    )
    db.execute("ANALYZE reviews")
    db.execute(
        "INSERT INTO reviews (listing_id, source, source_id, author_key, written_on, rating, comment)"
        " SELECT n, 'generated', n || '-' || i, 'a', DATE '2026-01-01' + i, 5, 'Fine'"
        " FROM generate_series(1, %s) n, generate_series(1, 10) i",
        [listings],
    )


def _bring_reviews(db: Db, *, kept: int) -> None:
    """Have the source send the first reviews of each listing, and no others."""
    db.execute(
        "CREATE TEMP TABLE in_reviews ON COMMIT DROP AS"
        " SELECT n::text AS source_id, n || '-' || i AS review_id, 'a' AS author_key, DATE '2026-01-01' + i"
        " AS written_on, 5::bigint AS rating, 'Fine' AS comment, NULL::text AS language"
        " FROM generate_series(1, %s) n, generate_series(1, %s) i",
        [LISTINGS, kept],
    )
    db.execute("ANALYZE in_reviews")


def _reads(plan: Plan, *, is_repeated: bool = False) -> Iterator[tuple[str, str, bool]]:
    """How a plan reads which table, and whether for each row of another."""
    if "Relation Name" in plan and plan["Node Type"] != "ModifyTable":
        yield plan["Node Type"], plan["Relation Name"], is_repeated
    for child in plan.get("Plans", ()):
        inner = plan["Node Type"] == "Nested Loop" and child["Parent Relationship"] == "Inner"
        yield from _reads(child, is_repeated=is_repeated or inner)


@pytest.mark.parametrize("kept", [1, 9, 10])
def test_what_the_source_took_back_goes_and_others_stay(merging: tuple[Db, list[Plan]], kept: int) -> None:
    """Of each listing that came in the reviews that did not are gone; those of other markets are all there.

    No table is read whole once for each row of another, however many reviews are expected to go.
    """
    db, plans = merging
    _bring_reviews(db, kept=kept)
    assert merge_reviews(db, "generated") == LISTINGS * (10 - kept)
    held = db.execute(
        "SELECT source, count(*) FILTER (WHERE listing_id <= %(n)s), count(*) FILTER (WHERE listing_id > %(n)s)"
        " FROM reviews GROUP BY source ORDER BY source",
        {"n": LISTINGS},
    ).fetchall()
    assert held == [("generated", LISTINGS * kept, LISTINGS * 100), ("house", LISTINGS, 0)]
    (plan,) = plans
    reads = list(_reads(plan))
    assert ("Index Scan", "reviews", True) in reads, "driven by what came in"
    assert not [name for kind, name, is_repeated in reads if kind == "Seq Scan" and (is_repeated or name == "reviews")]
