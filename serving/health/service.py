"""Ask the parts that the service leans on how they are."""

from __future__ import annotations

import asyncio
from math import nan

from opensearchpy.exceptions import NotFoundError, OpenSearchException
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from serving.health.schemas import Dependency, DependencyState
from serving.models import PRICER, RANKER
from serving.relay.service import SINK
from serving.search.budget import within
from serving.state import Services
from transactional.outbox.repository import lag

PATIENCE_SECONDS = 2.0


async def check_postgresql(services: Services) -> Dependency:
    """Whether PostgreSQL answers and has the schema."""
    try:
        count = await within(PATIENCE_SECONDS, _count_markets(services))
    except (SQLAlchemyError, TimeoutError, OSError) as error:
        return Dependency(name="postgresql", state=DependencyState.DOWN, detail=type(error).__name__)
    return Dependency(name="postgresql", state=DependencyState.UP, detail=f"{count} markets")


async def check_opensearch(services: Services) -> Dependency:
    """Whether OpenSearch answers and has the index."""
    name = "opensearch"
    if services.opensearch is None:
        return Dependency(name=name, state=DependencyState.DOWN, detail="no address is known")
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            counted = await services.opensearch.count(index=services.settings.index_alias)
    except NotFoundError:
        return Dependency(name=name, state=DependencyState.DEGRADED, detail="there is no index yet")
    except (OpenSearchException, TimeoutError, OSError) as error:
        return Dependency(name=name, state=DependencyState.DOWN, detail=type(error).__name__)
    return Dependency(name=name, state=DependencyState.UP, detail=f"{counted['count']} documents")


async def outbox_lag(services: Services) -> float:
    """How many changes the relay has still to bring to the index; NaN where PostgreSQL does not say."""
    try:
        return await within(PATIENCE_SECONDS, _lag(services))
    except (SQLAlchemyError, TimeoutError, OSError):
        return nan


async def _count_markets(services: Services) -> int:
    async with services.sessions() as session:
        return int((await session.execute(text("SELECT count(*) FROM markets"))).scalar_one())


async def _lag(services: Services) -> float:
    async with services.sessions() as session:
        return float(await lag(session, SINK))


def check_columns(services: Services) -> list[Dependency]:
    """Which columns answer searches; none where the settings leave them out."""
    if not services.settings.search_columns:
        return []
    state = DependencyState.UP if services.columns.is_newest else DependencyState.DEGRADED
    return [Dependency(name="search columns", state=state, detail=services.columns.state)]


def check_models(services: Services) -> list[Dependency]:
    """Which models and listing columns are in memory."""
    models = services.models.current
    up, degraded = DependencyState.UP, DependencyState.DEGRADED
    embedder = None if models.embedder is None else models.embedder.model
    return [
        Dependency(
            name="ranking model",
            state=degraded if RANKER in models.awaited else up,
            detail=models.ranker.name,
        ),
        Dependency(
            name="pricing models",
            state=degraded if PRICER in models.awaited else up,
            detail=models.pricer.name,
        ),
        Dependency(
            name="listing features",
            state=up if len(models.columns) else degraded,
            detail=f"{len(models.columns)} listings",
        ),
        Dependency(
            name="embeddings",
            state=up if embedder is not None and embedder == models.index_model else degraded,
            detail=f"{embedder or 'none'} here, {models.index_model or 'none'} in the index",
        ),
    ]
