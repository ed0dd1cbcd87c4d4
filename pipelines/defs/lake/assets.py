"""Tables of the lake: raw as exported, staged as everybody reads them."""

from __future__ import annotations

import dagster as dg

from lodestay.lake import (
    EXPORTED_TABLES,
    RAW,
    RAW_EVENTS,
    REJECTED_EVENTS,
    STAGED_BOOKINGS,
    STAGED_IMPRESSIONS,
    STAGED_LISTINGS,
    STAGED_NIGHTS,
    STAGED_REVIEWS,
    STAGED_SEARCHES,
)
from pipelines.spark_assets import OWNERS, Table, columns, key_of, spark_assets
from search.events import BookingEvent, ClickEvent, HoldEvent, ImpressionEvent, QuoteEvent, SearchEvent

_CALENDAR = ("rate_plans", "seasons", "calendar_nights", "occupancy", "bookings")
_LISTING = ("listings", "host_profiles", "neighbourhoods", "rate_plans", "markets")

raw_events = dg.AssetSpec(
    key_of(RAW_EVENTS),
    description="What guests did, appended by the API and the simulator as JSON lines, by day and market.",
    group_name="lake",
    owners=OWNERS,
    kinds={"json"},
    metadata=columns(
        {
            name: getattr(field.annotation, "__name__", str(field.annotation))
            for event in (SearchEvent, ImpressionEvent, ClickEvent, QuoteEvent, HoldEvent, BookingEvent)
            for name, field in event.model_fields.items()
        }
    ),
)

raw_tables = spark_assets(
    "export",
    [
        Table(RAW[name], f"Rows of PostgreSQL's `{name}` in the market, all tables as of one moment.")
        for name in EXPORTED_TABLES
    ],
    group="lake",
    code_version="1",
)

staged_tables = spark_assets(
    "stage",
    [
        Table(
            STAGED_LISTINGS,
            "A row a listing, with its host, its rate plan and its market's terms.",
            [RAW[name] for name in _LISTING],
        ),
        Table(
            STAGED_NIGHTS,
            "A row a listing and night, from 180 days back to a year ahead: price, occupant, stay rules.",
            [RAW[name] for name in _CALENDAR],
        ),
        Table(
            STAGED_BOOKINGS,
            "A row a booking, with length, lead time and nights' price.",
            [RAW["bookings"], RAW["markets"]],
        ),
        Table(STAGED_REVIEWS, "A row a review.", [RAW["reviews"]]),
    ],
    group="lake",
    code_version="1",
)

staged_events = spark_assets(
    "stage_events",
    [
        Table(STAGED_SEARCHES, "A row a search, on the day it was made.", [RAW_EVENTS]),
        Table(
            STAGED_IMPRESSIONS,
            "A row a listing shown in a search: place, features as served, and how far it came, from seen to booked.",
            [RAW_EVENTS],
        ),
        Table(REJECTED_EVENTS, "A row a line of the event files that is no event, and why.", [RAW_EVENTS]),
    ],
    group="lake",
    code_version="2",
)
