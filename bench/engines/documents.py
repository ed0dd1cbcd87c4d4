"""Index documents of a drawn marketplace, without texts and vectors, which no engine is asked for here."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import numpy as np
import orjson

from bench.engines.stock import (
    CODES,
    POLICIES,
    PROPERTY_TYPES,
    ROOM_TYPES,
    TAXES,
    Stock,
    market_of,
    quarter_of,
)
from lodestay.calendar import HORIZON_NIGHTS
from search import availability
from search.document import build_document, calendar_fields, popularity
from transactional.calendars.rules import Window

CHUNK = 5_000
_OF_CALENDARS = frozenset({*availability.MAPPING, "price_sum", "nightly_price_minor"})


def documents(stock: Stock) -> Iterator[dict[str, Any]]:
    """Each listing's document."""
    pooled = pooled_fields(stock)
    for number, document in enumerate(documents_of_rows(stock, slice(0, len(stock)))):
        yield {**document, **pooled[stock.calendar[number]]}


def documents_of_rows(stock: Stock, rows: slice) -> Iterator[dict[str, Any]]:
    """Documents of some listings without what follows from their calendars."""
    for row, number in _rows(stock, rows):
        yield {name: value for name, value in _document(stock, row, number).items() if name not in _OF_CALENDARS}


def document_texts(stock: Stock) -> Iterator[tuple[str, str]]:
    """Market and document (JSON) of each listing: the calendar's part of it is written once a calendar."""
    pooled = pooled_fields(stock)
    ends = [orjson.dumps(fields)[1:] for fields in pooled]
    for number, own in enumerate(documents_of_rows(stock, slice(0, len(stock)))):
        head = orjson.dumps(own)[:-1]
        yield own["market"], (head + b"," + ends[stock.calendar[number]]).decode()


def pooled_fields(stock: Stock) -> list[dict[str, Any]]:
    """What documents hold of each calendar of the pool."""
    window = Window(stock.today, stock.today + timedelta(days=HORIZON_NIGHTS + 2), margin=True)
    return [calendar_fields(each.calendar(window), today=stock.today) for each in stock.pool]


def _document(stock: Stock, row: dict[str, Any], number: int) -> dict[str, Any]:
    tax = int(stock.city[number]) % len(TAXES)
    return build_document(
        row,
        calendar=None,  # its part is the pool's
        terms=stock.terms(int(stock.calendar[number]), tax),
        vector=None,
        popularity=popularity(row["rating"], row["review_count"]),
        today=stock.today,
    )


def _rows(stock: Stock, rows: slice) -> Iterator[tuple[dict[str, Any], int]]:
    """Some listings as the staged listings have them, and their places in the stock."""
    for first in range(rows.start, rows.stop, CHUNK):
        part = slice(first, min(first + CHUNK, rows.stop))
        amenities = np.unpackbits(stock.amenities[part], axis=1, count=len(CODES)).astype(np.bool_)
        for place, number in enumerate(range(part.start, part.stop)):
            city = int(stock.city[number])
            rating = float(stock.rating[number])
            yield (
                {
                    "listing_id": number + 1,
                    "market": market_of(city),
                    "is_active": True,
                    "title": f"Listing {number + 1}",
                    "description": "",
                    "house_rules": "",
                    "language": None,
                    "host_languages": [],
                    "room_type": ROOM_TYPES[stock.room_type[number]],
                    "property_type": PROPERTY_TYPES[stock.property_type[number]],
                    "neighbourhood": quarter_of(city, int(stock.quarter[number])),
                    "cancellation_policy": POLICIES[stock.policy[number]],
                    "instant_book": bool(stock.instant_book[number]),
                    "is_superhost": bool(stock.superhost[number]),
                    "accommodates": int(stock.accommodates[number]),
                    "bedrooms": int(stock.bedrooms[number]),
                    "beds": int(stock.beds[number]),
                    "bathrooms": float(stock.bathrooms[number]),
                    "rating": None if np.isnan(rating) else round(rating, 2),
                    "review_count": int(stock.review_count[number]),
                    "latitude": float(stock.latitude[number]),
                    "longitude": float(stock.longitude[number]),
                    "amenities": [CODES[n] for n in np.flatnonzero(amenities[place]).tolist()],
                    "base_price_minor": stock.pool[stock.calendar[number]].plan.base_price_minor,
                },
                number,
            )
