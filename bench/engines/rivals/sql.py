"""The one query that both databases are asked with, in the words that they share."""

from __future__ import annotations

from bench.engines.rivals.rival import BEST, OF_RESULTS, VALUES, Wish


def total(wish: Wish, nights_minor: str, divide: str) -> str:
    """Exact total in the listing's minor units.

    Parameters
    ----------
    nights_minor
        Expression of the nights' sum, a 64-bit integer.
    divide
        Operator that divides integers and keeps the whole part.
    """
    extra = f"greatest(0, {wish.guests} - guests_included) * extra_guest_fee_minor * {wish.nights}"
    kept = f"{nights_minor} - ({nights_minor} * {wish.discount} + 5000) {divide} 10000"
    subtotal = f"({kept} + {extra} + cleaning_fee_minor)"
    fees = (f"({subtotal} * {bps} + 5000) {divide} 10000" for bps in ("service_fee_bps", "tax_bps"))
    return " + ".join([subtotal, *fees])


def answer_query(priced: str, *, histogram: str, amenities: str) -> str:
    """Count, facets, histogram and the best in one query, in rows of :meth:`RivalAnswer.of_rows`.

    Parameters
    ----------
    priced
        Query of whoever matches but for room type and price: facets' columns, listing_id, popularity, `wanted` (its
        room type is asked for), total, and `cheap`.
    histogram, amenities
        Queries of their rows, from `priced` and from `results`.
    """
    sets = ", ".join(f"({name})" for name in OF_RESULTS)
    which = " ".join(f"WHEN grouping({name}) = 0 THEN '{name}'" for name in OF_RESULTS)
    value = " ".join(f"WHEN grouping({name}) = 0 THEN {name}" for name in OF_RESULTS)
    best = f"""SELECT listing_id, row_number() OVER (ORDER BY popularity DESC, listing_id) AS rank
               FROM results ORDER BY popularity DESC, listing_id LIMIT {BEST}"""
    return f"""
        WITH priced AS MATERIALIZED ({priced}),
             results AS MATERIALIZED (SELECT * FROM priced WHERE wanted AND cheap)
        SELECT 'count', 0, count(*) FROM results
        UNION ALL SELECT 'room_type', room_type, count(*) FROM priced WHERE cheap GROUP BY room_type
        UNION ALL SELECT CASE {which} END, CASE {value} END, count(*) FROM results GROUP BY GROUPING SETS ({sets})
        UNION ALL {histogram}
        UNION ALL {amenities}
        UNION ALL SELECT 'best', listing_id, rank FROM ({best}) AS best
    """


FACETS = ", ".join(name for name in VALUES if name != "amenities")
"""Columns of the facets that are one number a listing."""
