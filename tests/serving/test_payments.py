"""Paying for a booking over HTTP: what a guest is answered, and that a call sent again never pays twice."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient

from lodestay.clock import FixedClock
from lodestay.settings import Settings
from serving.app import create_app
from serving.payments import PaymentDesk
from tests.serving.conftest import no_cities
from tests.serving.marketplace import Marketplace
from tests.serving.test_bookings import SignIn, hold
from tests.transactional.payments.fake_gateway import FakeGateway, Fault
from transactional.sagas.records import SagaRecord
from transactional.sagas.service import claim_due


def confirm(client: TestClient, headers: dict[str, str], booking: Any, method: str = "pm_ok") -> Any:
    """Pay for a held booking."""
    path = f"/v1/bookings/{booking['booking_id']}/confirm"
    return client.post(path, headers=headers, json={"payment_method": method})


def test_a_paid_booking_shows_its_payment_to_its_guest_alone(
    client: TestClient, marketplace: Marketplace, signed_in: SignIn, processor: FakeGateway
) -> None:
    """Confirmed and charged once, at the price quoted; the host sees the booking without the payment."""
    held = hold(client, signed_in, marketplace.guest, marketplace.loft)
    path = f"/v1/bookings/{held['booking_id']}"
    assert client.get(path, headers=signed_in(marketplace.guest)).json()["payment"] is None
    paid = confirm(client, signed_in(marketplace.guest), held)
    assert (paid.status_code, paid.json()["status"]) == (200, "confirmed")
    assert (paid.json()["payment"]["status"], paid.json()["payment"]["amount"]) == ("paid", held["charge"])
    assert processor.charged(held["booking_id"]) == held["charge"]["minor"]
    assert client.get(path, headers=signed_in(marketplace.guest)).json() == paid.json()
    assert client.get(path, headers=signed_in(marketplace.host)).json()["payment"] is None


def test_a_declined_guest_is_told_why_and_pays_with_another_method(
    client: TestClient, marketplace: Marketplace, signed_in: SignIn, processor: FakeGateway
) -> None:
    """The refusal is a problem with the processor's reason; the hold stands for a second try."""
    held = hold(client, signed_in, marketplace.guest, marketplace.loft)
    headers = signed_in(marketplace.guest)
    for _ in range(2):  # the same call tells the same
        refused = confirm(client, headers, held, "pm_insufficient_funds")
        assert (refused.status_code, refused.json()["type"]) == (409, "/problems/payment-declined")
        assert refused.json()["reason"] == "insufficient_funds"
    shown = client.get(f"/v1/bookings/{held['booking_id']}", headers=signed_in(marketplace.guest)).json()
    assert (shown["status"], shown["payment"]["status"]) == ("held", "declined")
    assert confirm(client, signed_in(marketplace.guest), held).status_code == 200
    assert len(processor.of(held["booking_id"])) == 2
    assert processor.charged(held["booking_id"]) == held["charge"]["minor"]


def test_a_cardholder_who_must_confirm_is_told_where(
    client: TestClient, marketplace: Marketplace, signed_in: SignIn, processor: FakeGateway
) -> None:
    """202 with the address; a second payment meanwhile is refused; the same call tells the end."""
    held = hold(client, signed_in, marketplace.guest, marketplace.loft)
    headers = signed_in(marketplace.guest)
    waiting = confirm(client, headers, held, "pm_3ds")
    assert (waiting.status_code, waiting.json()["status"]) == (202, "held")
    assert waiting.json()["payment"]["status"] == "action_required"
    assert waiting.json()["payment"]["action_url"].endswith("/confirm")
    second = confirm(client, signed_in(marketplace.guest), held)
    assert (second.status_code, second.json()["type"]) == (409, "/problems/payment-under-way")
    again = confirm(client, headers, held, "pm_3ds")
    assert (again.status_code, again.headers["Idempotency-Replayed"]) == (202, "true")
    assert len(processor.of(held["booking_id"])) == 1


def test_a_worker_that_looks_in_between_takes_no_payment_that_a_guest_waits_for(
    client: TestClient, marketplace: Marketplace, signed_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A round of the worker right after the payment is begun finds nothing due, and the guest is answered the end."""
    held = hold(client, signed_in, marketplace.guest, marketplace.loft)
    found: list[SagaRecord] = []
    advance = PaymentDesk.advance

    async def after_a_round(desk: PaymentDesk, booking_id: UUID, **options: Any) -> None:
        async with desk.sessions.begin() as session:
            found.extend(await claim_due(session, desk.clock, limit=8))
        await advance(desk, booking_id, **options)

    monkeypatch.setattr(PaymentDesk, "advance", after_a_round)
    paid = confirm(client, signed_in(marketplace.guest), held)
    assert (paid.status_code, paid.json()["status"], found) == (200, "confirmed", [])


def test_a_silent_processor_leaves_the_payment_under_way(
    client: TestClient, marketplace: Marketplace, signed_in: SignIn, processor: FakeGateway
) -> None:
    """Nobody knows whether it happened: 202, and the worker goes on."""
    held = hold(client, signed_in, marketplace.guest, marketplace.loft)
    processor.fail_next("authorise", Fault.TIMEOUT_AFTER)
    waiting = confirm(client, signed_in(marketplace.guest), held)
    assert (waiting.status_code, waiting.json()["payment"]["status"]) == (202, "processing")


def test_what_cannot_be_captured_is_given_back(
    client: TestClient, marketplace: Marketplace, signed_in: SignIn, processor: FakeGateway
) -> None:
    """The booking that was confirmed for a moment is cancelled by the platform; nothing is charged."""
    held = hold(client, signed_in, marketplace.guest, marketplace.loft)
    processor.fail_next("capture", Fault.DECLINE)
    refused = confirm(client, signed_in(marketplace.guest), held)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/payment-given-back")
    shown = client.get(f"/v1/bookings/{held['booking_id']}", headers=signed_in(marketplace.guest)).json()
    assert (shown["status"], shown["cancelled_by"], shown["payment"]["status"]) == ("cancelled", "platform", "released")
    assert processor.charged(held["booking_id"]) == 0


@pytest.fixture
def without_processor(settings: Settings, clock: FixedClock, marketplace: Marketplace) -> Iterator[TestClient]:
    """A client of an application that knows no processor."""
    with TestClient(create_app(settings, clock, no_cities)) as client:
        yield client


def test_without_a_processor_a_payment_waits(
    without_processor: TestClient, marketplace: Marketplace, signed_in: SignIn
) -> None:
    """It is no fault of the guest's: 202, until one is known or the deadline passes."""
    held = hold(without_processor, signed_in, marketplace.guest, marketplace.loft)
    assert confirm(without_processor, signed_in(marketplace.guest), held).status_code == 202


def test_a_request_that_is_accepted_is_paid_as_its_guest_said(
    client: TestClient, marketplace: Marketplace, signed_in: SignIn
) -> None:
    """Accepting begins the payment: another one would be a second."""
    quoted = client.post(
        "/v1/quotes",
        headers=signed_in(marketplace.guest),
        json={"listing_id": marketplace.loft, "check_in": "2026-06-25", "check_out": "2026-06-28", "guests": 2},
    ).json()
    wish = {name: quoted[name] for name in ("quote_id", "signature")} | {"payment_method": "pm_ok"}
    asked = client.post("/v1/booking-requests", headers=signed_in(marketplace.guest), json=wish).json()
    path = f"/v1/booking-requests/{asked['booking_id']}/accept"
    assert client.post(path, headers=signed_in(marketplace.host)).status_code == 200
    second = confirm(client, signed_in(marketplace.guest), asked)
    assert (second.status_code, second.json()["type"]) == (409, "/problems/payment-under-way")
