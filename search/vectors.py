"""What a listing is about, as a vector: the one that stands in the index."""

from __future__ import annotations

from opensearchpy import AsyncOpenSearch

from search.document import document_id
from search.engine import ask


async def vector_of(
    client: AsyncOpenSearch, alias: str, listing_id: int, *, seconds: float
) -> tuple[float, ...] | None:
    """Embedding of a listing in the index behind an alias; None where it has none there.

    Raises
    ------
    SearchUnavailable
        The index does not answer in time, refuses, or does not exist yet.
    """
    body = {"size": 1, "query": {"ids": {"values": [document_id(listing_id)]}}, "_source": ["vector"]}
    hits = (await ask(client, alias, body, seconds=seconds))["hits"]["hits"]
    vector = hits[0]["_source"].get("vector") if hits else None
    return None if vector is None else tuple(map(float, vector))
