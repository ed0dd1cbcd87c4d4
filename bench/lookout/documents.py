"""Documents of a marketplace left in a lake, as the pipeline leaves them every day: what columns are made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy.ext.asyncio import AsyncSession

from lodestay.calendar import HORIZON_NIGHTS
from lodestay.clock import Clock, today_in
from lodestay.lake import RAW, SEARCH_DOCUMENTS, Dataset
from search.document import build_document, popularity
from transactional.calendars.repository import load_calendars
from transactional.calendars.rules import Window
from transactional.listings.cards import load_cards
from transactional.listings.repository import load_bookable

_AROUND: Final = timedelta(days=1)


async def export(session: AsyncSession, clock: Clock, lake: str, listing_ids: Sequence[int]) -> None:
    """Build the documents of all listings from the present state and swap them in, with the export's moment."""
    documents = await build_documents(session, clock, listing_ids)
    day = clock.now().date()
    for market in sorted({document["market"] for document in documents}):
        own = [orjson.dumps(document).decode() for document in documents if document["market"] == market]
        _write(RAW["markets"], lake, day, market, pa.table({"exported_at": [clock.now()]}))
        _write(SEARCH_DOCUMENTS, lake, day, market, pa.table({"document": own}))


async def build_documents(session: AsyncSession, clock: Clock, listing_ids: Sequence[int]) -> list[dict[str, Any]]:
    """Document of every listing, without vectors."""
    now = clock.now()
    cards = await load_cards(session, listing_ids)
    bookable = await load_bookable(session, listing_ids)
    window = year_around(now)
    calendars = await load_calendars(session, listing_ids, window, now=now)
    return [
        build_document(
            asdict(card),
            calendar=calendars.get(listing_id),
            terms=bookable[listing_id].terms,
            vector=None,
            popularity=popularity(card.rating, card.review_count),
            today=today_in(bookable[listing_id].timezone, clock),
        )
        for listing_id, card in sorted(cards.items())
    ]


def year_around(now: datetime) -> Window:
    """All nights that can be booked anywhere, and those that their rules look at."""
    return Window(now.date() - _AROUND, now.date() + timedelta(days=HORIZON_NIGHTS + 2), margin=True)


def _write(dataset: Dataset, lake: str, day: date, market: str, table: pa.Table) -> None:
    """Swap a partition in whole."""
    folder = Path(dataset.partition(lake, day=day, market=market))
    folder.mkdir(parents=True, exist_ok=True)
    waiting = folder / "part-0.writing"
    pq.write_table(table, waiting)
    waiting.replace(folder / "part-0.parquet")
