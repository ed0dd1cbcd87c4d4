"""The application on real services, and callers of every role."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient
from opensearchpy import OpenSearch
from pydantic import HttpUrl
from sqlalchemy.ext.asyncio import AsyncSession

from lodestay.clock import FixedClock
from lodestay.settings import Environment, Settings
from ml.embeddings.gateway import Embedder, make_embedder
from search.places import Place
from serving.app import create_app
from serving.auth import mint
from tests.serving.indexing import build_index
from tests.serving.marketplace import Marketplace, create_marketplace
from tests.transactional.payments.fake_gateway import FakeGateway
from transactional.users.actors import Actor

SECRET = "a signing key that only tests know, and long enough"

Headers = dict[str, str]


def no_cities() -> tuple[Place, ...]:
    """The world without its cities, whose names take a second to read."""
    return ()


@pytest.fixture
async def marketplace(session: AsyncSession) -> Marketplace:
    """A small marketplace in the test's own database."""
    return await create_marketplace(session)


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    """Settings of an application on the test's own database, without OpenSearch and MLflow; patient."""
    return Settings(
        environment=Environment.TEST,
        home=tmp_path,
        database_url=database_url,
        token_secret=SECRET,
        masking_secret=SECRET,
        webhook_secret=SECRET,
        search_timeout_ms=10_000,
    )


@pytest.fixture
def processor() -> FakeGateway:
    """The payment processor of the application, in memory."""
    return FakeGateway()


@pytest.fixture
def client(
    settings: Settings, clock: FixedClock, marketplace: Marketplace, processor: FakeGateway
) -> Iterator[TestClient]:
    """A client of the running application."""
    with TestClient(create_app(settings, clock, no_cities, gateway=processor)) as client:
        yield client


@pytest.fixture(scope="session")
def embedder() -> Embedder:
    """The default embedding model, loaded once."""
    return make_embedder(Settings().embedding_model)


@pytest.fixture
def opensearch(opensearch_url: str) -> Iterator[OpenSearch]:
    """A client for building indices."""
    with OpenSearch(hosts=[opensearch_url], timeout=60) as client:
        yield client


@pytest.fixture
async def index_alias(
    session: AsyncSession, marketplace: Marketplace, opensearch: OpenSearch, clock: FixedClock, embedder: Embedder
) -> AsyncIterator[str]:
    """Alias of an index that holds the marketplace."""
    alias = f"serving-{uuid4().hex[:12]}"
    index = await build_index(session, opensearch, alias, clock=clock, embedder=embedder)
    yield alias
    opensearch.indices.delete(index=index)


@pytest.fixture
def searching(settings: Settings, clock: FixedClock, opensearch_url: str, index_alias: str) -> Iterator[TestClient]:
    """A client of an application with the index; patient, since the machine may be busy."""
    known = {"opensearch_url": HttpUrl(opensearch_url), "index_alias": index_alias, "search_timeout_ms": 10_000}
    with TestClient(create_app(settings.model_copy(update=known), clock, no_cities)) as client:
        yield client


@pytest.fixture
def signed_in(clock: FixedClock) -> Callable[[Actor], Headers]:
    """Headers of a caller, with a fresh idempotency key."""

    def headers(actor: Actor) -> Headers:
        token = mint(actor, key=SECRET, clock=clock, lifetime=timedelta(hours=1))
        return {"Authorization": f"Bearer {token}", "Idempotency-Key": str(uuid4())}

    return headers
