"""The world of a saga."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from lodestay.clock import FixedClock
from tests.transactional.sagas.harness import World
from transactional.kit.database import create_engine, session_factory


@pytest.fixture
async def world(database_url: str, clock: FixedClock) -> AsyncIterator[World]:
    """Sessions as production opens them, on the test's own database."""
    engine = create_engine(database_url, pool_size=4, lock_timeout_ms=5_000)
    yield World(engine, session_factory(engine), clock)
    await engine.dispose()
