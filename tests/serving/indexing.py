"""The test's marketplace in a real index, built the way the pipeline builds it."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta

from opensearchpy import OpenSearch
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from lodestay.clock import Clock
from ml.embeddings.gateway import Embedder
from search.document import build_document, popularity
from search.index import create_index, finish_loading, load_documents, put_in_service
from transactional.calendars.repository import load_calendars
from transactional.calendars.rules import Window
from transactional.listings.cards import load_cards
from transactional.listings.models import Listing
from transactional.listings.repository import load_bookable


async def build_index(
    session: AsyncSession, client: OpenSearch, alias: str, *, clock: Clock, embedder: Embedder
) -> str:
    """Put every listing of the database into a new index and that into service; returns its name."""
    now = clock.now()
    listing_ids = list((await session.scalars(select(Listing.listing_id))).all())
    cards = await load_cards(session, listing_ids)
    bookable = await load_bookable(session, listing_ids)
    window = Window(now.date(), now.date() + timedelta(days=367))
    calendars = await load_calendars(session, listing_ids, window, now=now)
    vectors = embedder.embed_documents([f"{card.title}. {card.description}" for card in cards.values()])
    documents = [
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
    index = create_index(client, alias, dimension=embedder.dimension, model=embedder.model, built_at=now)
    load_documents(client, index, documents)
    finish_loading(client, index)
    put_in_service(client, alias, index)
    return index
