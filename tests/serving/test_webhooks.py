"""Messages of the payment processor over HTTP."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from fastapi.testclient import TestClient
from sqlalchemy.ext.asyncio import AsyncSession

from lodestay.clock import FixedClock
from lodestay.ids import new_id
from serving.observability.middleware import MAX_BODY_BYTES
from tests.serving.conftest import SECRET
from tests.serving.marketplace import Marketplace
from tests.serving.test_bookings import SignIn, hold
from tests.transactional.webhooks.messages import play, signed
from tests.transactional.webhooks.test_service import create_payment
from transactional.payments import repository as payments
from transactional.webhooks import service
from transactional.webhooks.rules import HEADER

PATH = "/v1/webhooks/processor"


def send(client: TestClient, clock: FixedClock, message: dict[str, Any], *, key: str = SECRET) -> Any:
    """Send a message as the processor would."""
    body, signature = signed(message, clock, key=key)
    return client.post(PATH, content=body, headers={HEADER: signature, "Content-Type": "application/json"})


@pytest.fixture
async def payment_id(
    client: TestClient, marketplace: Marketplace, signed_in: SignIn, session: AsyncSession, clock: FixedClock
) -> UUID:
    """A payment of a hundred euros that the processor has been asked for."""
    held = hold(client, signed_in, marketplace.guest, marketplace.loft)
    number = new_id()
    await create_payment(session, clock, UUID(held["booking_id"]), number)
    await session.commit()
    return number


async def test_a_message_is_taken_as_often_as_it_comes(
    client: TestClient, clock: FixedClock, session: AsyncSession, payment_id: UUID
) -> None:
    """Status 200 each time, in the wrong order too; the payment is what the last of them says."""
    played = play(clock, ["pm_ok", "capture"], payment_id=payment_id)
    for message in [*reversed(played.messages), *played.messages]:
        answer = send(client, clock, message)
        assert (answer.status_code, answer.json()) == (200, {"message_id": message["id"], "status": "applied"})
    payment = await payments.get(session, payment_id)
    assert (payment.status, payment.captured_minor) == ("captured", 9_000)


async def test_a_message_about_nothing_known_is_kept(
    client: TestClient, clock: FixedClock, marketplace: Marketplace
) -> None:
    """It is answered with success, so that the processor need not send it for days, and it is not dropped."""
    (message,) = play(clock, ["pm_ok"], payment_id=new_id()).messages
    for _ in range(2):
        assert send(client, clock, message).json()["status"] == "parked"


def test_nobody_else_can_tell_of_payments(client: TestClient, clock: FixedClock) -> None:
    """Another key, no signature, an old one, a changed body: each is a 403 of its own type, and nothing is kept."""
    (message,) = play(clock, ["pm_ok"], payment_id=new_id()).messages
    body, old = signed(message, clock, key=SECRET)
    clock.advance(timedelta(minutes=6))
    answers = [
        client.post(PATH, content=body, headers={HEADER: old}),
        send(client, clock, message, key="somebody else's secret"),
        client.post(PATH, content=body),
        client.post(PATH, content=body + b" ", headers={HEADER: signed(message, clock, key=SECRET)[1]}),
    ]
    for answer in answers:
        assert (answer.status_code, answer.json()["type"]) == (403, "/problems/invalid-webhook-signature")
        assert "WWW-Authenticate" not in answer.headers
    assert client.get("/problems/invalid-webhook-signature").status_code == 200


def test_what_the_processor_signs_must_be_readable(client: TestClient, clock: FixedClock) -> None:
    """A signed message of another form is a 422 of its own type; a huge one is not read at all."""
    answer = send(client, clock, {"id": "msg_1"})
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/unreadable-webhook")
    assert send(client, clock, {"id": "x" * MAX_BODY_BYTES}).status_code == 413


async def test_a_message_in_a_crowd_is_kept_for_later(
    client: TestClient, clock: FixedClock, session: AsyncSession, payment_id: UUID, database_url: str
) -> None:
    """While somebody has the payment locked, the message is kept and answered; the worker applies it."""
    (message,) = play(clock, ["pm_ok"], payment_id=payment_id).messages
    with psycopg.connect(database_url) as other:
        other.execute("SELECT FROM payments WHERE payment_id = %s FOR UPDATE", [payment_id])
        answer = send(client, clock, message)
        assert (answer.status_code, answer.json()["status"]) == (200, "new")
    assert await service.apply_waiting(session, clock, limit=10) == 1
    assert (await payments.get(session, payment_id)).status == "authorised"
