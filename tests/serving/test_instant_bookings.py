"""A stay booked in one call over HTTP: quote, signature and the processor's receipt."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from lodestay.clock import FixedClock
from lodestay.settings import Settings
from simulation.processor.signing import sign_receipt
from tests.serving.marketplace import Marketplace
from tests.serving.test_bookings import SignIn, chosen, quote

PATH = "/v1/instant-bookings"
Paid = Callable[..., dict[str, str]]


@pytest.fixture
def paid(settings: Settings, clock: FixedClock) -> Paid:
    """Bodies that book a quote, with a receipt of exactly its charge where nothing else is said."""

    def body(quoted: Any, **receipt: Any) -> dict[str, str]:
        charge, quote_id = quoted.json()["charge_total"], quoted.json()["quote_id"]
        facts = {
            "processor_id": f"auth_{quote_id}",
            "amount_minor": charge["minor"],
            "currency": charge["currency"],
            "reference": quote_id,
            "expires_at": int((clock.now() + timedelta(hours=1)).timestamp()),
        }
        return chosen(quoted) | {"receipt": sign_receipt(settings.webhook_key(), facts | receipt)}

    return body


def test_a_quote_is_booked_in_one_call_and_once(
    client: TestClient, marketplace: Marketplace, signed_in: SignIn, paid: Paid
) -> None:
    """Confirmed at once; the same call again is answered again; the nights are nobody else's any more."""
    body = paid(quote(client, signed_in(marketplace.guest), marketplace.loft))
    headers = signed_in(marketplace.guest)
    first, again = (client.post(PATH, headers=headers, json=body) for _ in range(2))
    assert (first.status_code, first.json()["status"]) == (201, "confirmed"), first.text
    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["Idempotency-Replayed"] == "true"
    assert quote(client, signed_in(marketplace.other_guest), marketplace.loft).status_code == 409
    history = client.get(f"/v1/bookings/{first.json()['booking_id']}/history", headers=signed_in(marketplace.host))
    assert [event["kind"] for event in history.json()["events"]] == ["confirmed"]


@pytest.mark.parametrize(
    "receipt", [{"amount_minor": 1}, {"currency": "USD"}, {"reference": "another"}, {"expires_at": 1}]
)
def test_a_receipt_of_something_else_books_nothing(
    client: TestClient, marketplace: Marketplace, signed_in: SignIn, paid: Paid, receipt: dict[str, Any]
) -> None:
    """Of another amount, currency or quote, or too old: refused by name, and nothing is written."""
    body = paid(quote(client, signed_in(marketplace.guest), marketplace.loft), **receipt)
    refused = client.post(PATH, headers=signed_in(marketplace.guest), json=body)
    assert (refused.status_code, refused.json()["type"]) == (422, "/problems/invalid-receipt")
    assert client.get("/v1/bookings", headers=signed_in(marketplace.guest)).json()["items"] == []


def test_another_guests_quote_does_not_exist(
    client: TestClient, marketplace: Marketplace, signed_in: SignIn, paid: Paid
) -> None:
    """Whoever gets hold of a quote's number, signature and receipt cannot book with them."""
    body = paid(quote(client, signed_in(marketplace.guest), marketplace.loft))
    refused = client.post(PATH, headers=signed_in(marketplace.other_guest), json=body)
    assert (refused.status_code, refused.json()["type"]) == (404, "/problems/quote-not-found")


def test_the_second_of_two_learns_which_nights_are_taken(
    client: TestClient, marketplace: Marketplace, signed_in: SignIn, paid: Paid
) -> None:
    """Two guests with good quotes and receipts for the same nights: one has them, the other is told."""
    bodies = {
        guest: paid(quote(client, signed_in(guest), marketplace.loft))
        for guest in (marketplace.guest, marketplace.other_guest)
    }
    answers = [client.post(PATH, headers=signed_in(guest), json=body) for guest, body in bodies.items()]
    assert [answer.status_code for answer in answers] == [201, 409]
    assert answers[1].json()["rule"] == "nights_taken"
    assert answers[1].headers["Content-Type"] == "application/problem+json"
