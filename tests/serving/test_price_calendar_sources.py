"""Who counts the days of a price calendar, and how long it may take."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, contextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from lodestay.errors import ServiceUnavailable
from serving.price_calendars import service
from serving.search.retrieval import BEHIND
from tests.serving.virtual_time import run


class Days:
    """Columns that count nothing, and say that they were asked."""

    def __init__(self) -> None:
        self.asked = 0

    async def price_days(self, *_: Any, **__: Any) -> tuple[()]:
        """Count."""
        self.asked += 1
        return ()


def services(*, engine: Days | None, late_engine: Days | None) -> Any:
    """What the service is given."""

    @contextmanager
    def step(*_: Any, **__: Any) -> Any:
        yield

    @asynccontextmanager
    async def place() -> Any:
        yield

    return SimpleNamespace(
        columns=SimpleNamespace(engine=engine, late_engine=late_engine),
        guards=SimpleNamespace(allowance=SimpleNamespace(whole=0.8), reading=SimpleNamespace(place=place)),
        metrics=SimpleNamespace(step=step),
        sessions=place,
        clock=None,
    )


def asked(given: Any) -> Any:
    """Ask for the days of a calendar, and how long it took."""

    async def ask() -> Any:
        began = asyncio.get_running_loop().time()
        try:
            found: Any = await service._price_days(given, None, (), today=None)  # type: ignore[arg-type]
        except ServiceUnavailable as refusal:
            found = refusal
        return found, asyncio.get_running_loop().time() - began

    return run(ask())[0]


def test_columns_that_have_fallen_behind_count_and_say_so() -> None:
    """PostgreSQL is not asked for what columns some seconds old can count; fresh ones say nothing."""
    assert asked(services(engine=Days(), late_engine=Days())) == (((), []), 0.0)
    late = Days()
    assert asked(services(engine=None, late_engine=late)) == (((), [BEHIND]), 0.0)
    assert late.asked == 1


def test_a_database_that_hangs_is_a_refusal_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without columns PostgreSQL is asked, for as long as a search may take and no longer."""

    async def never(*_: Any, **__: Any) -> Any:
        await asyncio.sleep(60)

    monkeypatch.setattr(service, "price_days_database", never)
    refusal, seconds = asked(services(engine=None, late_engine=None))
    assert isinstance(refusal, ServiceUnavailable)
    assert seconds == pytest.approx(0.8)
