"""The application on real services, and callers of every role."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.ext.asyncio import AsyncSession

from lodestay.clock import FixedClock
from lodestay.settings import Environment, Settings
from serving.app import create_app
from serving.auth import mint
from tests.serving.marketplace import Marketplace, create_marketplace
from transactional.users.actors import Actor

SECRET = "a signing key that only tests know, and long enough"

Headers = dict[str, str]


@pytest.fixture
async def marketplace(session: AsyncSession) -> Marketplace:
    """A small marketplace in the test's own database."""
    return await create_marketplace(session)


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    """Settings of an application on the test's own database, without OpenSearch and MLflow."""
    return Settings(
        environment=Environment.TEST,
        home=tmp_path,
        database_url=database_url,
        token_secret=SECRET,
        masking_secret=SECRET,
    )


@pytest.fixture
def client(settings: Settings, clock: FixedClock, marketplace: Marketplace) -> Iterator[TestClient]:
    """A client of the running application."""
    with TestClient(create_app(settings, clock)) as client:
        yield client


@pytest.fixture
def signed_in(clock: FixedClock) -> Callable[[Actor], Headers]:
    """Headers of a caller, with a fresh idempotency key."""

    def headers(actor: Actor) -> Headers:
        token = mint(actor, key=SECRET, clock=clock, lifetime=timedelta(hours=1))
        return {"Authorization": f"Bearer {token}", "Idempotency-Key": str(uuid4())}

    return headers
