"""`lodestay sagas`: what is stuck, why, since when and what to do; and trying it again."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from typer.testing import CliRunner

from lodestay.clock import Clock, FixedClock, SystemClock
from lodestay.ids import new_id
from lodestay.settings import get_settings
from tests.transactional.factories import create_hold, create_listing, create_user
from transactional.kit.reaching import opened
from transactional.sagas import repository, service
from transactional.sagas.checkout import pay
from transactional.sagas.cli import app
from transactional.sagas.errors import SagaNotFound

MINUTE = timedelta(minutes=1)


@pytest.fixture
def run(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[CliRunner]:
    """A command line whose settings name the test's database."""
    monkeypatch.setenv("LODESTAY_DATABASE_URL", database_url)
    get_settings.cache_clear()
    yield CliRunner()
    get_settings.cache_clear()


async def leave_stuck(database_url: str, clock: Clock) -> str:
    """A saga whose refund was refused, and a payment that has just begun; the number of the first."""
    async with opened(database_url, lock_timeout_ms=5_000) as sessions:
        async with sessions.begin() as session:
            listing, guest = await create_listing(session), await create_user(session)
            booking = await create_hold(session, clock, listing_id=listing.listing_id, guest_id=guest.user_id)
            saga_id = await pay(session, clock, booking.booking_id, payment_method="pm_ok")
            listing = await create_listing(session)
            other = await create_hold(session, clock, listing_id=listing.listing_id, guest_id=guest.user_id)
            await pay(session, clock, other.booking_id, payment_method="pm_ok")
        async with sessions.begin() as session:
            (saga,) = await service.claim_due(session, clock, limit=1, booking_id=booking.booking_id)
            later = clock.now() + MINUTE
            await repository.move(
                session,
                saga,
                now=clock.now(),
                status="stuck",
                step="undo_capture",
                attempts=10,
                error="refund_declined",
                lease=None,
                next_attempt_at=later,
            )
    return str(saga_id)


def listed(run: CliRunner, *arguments: str) -> list[dict[str, Any]]:
    """What `lodestay sagas` prints for programs."""
    result = run.invoke(app, ["sagas", "--json", *arguments], catch_exceptions=False)
    return list(json.loads(result.stdout))


def test_stuck_sagas_come_first_with_their_reason_and_what_to_do(
    run: CliRunner, database_url: str, clock: FixedClock
) -> None:
    """Age, step, error and advice, for a program and for a person."""
    stuck = asyncio.run(leave_stuck(database_url, clock))
    first, second = listed(run)
    assert (first["saga_id"], first["status"], first["error"]) == (stuck, "stuck", "refund_declined")
    assert "pay the guest back another way" in first["advice"]
    assert (second["status"], second["advice"]) == ("running", "Nothing to do: it is under way.")
    assert [saga["saga_id"] for saga in listed(run, "--stuck")] == [stuck]
    shown = run.invoke(app, ["sagas"], catch_exceptions=False).stdout
    assert "refund_declined" in shown
    assert f"payment of booking {first['reference']}, at undo_capture" in shown
    assert f"lodestay sagas retry {stuck}" in shown


def test_without_any_saga_that_is_said(run: CliRunner) -> None:
    """Programs get an empty list."""
    assert listed(run) == []
    assert "No saga is stuck." in run.invoke(app, ["sagas", "--stuck"], catch_exceptions=False).stdout


def test_a_stuck_saga_is_tried_again_when_somebody_says_so(
    run: CliRunner, database_url: str, clock: FixedClock
) -> None:
    """It is due at once, with all its attempts before it."""
    stuck = asyncio.run(leave_stuck(database_url, clock))
    result = run.invoke(app, ["sagas", "retry", stuck, "--json"], catch_exceptions=False)
    assert json.loads(result.stdout) == {"saga_id": stuck, "retried": True}
    retried = listed(run)[0]
    assert retried["attempts"] == 0
    assert retried["next_attempt_at"] <= SystemClock().now().isoformat()


def test_a_saga_that_is_not_there_is_named(run: CliRunner) -> None:
    """So is one that is over."""
    result = run.invoke(app, ["sagas", "retry", str(new_id())])
    assert isinstance(result.exception, SagaNotFound)
