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
    PoolCalendar,
    Stock,
    market_of,
    quarter_of,
)
from lodestay.calendar import HORIZON_NIGHTS
from search.document import build_document, calendar_fields, popularity
from transactional.calendars.rules import Window

CHUNK = 5_000


def documents(stock: Stock) -> Iterator[dict[str, Any]]:
    """Each listing's document."""
    pooled = _PooledFields(stock)
    for row, number in _rows(stock):
        yield {**_document(stock, row, number), **pooled.fields[stock.calendar[number]]}


def document_texts(stock: Stock) -> Iterator[tuple[str, str]]:
    """Market and document (JSON) of each listing: the calendar's part of it is written once a calendar."""
    pooled = _PooledFields(stock)
    ends = [orjson.dumps(fields)[1:] for fields in pooled.fields]
    for row, number in _rows(stock):
        own = _document(stock, row, number)
        head = orjson.dumps({name: value for name, value in own.items() if name not in pooled.names})[:-1]
        yield row["market"], (head + b"," + ends[stock.calendar[number]]).decode()


class _PooledFields:
    """What documents hold of each calendar of the pool."""

    def __init__(self, stock: Stock) -> None:
        window = Window(stock.today, stock.today + timedelta(days=HORIZON_NIGHTS + 2), margin=True)
        self.fields = [_calendar_part(stock, calendar, window) for calendar in stock.pool]
        self.names = frozenset(self.fields[0])


def _calendar_part(stock: Stock, calendar: PoolCalendar, window: Window) -> dict[str, Any]:
    return calendar_fields(calendar.calendar(window), today=stock.today)


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


def _rows(stock: Stock) -> Iterator[tuple[dict[str, Any], int]]:
    """Each listing as the staged listings have it, and its place in the stock."""
    for part in stock.chunks(CHUNK):
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
