"""What one web process holds from its start to its end."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypedDict

from opensearchpy import AsyncOpenSearch
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from lodestay.clock import Clock
from lodestay.settings import Settings
from serving.observability.metrics import Metrics
from transactional.kit.database import create_engine, session_factory

POOL_SIZE = 8
LOCK_TIMEOUT_MS = 2_000


@dataclass(frozen=True)
class Services:
    """Everything an endpoint may need that is not part of its request.

    Attributes
    ----------
    signing_key
        Key of access tokens.
    opensearch
        None where no address is known: search then answers from PostgreSQL.
    """

    settings: Settings
    clock: Clock
    signing_key: str
    metrics: Metrics
    sessions: async_sessionmaker[AsyncSession]
    opensearch: AsyncOpenSearch | None


class State(TypedDict):
    """What the lifespan gives to each request's `state`."""

    services: Services


@asynccontextmanager
async def open_services(settings: Settings, clock: Clock, metrics: Metrics) -> AsyncIterator[Services]:
    """Open every connection, and close them in the end; none of them needs to answer yet."""
    engine = create_engine(settings.require_database_url(), pool_size=POOL_SIZE, lock_timeout_ms=LOCK_TIMEOUT_MS)
    opensearch = open_opensearch(settings)
    try:
        yield Services(
            settings=settings,
            clock=clock,
            signing_key=settings.signing_key(),
            metrics=metrics,
            sessions=session_factory(engine),
            opensearch=opensearch,
        )
    finally:
        if opensearch is not None:
            await opensearch.close()
        await engine.dispose()


def open_opensearch(settings: Settings) -> AsyncOpenSearch | None:
    """A client that gives up after the time a search has and never tries twice: the fallback is quicker."""
    if settings.opensearch_url is None:
        return None
    return AsyncOpenSearch(
        hosts=[settings.require_opensearch_url()], timeout=settings.search_timeout_ms / 1000, max_retries=0
    )
