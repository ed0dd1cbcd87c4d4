"""A marketplace in a real index, once a session."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from opensearchpy import AsyncOpenSearch, OpenSearch

from search.engine import OpenSearchEngine, connect
from search.fallback import Supply
from search.index import create_index, finish_loading, load_documents, put_in_service
from tests.search.marketplace import DIMENSION, MODEL, documents_of, random_supply

BUILT_AT = datetime(2026, 6, 15, 4, tzinfo=UTC)


@dataclass(frozen=True)
class IndexedMarketplace:
    """A random marketplace, and the alias under which it can be searched."""

    supply: Supply
    documents: list[dict[str, Any]]
    alias: str


@pytest.fixture(scope="session")
def opensearch(opensearch_url: str) -> Iterator[OpenSearch]:
    """Client for builds."""
    client = OpenSearch(hosts=[opensearch_url], timeout=60)
    yield client
    client.close()


@pytest.fixture(scope="session")
def marketplace(opensearch: OpenSearch, worker_id: str) -> Iterator[IndexedMarketplace]:
    """Four hundred random listings in service; read-only for tests."""
    rng = np.random.default_rng(20260615)
    supply = random_supply(rng, listings=400)
    documents = documents_of(supply, rng)
    alias = f"marketplace-{worker_id}"
    index = create_index(opensearch, alias, dimension=DIMENSION, model=MODEL, built_at=BUILT_AT)
    load_documents(opensearch, index, documents)
    finish_loading(opensearch, index)
    put_in_service(opensearch, alias, index)
    yield IndexedMarketplace(supply, documents, alias)
    opensearch.indices.delete(index=index)


@pytest.fixture
async def async_client(opensearch_url: str) -> AsyncIterator[AsyncOpenSearch]:
    """Client for searches and live updates."""
    client = connect(opensearch_url)
    yield client
    await client.close()


@pytest.fixture
def searches(async_client: AsyncOpenSearch, marketplace: IndexedMarketplace) -> OpenSearchEngine:
    """The engine over the marketplace."""
    return OpenSearchEngine(async_client, alias=marketplace.alias, timeout_ms=20_000)
