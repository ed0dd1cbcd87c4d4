"""A world whose sagas really modify bookings."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import cast

import pytest

from lodestay.clock import FixedClock
from tests.transactional.sagas.harness import Stub, World
from transactional.kit.database import create_engine, session_factory
from transactional.modifications import applying


@pytest.fixture
async def world(database_url: str, clock: FixedClock) -> AsyncIterator[World]:
    """Sessions as production opens them, a processor in memory, a clock."""
    engine = create_engine(database_url, pool_size=4, lock_timeout_ms=5_000)
    yield World(engine, session_factory(engine), clock, modifications=cast("Stub", applying))
    await engine.dispose()
