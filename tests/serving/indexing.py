"""The test's marketplace in a real index, built the way the pipeline builds it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
from opensearchpy import OpenSearch
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from lodestay.clock import Clock
from lodestay.lake import RAW, SEARCH_DOCUMENTS, Dataset
from ml.embeddings.gateway import Embedder
from search.document import build_document, popularity
from search.index import create_index, finish_loading, load_documents, put_in_service
from transactional.calendars.repository import load_calendars
from transactional.calendars.rules import Window
from transactional.listings.cards import load_cards
from transactional.listings.models import Listing
from transactional.listings.repository import load_bookable


async def build_documents(session: AsyncSession, *, clock: Clock, embedder: Embedder | None) -> list[dict[str, Any]]:
    """Document of every listing of the database; without vectors where there is no embedder."""
    now = clock.now()
    listing_ids = list((await session.scalars(select(Listing.listing_id))).all())
    cards = await load_cards(session, listing_ids)
    bookable = await load_bookable(session, listing_ids)
    window = Window(now.date(), now.date() + timedelta(days=367))
    calendars = await load_calendars(session, listing_ids, window, now=now)
    texts = [f"{card.title}. {card.description}" for card in cards.values()]
    vectors = [None] * len(texts) if embedder is None else embedder.embed_documents(texts)
    return [
        build_document(
            asdict(card),
            calendar=calendars.get(listing_id),
            terms=bookable[listing_id].terms,
            vector=vector,
            popularity=popularity(card.rating, card.review_count),
            today=now.date(),
        )
        for (listing_id, card), vector in zip(cards.items(), vectors, strict=True)
    ]


async def build_index(
    session: AsyncSession, client: OpenSearch, alias: str, *, clock: Clock, embedder: Embedder
) -> str:
    """Put every listing of the database into a new index and that into service; returns its name."""
    documents = await build_documents(session, clock=clock, embedder=embedder)
    index = create_index(client, alias, dimension=embedder.dimension, model=embedder.model, built_at=clock.now())
    load_documents(client, index, documents)
    finish_loading(client, index)
    put_in_service(client, alias, index)
    return index


def write_documents(lake: str, documents: Sequence[dict[str, Any]], *, exported_at: datetime) -> None:
    """Leave documents in a lake as the pipeline does, with the moment of their export."""
    for market in {document["market"] for document in documents}:
        own = [orjson.dumps(document).decode() for document in documents if document["market"] == market]
        _write(RAW["markets"], lake, market, pa.table({"exported_at": [exported_at]}), exported_at)
        _write(SEARCH_DOCUMENTS, lake, market, pa.table({"document": own}), exported_at)


def _write(dataset: Dataset, lake: str, market: str, table: pa.Table, exported_at: datetime) -> None:
    folder = Path(dataset.partition(lake, day=exported_at.date(), market=market))
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, folder / "part-0.parquet")
