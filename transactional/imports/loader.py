"""A snapshot into the database, in the order in which its parts stand on each other."""

from __future__ import annotations

from lodestay.snapshot import SEASONS, Snapshot
from transactional.imports import calendar_merge, listing_merge
from transactional.imports.bulk import copy_in, move_dates
from transactional.imports.calendar_rows import calendar_rows
from transactional.imports.repository import Db
from transactional.imports.review_merge import merge_reviews
from transactional.imports.summary import Changes


def merge_snapshot(db: Db, snapshot: Snapshot, *, shift: int) -> Changes:
    """Write what differs from what is there, with every date moved by `shift` days."""
    market = snapshot.market
    listings = move_dates(snapshot.listings, shift)
    copy_in(db, "in_neighbourhoods", snapshot.neighbourhoods)
    copy_in(db, "in_hosts", move_dates(snapshot.hosts, shift))
    copy_in(db, "in_listings", listings)
    neighbourhoods = listing_merge.merge_neighbourhoods(db, market.market_key)
    hosts = listing_merge.merge_hosts(db, snapshot.source, market.currency)
    listing_merge.keep_untold(db, market.market_key, snapshot.source)
    listing_merge.resolve_listings(db, market.market_key, snapshot.source)
    counts = listing_merge.merge_listings(db, market.market_key, snapshot.source)
    nights, conflicts = 0, 0
    if snapshot.nights is None:
        listing_merge.merge_rate_plans(db, market.currency)
    else:
        seasons = move_dates(snapshot.seasons, shift)
        rows = calendar_rows(move_dates(snapshot.nights, shift), listings, seasonal=seasons["source_id"])
        copy_in(db, "in_overrides", rows.overrides)
        copy_in(db, "in_taken", rows.taken)
        copy_in(db, "in_windows", rows.windows)
        copy_in(db, "in_seasons", seasons.cast(SEASONS))
        calendar_merge.resolve_calendar(db)
        calendar_merge.keep_earlier_nights(db)
        listing_merge.merge_rate_plans(db, market.currency)
        calendar_merge.merge_windows(db)
        calendar_merge.merge_seasons(db)
        nights = calendar_merge.merge_nights(db)
        conflicts = calendar_merge.merge_occupancy(db)
    reviews = 0
    if snapshot.reviews is not None:
        copy_in(db, "in_reviews", move_dates(snapshot.reviews, shift))
        reviews = merge_reviews(db, snapshot.source)
    return Changes(
        **counts,
        unchanged=listings.num_rows - counts["created"] - counts["updated"],
        hosts=hosts,
        neighbourhoods=neighbourhoods,
        calendars=calendar_merge.changed_calendars(db),
        nights=nights,
        conflicts=conflicts,
        reviews=reviews,
    )
